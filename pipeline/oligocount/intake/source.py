"""Where bytes come from: a folder, one file, or a zip archive that is read in place.

A file inside an archive is named by the archive's path with the member's name behind it, so
that paths stay plain values; `Sources.opened` understands both. Nothing is unpacked or written.
"""

import os
import stat
import threading
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Self

from oligocount.errors import InputError
from oligocount.settings import ArchiveLimits

_SYMBOLIC_LINK = stat.S_IFLNK
_ENCRYPTED = 0x1
BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)


def list_files(input_path: Path, limits: ArchiveLimits) -> tuple[Path, ...]:
    """Every regular file below a folder, archives looked into, in an order that never varies.

    Raises InputError when the place does not exist, holds nothing, or an archive is not safe.
    """
    if not input_path.exists():
        raise InputError(f"{input_path}: no such file or folder")
    if input_path.is_dir():
        found = [file for file in _below(input_path) if file.is_file()]
    elif input_path.name.upper() == "DICOMDIR":
        found = [file for file in _below(input_path.parent) if file.is_file()]
    else:
        found = [input_path]
    files = [
        each
        for file in found
        for each in _looked_into(file, limits, is_asked_for=file == input_path)
    ]
    if not files:
        raise InputError(
            f"{input_path}: the folder is empty; expected DICOM files"
            " (links to folders below it are not followed)"
        )
    return tuple(files)


class Sources:
    """Opens files for reading; each archive is opened once, until the block ends."""

    def __init__(self) -> None:
        self._archives: dict[Path, zipfile.ZipFile] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for archive in self._archives.values():
            archive.close()

    def opened(self, file: Path) -> tuple[IO[bytes], int]:
        """The file, open for reading bytes, and its size.

        Raises InputError when it cannot be opened.
        """
        try:
            stream = file.open("rb", buffering=0)
        except NotADirectoryError:
            return self._opened_member(file)
        except OSError as error:
            raise InputError(f"{file}: cannot be opened: {error.strerror}") from error
        return stream, os.fstat(stream.fileno()).st_size

    def _opened_member(self, file: Path) -> tuple[IO[bytes], int]:
        place = next(parent for parent in file.parents if parent.is_file())
        try:
            with self._lock:
                if place not in self._archives:
                    self._archives[place] = zipfile.ZipFile(place)
            archive = self._archives[place]
            member = archive.getinfo(file.relative_to(place).as_posix())
            return archive.open(member), member.file_size
        except (OSError, KeyError, *BROKEN_ARCHIVE) as error:
            raise InputError(f"{file}: cannot be read from its archive: {error}") from error


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=_refuse_unlisted):
        folders.sort()
        for name in sorted(names):
            yield Path(place, name)


def _refuse_unlisted(error: OSError) -> None:
    """A folder that cannot be listed may hold slices: it is never skipped in silence."""
    raise InputError(f"{error.filename}: cannot be listed: {error.strerror}") from error


def _looked_into(file: Path, limits: ArchiveLimits, *, is_asked_for: bool) -> list[Path]:
    if file.suffix.lower() != ".zip" and not (is_asked_for and zipfile.is_zipfile(file)):
        return [file]
    try:
        with zipfile.ZipFile(file) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
    except (OSError, ValueError, *BROKEN_ARCHIVE) as error:
        raise InputError(f"{file}: cannot be read as a zip archive: {error}") from error
    for member in members:
        _refuse_unsafe(file, member)
    _refuse_bomb(file, members, limits)
    return sorted(file / member.filename for member in members)


def _refuse_unsafe(file: Path, member: zipfile.ZipInfo) -> None:
    parts = PurePosixPath(member.filename.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        raise InputError(f"{file}: refused, a member's name leads out of the archive")
    if stat.S_IFMT(member.external_attr >> 16) == _SYMBOLIC_LINK:
        raise InputError(f"{file}: refused, a member is a symbolic link")
    if member.flag_bits & _ENCRYPTED:
        raise InputError(f"{file}: refused, members are encrypted; unpack it first")


def _refuse_bomb(file: Path, members: list[zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    unpacked = sum(member.file_size for member in members)
    packed = max(file.stat().st_size, 1)
    if len(members) > limits.max_members:
        raise InputError(
            f"{file}: refused, {len(members)} members; at most {limits.max_members} are read"
        )
    if unpacked > limits.max_unpacked_gib * 2**30:
        raise InputError(
            f"{file}: refused, unpacks to {unpacked / 2**30:.0f} GiB;"
            f" at most {limits.max_unpacked_gib:g} GiB are read"
        )
    if unpacked > max(packed * limits.max_ratio, limits.small_mib * 2**20):
        raise InputError(
            f"{file}: refused, unpacks to {unpacked / packed:.0f} times its size;"
            f" at most {limits.max_ratio:g} times is read"
        )
