"""What was sent where: a line an object in the case folder, so that nothing is sent twice."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from oligocount.errors import PublishError
from oligocount.pacs.objects import DicomObject

NAME = "sent.jsonl"
_FIELDS = {"sent_at", "destination", "sop_instance_uid", "digest"}


def _now() -> datetime:
    return datetime.now(UTC)


class SentLedger:
    """The lines of one case's ledger, held open; `opened_ledger` makes it."""

    def __init__(self, handle: int, entries: list[dict[str, Any]], file: Path) -> None:
        self._handle = handle
        self._entries = entries
        self._file = file

    def when_sent(self, one: DicomObject, destination: str) -> tuple[str, bool] | None:
        """The last time this object went there and whether it was the same content; None: never."""
        for entry in reversed(self._entries):
            if (entry["destination"], entry["sop_instance_uid"]) == (
                destination, one.sop_instance_uid,
            ):  # fmt: skip
                return entry["sent_at"], entry["digest"] == one.digest
        return None

    def note(
        self, one: DicomObject, destination: str, clock: Callable[[], datetime] = _now
    ) -> None:
        """The object is known to be there, also when we are killed right after.

        Raises PublishError when that cannot be written.
        """
        entry = {
            "sent_at": clock().isoformat(timespec="seconds"),
            "destination": destination,
            "sop_instance_uid": one.sop_instance_uid,
            "digest": one.digest,
        }
        try:
            os.write(self._handle, (json.dumps(entry) + "\n").encode())
            os.fsync(self._handle)
        except OSError as error:
            raise PublishError(f"{self._file}: cannot be written: {error.strerror}") from error
        self._entries.append(entry)


@contextmanager
def opened_ledger(case: Path) -> Iterator[SentLedger]:
    """The case's ledger, ours alone inside the block.

    Raises PublishError when it cannot be written, is held by another `send`, or holds a line that
    is not of a ledger: what was sent is then unknown. A last line cut short is taken off.
    """
    file = case / NAME
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise PublishError(f"{file}: cannot be written: {error.strerror}") from error
    try:
        _take(handle, case)
        yield SentLedger(handle, _read(handle, file), file)
    finally:
        os.close(handle)


def _take(handle: int, case: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PublishError(f"{case}: is being sent by another process; wait for it") from error


def _read(handle: int, file: Path) -> list[dict[str, Any]]:
    content = file.read_bytes()
    whole = content.rfind(b"\n") + 1  # killed in the middle of a line, its object may go again
    if whole < len(content):
        os.ftruncate(handle, whole)
    entries = []
    for number, line in enumerate(content[:whole].splitlines(), 1):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, dict) or not set(entry) >= _FIELDS:
            raise PublishError(
                f"{file}: line {number} is not of a list of sent objects; mend it, or move the "
                "file away to send all of them again"
            )
        entries.append(entry)
    return entries
