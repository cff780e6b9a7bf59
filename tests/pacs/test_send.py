"""Every object told for itself, none sent twice, whatever breaks in between."""

import fcntl
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pydicom
import pytest

from oligocount.cli.main import main
from oligocount.errors import ArchiveRefused, ArchiveUnreachable, InputError, PublishError
from oligocount.pacs.archive import Stored
from oligocount.pacs.objects import DicomObject, read_objects
from oligocount.pacs.send import Sent, State, send_case

from . import made
from .doubles import peer

PEER = peer(11112)


class Archive:
    """Takes objects; breaks after so many of them, once for each number told."""

    def __init__(self, *breaks: int, refuses: frozenset[str] = frozenset()) -> None:
        self._breaks = list(breaks)
        self._refuses = refuses
        self.taken: list[str] = []

    def store(self, objects: Iterable[DicomObject]) -> Iterator[Stored]:
        limit = self._breaks.pop(0) if self._breaks else None
        for number, one in enumerate(objects):
            if number == limit:
                raise ArchiveUnreachable("the connection broke")
            if one.file.name in self._refuses:
                yield Stored(object=one, failure="too big")
            else:
                self.taken.append(one.file.name)
                yield Stored(object=one, failure=None)


def send(case: Path, archive: Archive, *, again: bool = False, at=PEER) -> dict[str, Sent]:
    told: list[Sent] = []
    sent = send_case(case, archive, at, told.append, again=again, tell=lambda _: None)
    assert sent == tuple(told)
    return {each.object.file.name: each for each in sent}


def states(sent: dict[str, Sent]) -> dict[str, State]:
    return {name: each.state for name, each in sent.items()}


def all_in(state: State) -> dict[str, State]:
    return dict.fromkeys(made.FILES, state)


def test_segmentations_go_before_what_refers_to_them(case: Path) -> None:
    archive = Archive()
    assert states(send(case, archive)) == all_in(State.SENT)
    assert archive.taken[-2:] == ["lesions_rtstruct.dcm", "measurements_sr.dcm"]


def test_a_second_time_sends_nothing_and_says_when_it_was_sent(case: Path) -> None:
    archive = Archive()
    send(case, archive)
    again = send(case, archive)
    assert states(again) == all_in(State.KNOWN)
    assert len(archive.taken) == len(made.FILES)
    assert again["lesions_seg.dcm"].text.startswith("20")


def test_another_archive_gets_everything(case: Path) -> None:
    archive = Archive()
    send(case, archive)
    assert states(send(case, archive, at=peer(11113))) == all_in(State.SENT)


def test_again_sends_everything_again(case: Path) -> None:
    archive = Archive()
    send(case, archive)
    assert states(send(case, archive, again=True)) == all_in(State.SENT)


def test_a_refused_object_is_told_with_its_reason_and_tried_next_time(case: Path) -> None:
    sent = send(case, Archive(refuses=frozenset({"organs_seg.dcm"})))
    assert states(sent) == {**all_in(State.SENT), "organs_seg.dcm": State.FAILED}
    assert sent["organs_seg.dcm"].text == "too big"
    archive = Archive()
    send(case, archive)
    assert archive.taken == ["organs_seg.dcm"]


@pytest.mark.parametrize("breaks", [(0,), (2,), (4, 0), (1, 1)])
def test_after_a_broken_connection_only_the_rest_is_sent(
    case: Path, breaks: tuple[int, ...]
) -> None:
    archive = Archive(*breaks)
    assert states(send(case, archive)) == all_in(State.SENT)
    assert sorted(archive.taken) == sorted(made.FILES)


def test_what_is_left_after_the_last_attempt_failed_and_stays_for_the_next_time(case: Path) -> None:
    archive = Archive(2, 0, 0)
    sent = send(case, archive)
    assert list(states(sent).values()).count(State.SENT) == 2
    failed = [each for each in sent.values() if each.state is State.FAILED]
    assert {each.text for each in failed} == {"the connection broke"}
    assert all(each.object.file.exists() for each in sent.values())
    send(case, archive)
    assert sorted(archive.taken) == sorted(made.FILES)


def test_a_refusal_of_us_is_every_objects_reason_and_is_not_tried_again(case: Path) -> None:
    class Refusing(Archive):
        tries = 0

        def store(self, objects: Iterable[DicomObject]) -> Iterator[Stored]:
            self.tries += 1
            raise ArchiveRefused("not its AE title")
            yield

    archive = Refusing()
    sent = send(case, archive)
    assert {each.text for each in sent.values()} == {"not its AE title"}
    assert archive.tries == 1


