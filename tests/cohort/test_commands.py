"""batch, status and query from the command line: what is printed and what is returned."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from scan import write_scan

from oligocount.cli.main import main
from oligocount.cohort.lock import locked
from oligocount.cohort.manifest import CohortCase

Capture = pytest.CaptureFixture[str]
TOY = ("--runner", "toy_runner:run", "--workers", "1")


@pytest.fixture
def source(tmp_path: Path, patients: Callable[..., tuple[CohortCase, ...]]) -> Path:
    patients(good={}, bad={"do": "refuse"})
    return tmp_path / "in"


def test_a_batch_from_manifest_to_answers(source: Path, tmp_path: Path, capsys: Capture) -> None:
    """One done, one failed, one refused row: status 5, each named; then status and query agree."""
    manifest = source / "cohort.csv"
    manifest.write_text("case_id,input,histology,centre\n1,good,SCC,x\n2,bad,AC,y\n3,gone,,\n")
    out = tmp_path / "out"
    assert main(["batch", str(manifest), "-o", str(out), *TOY]) == 5
    told = capsys.readouterr().out
    assert "carried along, not clinical facts: centre" in told
    assert "1 of 2 cases are done" in told
    assert f"page: {out / 'cohort.html'}; questions: oligocount query" in told
    assert "2: QuantificationError: series 1.2.3: weight is absent" in told
    assert "cohort.csv row 4: refused: input" in told
    result = json.loads((out / "cases" / "1" / "result.json").read_text())
    assert result["clinical"] == {"histology": "SCC"}
    assert main(["status", str(out)]) == 5
    assert "1 done, 2 failed or refused, 0 left" in capsys.readouterr().out
    assert main(["status", str(out), "--json"]) == 5
    assert json.loads(capsys.readouterr().out)["states"] == {"done": 1, "failed": 1}
    assert main(["query", str(out), "SELECT case_id, state FROM cases", "--csv"]) == 0
    assert capsys.readouterr().out.split() == [
        "case_id,state", "1,done", "2,failed", "cohort.csv", "row", "4,refused",
    ]  # fmt: skip
    assert main(["query", str(out), "FROM screening"]) == 0
    assert "could be started" in capsys.readouterr().out
    assert (out / "cohort.html").is_file()


def test_a_dry_run_tells_and_writes_nothing(source: Path, tmp_path: Path, capsys: Capture) -> None:
    """`good` has a scan; `bad` has a text file alone, and that is said before anything runs."""
    write_scan(source / "good", seed=1)
    assert main(["batch", str(source), "-o", str(tmp_path / "out"), "--dry-run", *TOY]) == 0
    told = capsys.readouterr().out
    assert "run     good: new, 1.2 GiB" in told
    assert "cannot  bad: " in told
    assert "1 of 2 cases would run, 1 at a time" in told
    assert "about 1 min by the size of the scans" in told
    assert not (tmp_path / "out").exists()


def test_strict_refuses_a_cohort_with_a_bad_row(
    source: Path, tmp_path: Path, capsys: Capture
) -> None:
    manifest = source / "cohort.csv"
    manifest.write_text("case_id,input\n1,good\n,bad\n")
    arguments = ["batch", str(manifest), "-o", str(tmp_path / "out"), "--strict", *TOY]
    assert main(arguments) == 3
    assert "cohort.csv row 3: case_id must have" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_second_batch_on_the_folder_is_refused(
    source: Path, tmp_path: Path, capsys: Capture
) -> None:
    with locked(tmp_path / "out"):
        assert main(["batch", str(source), "-o", str(tmp_path / "out"), *TOY]) == 6
    assert "another batch" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--workers", "0"], ["--time-limit", "-1"]])
def test_numbers_that_make_no_sense_are_refused(
    option: list[str], source: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["batch", str(source), "-o", str(tmp_path / "out"), *option]) == 2
    assert "expected more than 0" in capsys.readouterr().err


def test_asking_where_no_batch_ran_is_refused(tmp_path: Path, capsys: Capture) -> None:
    assert main(["status", str(tmp_path)]) == 6
    assert main(["query", str(tmp_path)]) == 6
    assert "no batch has run here" in capsys.readouterr().err
