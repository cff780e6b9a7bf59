"""Watching a folder: what appears is run once, when it is complete."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from distributed import Client

from oligocount.cli.main import main
from oligocount.cohort.batch import standing
from oligocount.cohort.ledger import State
from oligocount.cohort.manifest import Cohort, CohortCase, read_cohort
from oligocount.cohort.plan import Plan
from oligocount.cohort.watching import Arrivals, watch_folder

Patients = Callable[..., tuple[CohortCase, ...]]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_input_settles_once_it_stays_the_same(patients: Patients) -> None:
    """Seen at 0 s, changed at 8 s, so settled at 18 s and not before; told once."""
    (case,) = patients(a={})
    clock = Clock()
    arrivals = Arrivals(10.0, clock)
    told = []
    for clock.now in (0.0, 5.0, 8.0, 12.0, 18.0, 30.0):
        if clock.now == 8.0:
            (case.input / "more.dcm").write_text("next slice")
        told.append(arrivals.settled(case))
    assert told == [False, False, False, False, True, False]


def test_a_late_series_makes_it_settle_again(patients: Patients) -> None:
    (case,) = patients(a={})
    clock = Clock()
    arrivals = Arrivals(10.0, clock)
    told = []
    for clock.now in (0.0, 10.0, 20.0, 30.0):
        if clock.now == 20.0:
            (case.input / "late.dcm").write_text("x")
        told.append(arrivals.settled(case))
    assert told == [False, True, False, True]


@pytest.mark.parametrize("name", ["ct.dcm.part", "0001.tmp", ".lock"])
def test_a_file_that_is_still_arriving_holds_the_case_back(name: str, patients: Patients) -> None:
    (case,) = patients(a={})
    (case.input / name).write_text("")
    clock = Clock()
    arrivals = Arrivals(10.0, clock)
    assert not arrivals.settled(case)
    clock.now = 60.0
    assert not arrivals.settled(case)
    (case.input / name).unlink()
    assert not arrivals.settled(case)
    clock.now = 80.0
    assert arrivals.settled(case)


def test_an_input_that_goes_away_is_no_error() -> None:
    gone = CohortCase(case_id="gone", input=Path("/nowhere"))
    assert not Arrivals(0.0).settled(gone)


def test_what_appears_is_run_and_stays_when_taken_away(
    patients: Patients, plan: Plan, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B appears in the third round; a is taken away in the fourth and stays in the cohort."""
    monkeypatch.setattr("oligocount.cohort.watching._POLL_S", 0.01)
    patients(a={})
    rounds = 0

    def read() -> Cohort:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            patients(b={})
        if rounds == 4:
            shutil.rmtree(tmp_path / "in" / "a")
        return read_cohort(tmp_path / "in", fact_names=set(), check_facts=lambda facts: facts)

    watch_folder(
        read, plan, lambda: nullcontext(client), lambda *_: None,
        settled_s=0.0, ends=lambda: rounds >= 6,
    )  # fmt: skip
    end = standing(plan.out)
    assert {name: one.outcome.state for name, one in end.latest.items()} == {
        "a": State.DONE,
        "b": State.DONE,
    }
    assert sorted((plan.out / "executions.txt").read_text().split()[::2]) == ["a", "b"]
    assert (plan.out / "cohort.html").is_file()


def wait_for(what: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    while not what():
        assert process.poll() is None, "the watch has ended"
        time.sleep(0.05)


@pytest.mark.slow
def test_the_command_waits_at_an_empty_folder_and_never_runs_a_case_twice(tmp_path: Path) -> None:
    """Started before anything is there, ended by SIGTERM, started again."""
    incoming, out = tmp_path / "incoming", tmp_path / "out"
    incoming.mkdir()
    start = "from oligocount.cli.main import entry; entry()"
    command = [sys.executable, "-c", start, "batch", "--watch", incoming, "-o", out]
    command += ["--settled", "1", "--runner", "toy_runner:run", "--workers", "1"]
    for name in ("first", "second"):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        wait_for((out / "ledger.sqlite").exists, process)
        (incoming / f"{name}.part").mkdir()
        (incoming / f"{name}.part" / "case.json").write_text("{}")
        (incoming / f"{name}.part").rename(incoming / name)
        wait_for((out / "cases" / name / "result.json").exists, process)
        wait_for(lambda: standing(out).count(State.RUNNING) == 0, process)
        process.send_signal(signal.SIGTERM)
        words, _ = process.communicate(timeout=60)
        assert process.returncode == 0, words
    assert sorted((out / "executions.txt").read_text().split()[::2]) == ["first", "second"]
    assert "2 of 2 cases are done" in words


def test_watching_what_is_no_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["batch", "--watch", str(tmp_path / "gone"), "-o", str(tmp_path / "out")]) == 3
    assert "expected a folder to watch" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
