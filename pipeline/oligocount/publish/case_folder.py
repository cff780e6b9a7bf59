"""A folder of one case: written under a temporary name, renamed when whole."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oligocount.errors import PublishError

_PART = ".part"
MARKER = "result.json"  # a folder without it is not a case
READER = "reader"  # where `recount` puts a reader's version
SENT = "sent.jsonl"  # what an archive has of this case; the same objects must not go there twice
CASE_FILES = frozenset(
    {
        MARKER, "lesions.csv", "lesions.nii.gz", "organs.nii.gz", "organs.json",
        "stations.nii.gz", "stations.json", "settings.yaml", "report.html", "report.pdf",
        "viewer.html", "summary.json", "dicom", "suv.nii.gz", "ct.nii.gz", SENT,
    }
)  # fmt: skip


def write_case_folder(out: Path, fill: Callable[[Path], None]) -> tuple[Path, ...]:
    """`out` holds what `fill` wrote into the folder given to it, all of it or nothing new.

    A previous case in `out` is replaced; it stays untouched until the new one is whole. Its list
    of what was sent to archives goes into the new one.
    Returns the files written. Raises PublishError when `out` holds anything that is not of a
    case, or when it cannot be written.
    """
    out = out.resolve()
    _refuse_foreign(out)
    with _translated(out):
        _home(out).mkdir(parents=True, exist_ok=True)
        part = _home(out) / f".{out.name}.{secrets.token_hex(4)}{_PART}"
        try:
            part.mkdir()
            fill(part)
            _refuse_foreign(out)
            if (out / SENT).is_file():
                shutil.copy2(out / SENT, part / SENT)
            if part.parent == out:
                _move_in(part, out)
            else:
                _swap_in(part, out)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return tuple(sorted(file for file in out.rglob("*") if file.is_file()))


def check_out(out: Path) -> None:
    """Return when a case could be written to `out` now; ask before minutes of work, not after.

    Raises PublishError as `write_case_folder` would. Leaves nothing behind.
    """
    out = out.resolve()
    _refuse_foreign(out)
    home = _home(out)
    nearest = next(each for each in (home, *home.parents) if each.exists())
    with _translated(out), tempfile.TemporaryDirectory(dir=nearest, prefix=".oligocount-"):
        pass


def _refuse_foreign(out: Path) -> None:
    """Raise PublishError unless `out` is absent, empty, or holds one previous case alone."""
    if not out.exists():
        return
    if not out.is_dir():
        raise PublishError(f"{out}: expected a folder to write into, found a file")
    names = {each.name for each in out.iterdir() if not each.name.endswith(_PART)}
    if MARKER in names and READER in names:
        raise PublishError(
            f"{out}: holds a reader's version ({READER}/), which a new run would not fit; expected "
            "another folder, or that version moved away"
        )
    foreign = sorted(names - CASE_FILES)
    if foreign or (names and MARKER not in names):
        shown = ", ".join((foreign or sorted(names))[:3])
        raise PublishError(
            f"{out}: expected a new folder, an empty one, or a previous case; found {shown}"
        )


def _home(out: Path) -> Path:
    """Where the temporary folder stands: beside `out`, or in it where `out` is a mount.

    A mount, such as a container's volume, cannot be renamed.
    """
    return out if out.is_mount() else out.parent


def _move_in(part: Path, out: Path) -> None:
    """Move the files one by one: the marker of the old case goes first, the new one comes last.

    Killed in between, `out` holds files without a marker, which is no case.
    """
    old = [each for each in out.iterdir() if each.name in CASE_FILES]
    for each in sorted(old, key=lambda each: each.name != MARKER):
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    for each in sorted(part.iterdir(), key=lambda each: each.name == MARKER):
        each.rename(out / each.name)


def _swap_in(part: Path, out: Path) -> None:
    """Rename `part` to `out`; a case that was there is put back if that fails."""
    if not out.exists():
        part.rename(out)
        return
    previous = out.with_name(part.name.removesuffix(_PART) + ".previous")
    out.rename(previous)
    try:
        part.rename(out)
    except OSError:
        previous.rename(out)
        raise
    shutil.rmtree(previous)


@contextmanager
def _translated(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        detail = os.strerror(error.errno) if error.errno else str(error)
        raise PublishError(f"{out}: cannot be written: {detail}") from error
