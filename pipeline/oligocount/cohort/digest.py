"""What a result follows from, as short names: equal digest, equal result."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from oligocount.errors import InputError

_SAFE = re.compile(r"[^A-Za-z0-9._-]")
_MAX_NAME = 80
_BLOCK = 1 << 20


def digest_input(place: Path, clinical: Mapping[str, Any], files: tuple[Path, ...] = ()) -> str:
    """Changes when a file below `place` appears, goes, or changes in size or time, or a fact does.

    With `files`, these alone are looked at. Contents are not read: a cohort on a network share is
    checked in seconds. Links to folders are not followed. Raises InputError when the place
    cannot be listed.
    """
    digest = hashlib.sha256()
    for entry in _entries(place, files or _listed(place)):
        digest.update(entry.encode("utf-8", "surrogateescape"))
    digest.update(json.dumps(dict(clinical), sort_keys=True, default=str).encode())
    return digest.hexdigest()


def digest_files(files: list[Path]) -> str:
    """The SHA-256 of the files' names and contents, in the order given.

    Raises InputError when one cannot be read.
    """
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name}\0".encode())
        try:
            with file.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    digest.update(block)
        except OSError as error:
            raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def folder_name(case_id: str) -> str:
    """A name for the case's folder, safe on every file system and different for each case."""
    if _SAFE.search(case_id) is None and not case_id.startswith(".") and len(case_id) <= _MAX_NAME:
        return case_id
    mark = hashlib.sha256(case_id.encode()).hexdigest()[:10]
    return f"{_SAFE.sub('_', case_id).lstrip('.')[:_MAX_NAME]}-{mark}"


def _listed(place: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: cannot be listed: {error.strerror}") from error

    if place.is_file():
        yield place
        return
    for folder, folders, names in os.walk(place, onerror=refuse):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _entries(place: Path, files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        try:
            facts = file.stat()
        except OSError as error:
            yield f"{file.relative_to(place)}\0unreadable {error.errno}\0"
            continue
        yield f"{file.relative_to(place)}\0{facts.st_size}\0{facts.st_mtime_ns}\0"
