"""What a person sees while a batch runs."""

import pytest

from oligocount.cli.watch import LogWatcher, TableWatcher
from oligocount.cohort.engine import Ended, Progress
from oligocount.cohort.ledger import Outcome, State

Capture = pytest.CaptureFixture[str]
DONE = Ended(case_id="p1", outcome=Outcome(state=State.DONE, seconds=31.25, stage_seconds={}))
FAILED = Ended(
    case_id="p2",
    outcome=Outcome(
        state=State.FAILED, error_class="TimeLimit", error="ran for 60 s", stage_seconds={}
    ),
)


def progress(**known: object) -> Progress:
    return Progress(total=10, **known)  # type: ignore[arg-type]


def test_a_log_has_a_line_for_each_case_that_ends(capsys: Capture) -> None:
    watcher = LogWatcher()
    watcher.show(progress(), None)
    watcher.show(progress(done=3, skipped=2), DONE)
    watcher.show(progress(done=3, failed=1, skipped=2), FAILED)
    assert capsys.readouterr().out.splitlines() == [
        "10 cases, 0 workers",
        "5/10, 2 kept  p1: done, 31.2 s",
        "6/10, 1 failed, 2 kept  p2: failed, TimeLimit: ran for 60 s",
    ]


def test_a_log_is_not_silent_for_long(capsys: Capture) -> None:
    """Told at 0 s; nothing at 30 s; at 61 s what is under way."""
    clock = [0.0]
    watcher = LogWatcher(lambda: clock[0])
    now = progress(workers=1, stages={"p5": "lesions"}, dashboard="http://127.0.0.1:8787/status")
    for clock[0] in (0.0, 30.0, 61.0):
        watcher.show(now, None)
    assert capsys.readouterr().out.splitlines() == [
        "10 cases, 1 worker, dashboard http://127.0.0.1:8787/status",
        "0/10  the first cases are running  p5 lesions",
    ]


def test_the_table_shows_stages_pace_and_time_left(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four of ten in two hours: two an hour, three hours left."""
    now = progress(done=4, workers=2, stages={"p5": "lesions", "p6": "intake"}, begun=0.0)
    monkeypatch.setattr("oligocount.cli.watch.time.monotonic", lambda: 7200.0)
    TableWatcher().show(now, None)
    told = capsys.readouterr().out
    assert "4/10  2 workers  2.0 cases/h  3 h 00 min left" in told
    assert "  p5: lesions\n  p6: intake" in told


def test_the_table_redraws_itself_and_leaves_failures_standing(capsys: Capture) -> None:
    watcher = TableWatcher()
    watcher.show(progress(done=1, workers=1, stages={"p2": "intake"}), None)
    watcher.show(progress(done=1, failed=1, workers=1), FAILED)
    watcher.close()
    told = capsys.readouterr().out
    assert "\x1b[2A\x1b[J" + "p2: failed, TimeLimit: ran for 60 s\n" in told
    assert told.endswith("\x1b[1A\x1b[J")


def test_waiting_for_workers_is_said(capsys: Capture) -> None:
    TableWatcher().show(progress(workers=0), None)
    assert "waiting for workers" in capsys.readouterr().out
