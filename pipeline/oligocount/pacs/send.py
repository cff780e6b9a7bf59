"""A case's objects into an archive: each told for itself, none twice."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from oligocount.errors import ArchiveRefused, ArchiveUnreachable
from oligocount.pacs.archive import Archive, Stored
from oligocount.pacs.ledger import SentLedger, opened_ledger
from oligocount.pacs.objects import DicomObject, read_objects
from oligocount.pacs.peer import Peer
from oligocount.pacs.retrying import Sleep, Tell, with_retries


class State(Enum):
    """What became of an object."""

    SENT = "sent"
    KNOWN = "was sent before"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One object and what became of it; `text` says when, or why."""

    object: DicomObject
    state: State
    text: str = ""


Report = Callable[[Sent], None]


def send_case(
    case: Path,
    archive: Archive,
    peer: Peer,
    report: Report,
    *,
    again: bool,
    tell: Tell,
    sleep: Sleep = time.sleep,
) -> tuple[Sent, ...]:
    """Every object of the case with what became of it; each goes to `report` when that is known.

    What the case's ledger says was sent there is left out unless `again`. A connection that
    breaks is made anew for the rest, as often as the peer's patience allows; what then is left
    has failed. Nothing on disk changes but the ledger. Raises InputError for what is no case,
    PublishError when the ledger cannot be kept.
    """
    objects = read_objects(case)
    told: list[Sent] = []

    def note(one: Sent) -> None:
        told.append(one)
        report(one)

    with opened_ledger(case) as ledger:
        known = [] if again else [_known(one, ledger, peer.destination) for one in objects]
        for each in filter(None, known):
            note(each)
        left_out = {each.object.sop_instance_uid for each in told}
        waiting = {
            one.sop_instance_uid: one for one in objects if one.sop_instance_uid not in left_out
        }

        def go_on() -> None:
            for stored in archive.store(tuple(waiting.values())):
                del waiting[stored.object.sop_instance_uid]
                if stored.failure is None:
                    ledger.note(stored.object, peer.destination)
                note(_told(stored))

        failure = _failure(go_on, peer, tell, sleep) if waiting else ""
    for one in waiting.values():
        note(Sent(object=one, state=State.FAILED, text=failure))
    return tuple(told)


def _known(one: DicomObject, ledger: SentLedger, destination: str) -> Sent | None:
    before = ledger.when_sent(one, destination)
    if before is None:
        return None
    when, is_same = before
    if is_same:
        return Sent(object=one, state=State.KNOWN, text=when)
    text = f"other content went there under this identifier at {when}; --again sends this one"
    return Sent(object=one, state=State.FAILED, text=text)


def _failure(go_on: Callable[[], None], peer: Peer, tell: Tell, sleep: Sleep) -> str:
    """Why the rest could not be sent; empty when all were tried."""
    try:
        with_retries(go_on, peer.patience, tell, sleep)
    except (ArchiveUnreachable, ArchiveRefused) as error:
        return str(error)
    return ""


def _told(stored: Stored) -> Sent:
    if stored.failure is not None:
        return Sent(object=stored.object, state=State.FAILED, text=stored.failure)
    return Sent(object=stored.object, state=State.SENT, text=stored.note or "")
