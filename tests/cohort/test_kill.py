"""Killed with -9 at any moment and started again, a cohort ends as if nothing had happened."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import psutil
import pytest

from oligocount.cohort.ledger import Ledger, State

CASES, KILLS = 14, 12


def cohort(place: Path) -> Path:
    """Cases of 0.1 to 0.5 s; one refuses, one crashes."""
    for number in range(CASES):
        folder = place / "in" / f"case{number:02d}"
        folder.mkdir(parents=True)
        told = {"seconds": 0.1 + 0.4 * (number % 3) / 2, "answer": number}
        told |= {"do": "refuse"} if number == 4 else {"do": "crash"} if number == 9 else {}
        (folder / "case.json").write_text(json.dumps(told))
    return place / "in"


def batch(source: Path, out: Path) -> "subprocess.Popen[bytes]":
    start = "from oligocount.cli.main import entry; entry()"
    command = [sys.executable, "-c", start, "batch", source, "-o", out]
    options = ["--runner", "toy_runner:run", "--workers", "2"]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finish(source: Path, out: Path) -> int:
    process = batch(source, out)
    _, words = process.communicate(timeout=300)
    assert b"Traceback" not in words, words.decode()
    return process.returncode


def wait_for_more(file: Path, process: "subprocess.Popen[bytes]") -> None:
    """Return when the batch has begun another case, or has ended."""
    before = file.stat().st_size if file.exists() else 0
    while process.poll() is None and (not file.exists() or file.stat().st_size == before):
        time.sleep(0.02)


def told(out: Path) -> dict[str, bytes]:
    """Every file of every case."""
    files = (file for file in (out / "cases").rglob("*") if file.is_file())
    return {str(file.relative_to(out)): file.read_bytes() for file in files}


def table(out: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(out / "cohort.duckdb"), read_only=True) as connection:
        return connection.execute(
            "SELECT case_id, state, error_class, error, folder FROM cases ORDER BY ALL"
        ).fetchall()


@pytest.mark.slow
def test_killed_at_random_moments_the_cohort_ends_the_same(tmp_path: Path) -> None:
    source = cohort(tmp_path)
    assert finish(source, tmp_path / "calm") == 5
    dice = random.Random(7)  # noqa: S311 - moments, not secrets
    out = tmp_path / "out"
    for number in range(KILLS):
        process = batch(source, out)
        if number % 2:  # half of the kills hit running cases, half any moment of the start
            wait_for_more(out / "executions.txt", process)
        time.sleep(dice.uniform(0.0, 1.5))
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert alive == [], "a killed batch leaves nobody at work"
    with Ledger.open_read_only(out) as ledger:
        running = sum(one.outcome.state is State.INTERRUPTED for one in ledger.history())
    assert running >= KILLS // 3, "the kills must have hit something"
    assert finish(source, out) == 5
    assert told(out) == told(tmp_path / "calm")
    assert len(told(out)) == 2 * (CASES - 2)
    assert table(out) == table(tmp_path / "calm")
    assert not list(out.glob(".*")), "no half-written file is left"


@pytest.mark.slow
def test_a_killed_worker_costs_no_case(tmp_path: Path) -> None:
    """A Dask worker of a local cluster is killed: its case runs again on another."""
    source = cohort(tmp_path)
    process = batch(source, tmp_path / "out")
    wait_for_more(tmp_path / "out" / "executions.txt", process)
    workers = [
        one
        for one in psutil.Process(process.pid).children()
        if "spawn_main" in " ".join(one.cmdline())
    ]
    workers[0].kill()
    process.communicate(timeout=300)
    assert process.returncode == 5
    states = [row[1] for row in table(tmp_path / "out")]
    assert (states.count("done"), states.count("failed")) == (CASES - 2, 2)


@pytest.mark.slow
def test_a_full_disk_ends_the_batch_with_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    """Files may grow to 60 kB only: the ledger cannot go on; with room again, the cohort ends."""
    source, out = cohort(tmp_path), tmp_path / "out"
    start = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000)); "
        "from oligocount.cli.main import entry; entry()"
    )
    options = ["batch", source, "-o", out, "--runner", "toy_runner:run", "--workers", "2"]
    full = subprocess.run(
        [sys.executable, "-c", start, *options], capture_output=True, text=True, timeout=120
    )
    assert full.returncode == 6
    assert "ledger.sqlite: the ledger cannot be read or written" in full.stderr
    assert "Traceback" not in full.stderr
    assert finish(source, out) == 5
    assert len(told(out)) == 2 * (CASES - 2)
