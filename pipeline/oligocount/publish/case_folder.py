"""A folder of one case: written under a temporary name, renamed when whole."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from oligocount.errors import PublishError

MARKER = "result.json"  # a folder without it is not a case
CASE_FILES = frozenset(
    {
        MARKER, "lesions.csv", "lesions.nii.gz", "organs.nii.gz", "organs.json",
        "stations.nii.gz", "stations.json", "settings.yaml", "report.html", "viewer.html", "dicom",
    }
)  # fmt: skip


def write_case_folder(out: Path, fill: Callable[[Path], None]) -> tuple[Path, ...]:
    """`out` holds what `fill` wrote into the folder given to it, all of it or nothing new.

    A previous case in `out` is replaced; it stays untouched until the new one is whole.
    Returns the files written. Raises PublishError when `out` holds anything that is not of a
    case, or when it cannot be written.
    """
    out = out.resolve()
    _refuse_foreign(out)
    with _translated(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
        try:
            part.mkdir()
            fill(part)
            _refuse_foreign(out)
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
    nearest = next(each for each in (out.parent, *out.parent.parents) if each.exists())
    with _translated(out), tempfile.TemporaryDirectory(dir=nearest, prefix=".oligocount-"):
        pass


def _refuse_foreign(out: Path) -> None:
    """Raise PublishError unless `out` is absent, empty, or holds one previous case alone."""
    if not out.exists():
        return
    if not out.is_dir():
        raise PublishError(f"{out}: expected a folder to write into, found a file")
    names = {each.name for each in out.iterdir()}
    foreign = sorted(names - CASE_FILES)
    if foreign or (names and MARKER not in names):
        shown = ", ".join((foreign or sorted(names))[:3])
        raise PublishError(
            f"{out}: expected a new folder, an empty one, or a previous case; found {shown}"
        )


def _swap_in(part: Path, out: Path) -> None:
    """Rename `part` to `out`; a case that was there is put back if that fails."""
    if not out.exists():
        part.rename(out)
        return
    previous = out.with_name(part.name.removesuffix(".part") + ".previous")
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
