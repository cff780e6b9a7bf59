"""`oligocount inspect` lists every series and says whether a run can start."""

import json
from pathlib import Path

import pytest

from oligocount.cli.main import main


def test_real_study_is_ready_and_its_factor_is_the_true_one(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(shared_data / "acrin_042"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] is True
    assert told["suv"]["factor"] == pytest.approx(4.2111e-4, rel=1e-4)
    assert told["suv"]["tags"]["0054,1001"] == "BQML"
    taken = [one["description"] for one in told["series"] if one["chosen"]]
    assert taken == ["PET AC", "CT IMAGES"]
    assert len(told["series"]) == 7


def test_table_names_each_series_and_reason(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(shared_data / "acrin_042")]) == 0
    table = capsys.readouterr().out
    for words in (
        "PET NAC",
        "PROPCNTS",
        "scout",
        "Real World Value Mapping",
        "missing slices: none",
    ):
        assert words in table
    assert "\nready: " in table


def test_an_empty_folder_exits_3_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(tmp_path)]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert "the folder is empty" in told.err


def test_a_study_that_is_not_ready_is_listed_and_exits_3(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (scout,) = (shared_data / "acrin_042" / "CT_SCOUT_336581").glob("*.dcm")
    (tmp_path / "scout").write_bytes(scout.read_bytes())
    assert main(["inspect", str(tmp_path), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] is False
    assert told["problem"] == "no PET series among the files; expected one"
    assert told["suv"] is None


def test_a_real_mr_is_told_with_the_evidence_and_what_is_unknown(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """De-identification took the times from these headers: the description is the last resort."""
    assert main(["inspect", str(shared_data / "sts_001"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    mr = {one["description"]: one["mr"] for one in told["series"] if one["role"] == "mr"}
    t1, t2 = mr["AXIAL SE T1 - RESEARCH"], mr["AXIAL SE T2 FAT SAT - RESEARCH"]
    assert (t1["sequence"], t1["plane"], t1["region"]) == ("t1", "axial", "other")
    assert (t2["sequence"], t2["plane"], t2["region"]) == ("t2", "axial", "other")
    assert t1["contrast"] is None
    assert t1["evidence"][0] == "by its description"
