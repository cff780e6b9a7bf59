"""The ledger says what was true just before whatever happened."""

import sqlite3
from pathlib import Path

import pytest

from oligocount.cohort.ledger import LEDGER_NAME, Digests, Ledger, Outcome, State
from oligocount.cohort.manifest import CohortCase
from oligocount.errors import PublishError

DIGESTS = Digests(input="i", settings="s", models="m")
DONE = Outcome(state=State.DONE, stage="publish", seconds=2.5, stage_seconds={"a": 1.0})


def listed(*names: str) -> tuple[CohortCase, ...]:
    return tuple(CohortCase(case_id=name, input=Path("/in", name)) for name in names)


def states(ledger: Ledger) -> list[tuple[str, int, State]]:
    return [(one.case_id, one.attempt, one.outcome.state) for one in ledger.history()]


def test_each_attempt_has_its_row(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.list_cases(listed("a", "b"), {})
        assert ledger.begin("a", DIGESTS) == 1
        failed = Outcome(state=State.FAILED, error_class="X", error="why", stage_seconds={})
        ledger.end("a", 1, failed)
        assert ledger.begin("a", DIGESTS) == 2
        ledger.end("a", 2, DONE)
        assert states(ledger) == [("a", 1, State.FAILED), ("a", 2, State.DONE)]
        (last,) = ledger.latest()
        assert last.outcome == DONE
        assert last.digests == DIGESTS


def test_an_attempt_ends_once(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.list_cases(listed("a"), {})
        ledger.begin("a", DIGESTS)
        ledger.end("a", 1, DONE)
        ledger.end("a", 1, Outcome(state=State.FAILED, stage_seconds={}))
        ledger.enter_stage("a", 1, "late word")
        (last,) = ledger.latest()
        assert (last.outcome.state, last.outcome.stage) == (State.DONE, "publish")


def test_what_a_dead_batch_left_running_is_interrupted(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.list_cases(listed("a"), {})
        ledger.begin("a", DIGESTS)
    with Ledger.open(tmp_path) as ledger:
        assert ledger.close_interrupted() == 1
        assert states(ledger) == [("a", 1, State.INTERRUPTED)]


def test_a_case_that_left_the_manifest_is_kept_but_not_listed(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.list_cases(listed("a", "b"), {"row 4": "no input"})
        ledger.begin("a", DIGESTS)
        ledger.unlist_cases()
        ledger.list_cases(listed("b"), {})
        assert tuple(ledger.given()) == ("b",)
        assert list(ledger.latest()) == []
        assert len(states(ledger)) == 1
        assert ledger.refused() == {}


def test_a_reader_sees_a_ledger_that_is_being_written(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as writer:
        writer.list_cases(listed("a"), {})
        with Ledger.open_read_only(tmp_path) as reader:
            writer.begin("a", DIGESTS)
            assert states(reader) == [("a", 1, State.RUNNING)]
            with pytest.raises(PublishError, match="cannot be read or written"):
                reader.begin("a", DIGESTS)


def test_a_folder_without_ledger_is_named(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="no batch has run here"):
        Ledger.open_read_only(tmp_path)


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / LEDGER_NAME).write_text("not a database" * 100)
    with pytest.raises(PublishError, match=LEDGER_NAME):
        Ledger.open(tmp_path)


def test_a_ledger_of_the_first_form_is_brought_up(tmp_path: Path) -> None:
    """As form 1 left it: without the peak memory of stages."""
    with Ledger.open(tmp_path) as ledger:
        ledger.list_cases(listed("a"), {})
        ledger.begin("a", DIGESTS)
    with sqlite3.connect(tmp_path / LEDGER_NAME) as connection:
        connection.execute("DROP VIEW latest")
        connection.execute("ALTER TABLE attempts DROP COLUMN stage_peak_mib")
        connection.execute(
            "CREATE VIEW latest AS SELECT a.*, c.input FROM attempts a JOIN cases c USING (case_id)"
        )
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with Ledger.open_read_only(tmp_path) as ledger:
        assert states(ledger) == [("a", 1, State.RUNNING)]
    known = Outcome(state=State.DONE, stage_peak_mib={"lesions": 900.0})
    with Ledger.open(tmp_path) as ledger:
        ledger.end("a", 1, known)
        (last,) = ledger.latest()
        assert last.outcome == known


def test_what_goes_wrong_in_a_change_is_taken_back(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.list_cases(listed("a"), {})
        broken = Outcome(state=State.DONE, stage_seconds={"a": object()})  # type: ignore[dict-item]
        ledger.begin("a", DIGESTS)
        with pytest.raises(TypeError):
            ledger.end("a", 1, broken)
        ledger.end("a", 1, DONE)
        assert states(ledger) == [("a", 1, State.DONE)]


def test_a_ledger_of_another_form_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / LEDGER_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(PublishError, match="form 99"):
        Ledger.open(tmp_path)