def test_pauses_double(case: Path) -> None:
    slept: list[float] = []
    at = replace(PEER, patience=replace(PEER.patience, backoff_s=2.0, attempts=4))
    send_case(case, Archive(0, 0, 0, 0), at, lambda _: None, again=False, tell=lambda _: None,
              sleep=slept.append)  # fmt: skip
    assert slept == [2.0, 4.0, 8.0]


def test_the_same_result_written_later_is_the_same_content(tmp_path: Path) -> None:
    later = datetime(2025, 6, 7, 8, 9, 10, tzinfo=UTC)
    first, second = (
        read_objects(made.write_case(tmp_path / name, written=when))
        for name, when in (("first", made.WRITTEN), ("second", later))
    )
    assert [each.digest for each in first] == [each.digest for each in second]
    assert [each.sop_instance_uid for each in first] == [each.sop_instance_uid for each in second]


def test_other_content_under_an_identifier_that_was_sent_is_kept_back_and_told(case: Path) -> None:
    """An archive would drop it without a word, or have two objects of one identifier."""
    archive = Archive()
    send(case, archive)
    file = case / "dicom" / "measurements_sr.dcm"
    changed = pydicom.dcmread(file)
    changed.SeriesDescription = "other"
    changed.save_as(file)
    sent = send(case, archive)
    assert states(sent) == {**all_in(State.KNOWN), "measurements_sr.dcm": State.FAILED}
    assert "--again" in sent["measurements_sr.dcm"].text
    assert states(send(case, archive, again=True)) == all_in(State.SENT)
    assert states(send(case, archive)) == all_in(State.KNOWN)


def test_the_ledger_names_no_patient(case: Path) -> None:
    send(case, Archive())
    text = (case / "sent.jsonl").read_text()
    assert len(text.splitlines()) == len(made.FILES)
    for secret in (made.PATIENT_ID, "Doe", made.ACCESSION + '"'):
        assert secret not in text


def test_a_line_cut_short_by_a_kill_is_forgotten(case: Path) -> None:
    archive = Archive()
    send(case, archive)
    ledger = case / "sent.jsonl"
    ledger.write_bytes(ledger.read_bytes()[:-20])
    assert list(states(send(case, archive)).values()).count(State.SENT) == 1
    assert all(json.loads(line) for line in ledger.read_text().splitlines())


def test_a_ledger_that_cannot_be_read_stops_everything(case: Path) -> None:
    (case / "sent.jsonl").write_text("not a line of ours\n")
    archive = Archive()
    with pytest.raises(PublishError, match="line 1"):
        send(case, archive)
    assert archive.taken == []


def test_a_ledger_that_cannot_be_written_stops_everything(case: Path) -> None:
    (case / "sent.jsonl").mkdir()
    archive = Archive()
    with pytest.raises(PublishError, match="cannot be written"):
        send(case, archive)
    assert archive.taken == []


def test_two_at_a_time_do_not_send_one_case(case: Path) -> None:
    with (case / "sent.jsonl").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(PublishError, match="another process"):
            send(case, Archive())


def test_what_is_no_case_is_refused(tmp_path: Path, case: Path) -> None:
    with pytest.raises(InputError, match=r"no result\.json"):
        send(tmp_path, Archive())
    (case / "dicom" / "lesions_seg.dcm").write_bytes(b"half")
    with pytest.raises(InputError, match=r"lesions_seg\.dcm"):
        send(case, Archive())
    for file in (case / "dicom").iterdir():
        file.unlink()
    with pytest.raises(InputError, match="no DICOM objects"):
        send(case, Archive())


def test_the_readers_version_goes_where_there_is_one_and_is_told_apart(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    archive = Archive()
    monkeypatch.setattr("oligocount.cli.send.connect", lambda _: archive)
    to = ["--to", "127.0.0.1:11112/X"]
    assert main(["send", str(case), "--of", "reader", *to]) == 3
    assert "has no reader's version" in capsys.readouterr().err
    reader = case / "reader"
    reader.mkdir()
    shutil.copy(case / "result.json", reader)
    assert main(["send", str(case), *to]) == 3
    assert "its reader's version has no DICOM objects" in capsys.readouterr().err
    (reader / "dicom").mkdir()
    shutil.copy(case / "dicom" / "lesions_seg.dcm", reader / "dicom")
    assert main(["send", str(case), *to]) == 0
    assert archive.taken == ["lesions_seg.dcm"]
    assert (reader / "sent.jsonl").is_file()
    assert not (case / "sent.jsonl").exists()
    assert f"{case}, reader's version -> " in capsys.readouterr().out
    assert main(["send", str(case), "--of", "machine", *to]) == 0
    assert sorted(archive.taken[1:]) == sorted(made.FILES)
    assert "reader's version" not in capsys.readouterr().out
