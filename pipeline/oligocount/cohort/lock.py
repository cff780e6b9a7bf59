"""One batch a folder: a lock that the system lets go when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oligocount.errors import PublishError

LOCK_NAME = "batch.lock"


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Inside the block no other batch writes to `out`, which exists from then on.

    Raises PublishError when another process holds the folder or it cannot be written.
    """
    file = out / LOCK_NAME
    try:
        out.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise PublishError(f"{out}: cannot be written: {error.strerror}") from error
    try:
        _take(handle, out)
        yield
    finally:
        os.close(handle)


def is_locked(out: Path) -> bool:
    """True while a batch works on the folder."""
    try:
        handle = os.open(out / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def _take(handle: int, out: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PublishError(
            f"{out}: another batch is working on this folder; wait for it, or choose another folder"
        ) from error
