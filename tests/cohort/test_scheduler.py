"""A running cluster: scheduler and workers are processes of their own, on loopback."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oligocount.cli.main import main
from oligocount.cohort.batch import standing
from oligocount.cohort.ledger import State

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a Dask command line; everything is ended after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(kind: str, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "distributed.cli.dask_" + kind, *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running.append(subprocess.Popen(command, cwd=tmp_path, **quiet))
        return running[-1]

    yield begin
    for process in reversed(running):
        process.kill()
        process.wait()


@pytest.fixture
def scheduler(start: Start, tmp_path: Path) -> str:
    file = tmp_path / "scheduler.json"
    start(
        "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
        "--scheduler-file", str(file),
    )  # fmt: skip
    while not file.exists() or not file.read_text():
        time.sleep(0.05)
    return str(json.loads(file.read_text())["address"])


def worker(start: Start, address: str) -> "subprocess.Popen[bytes]":
    return start("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")


def patients(place: Path, count: int) -> Path:
    for number in range(count):
        folder = place / "in" / f"p{number:02d}"
        folder.mkdir(parents=True)
        (folder / "case.json").write_text(json.dumps({"seconds": 0.4, "answer": number}))
    return place / "in"


@pytest.mark.slow
def test_one_worker_is_killed_and_one_joins_late(
    start: Start, scheduler: str, tmp_path: Path
) -> None:
    """The case under way on the dead worker runs again on the other; all are done once."""
    source, out = patients(tmp_path, 12), tmp_path / "out"
    first = worker(start, scheduler)
    command = "from oligocount.cli.main import entry; entry()"
    batch = subprocess.Popen(
        [sys.executable, "-c", command, "batch", source, "-o", out, "--scheduler", scheduler,
         "--runner", "toy_runner:run"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    executions = out / "executions.txt"
    while not executions.exists() or len(executions.read_text().splitlines()) < 3:
        time.sleep(0.05)
    worker(start, scheduler)
    first.kill()
    words, _ = batch.communicate(timeout=120)
    assert batch.returncode == 0, words
    end = standing(out)
    assert end.count(State.DONE) == 12
    assert {one.attempt for one in end.latest.values()} == {1}
    answers = [json.loads(file.read_text())["answer"] for file in out.glob("cases/*/result.json")]
    assert sorted(answers) == list(range(12))


def test_an_address_where_nobody_answers_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oligocount.cohort.clusters._CONNECT_S", 1)
    source = patients(tmp_path, 1)
    address = "tcp://127.0.0.1:9"
    status = main(["batch", str(source), "-o", str(tmp_path / "out"), "--scheduler", address])
    assert status == 4
    assert address in capsys.readouterr().err
