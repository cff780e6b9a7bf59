"""What a cohort holds; bad rows are named and cost themselves alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from oligocount.cohort.manifest import Cohort, read_cohort
from oligocount.errors import InputError

FACTS = {"histology", "months_from_primary_diagnosis", "prior_polymetastatic"}


def check_facts(facts: Mapping[str, Any]) -> None:
    if facts.get("histology") not in (None, "SCC", "AC"):
        raise InputError(f"histology: expected SCC or AC, found {facts['histology']!r}")


def read(place: Path) -> Cohort:
    return read_cohort(place, fact_names=FACTS, check_facts=check_facts)


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    for name in ("p1", "p2", "Ünï cødé"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_a_folder_of_patients_is_a_cohort(inputs: Path) -> None:
    (inputs / "p3.zip").write_bytes(b"PK")
    (inputs / "notes.txt").write_text("")
    (inputs / ".hidden").mkdir()
    cohort = read(inputs)
    assert [case.case_id for case in cohort.cases] == ["p1", "p2", "p3", "Ünï cødé"]
    assert cohort.refused == {}


def test_a_csv_brings_clinical_columns(inputs: Path) -> None:
    """Empty cells stay unknown; numbers and truth values are read as such, ids never."""
    manifest = inputs / "cohort.csv"
    manifest.write_text(
        "\ufeffcase_id,input,histology,months_from_primary_diagnosis,prior_polymetastatic\n"
        "007,p1,SCC,3.5,false\n"
        "8,Ünï cødé,,,\n",
        "utf-8",
    )
    first, second = read(manifest).cases
    assert (first.case_id, first.input) == ("007", inputs / "p1")
    assert first.clinical == {
        "histology": "SCC", "months_from_primary_diagnosis": 3.5, "prior_polymetastatic": False,
    }  # fmt: skip
    assert second.clinical == {}
    assert second.input.name == "Ünï cødé"


def test_facts_in_the_patients_folder_count_and_columns_go_before(inputs: Path) -> None:
    (inputs / "p1" / "clinical.yaml").write_text("histology: SCC\nprior_polymetastatic: true\n")
    (inputs / "p2" / "clinical.yaml").write_text("histology: sarcoma\n")
    (inputs / "Ünï cødé" / "clinical.yaml").write_text("[not, a, mapping]\n")
    cohort = read(inputs)
    assert [dict(case.clinical) for case in cohort.cases] == [
        {"histology": "SCC", "prior_polymetastatic": True}
    ]
    assert set(cohort.refused) == {"p2", "Ünï cødé"}
    (inputs / "c.csv").write_text("case_id,input,histology\na,p1,AC\n")
    (case,) = read(inputs / "c.csv").cases
    assert case.clinical == {"histology": "AC", "prior_polymetastatic": True}


def test_other_columns_are_carried_along_and_are_no_facts(inputs: Path) -> None:
    (inputs / "c.csv").write_text("case_id,input,histology,centre\na,p1,SCC,north\nb,p2,AC,\n")
    cohort = read(inputs / "c.csv")
    assert cohort.carried == ("centre",)
    assert cohort.cases[0].given == {"centre": "north"}
    assert cohort.cases[0].clinical == {"histology": "SCC"}


def test_carried_columns_stay_as_they_were_written(inputs: Path) -> None:
    """Site 010 is not 8, half past one is not 90, and `no` is a word; facts are read as facts."""
    (inputs / "c.csv").write_text(
        "case_id,input,site,visit,smoker,months_from_primary_diagnosis,prior_polymetastatic\n"
        "007,p1,010,1:30,no,3.5,no\n"
    )
    (case,) = read(inputs / "c.csv").cases
    assert case.case_id == "007"
    assert case.given == {"site": "010", "visit": "1:30", "smoker": "no"}
    assert case.clinical == {"months_from_primary_diagnosis": 3.5, "prior_polymetastatic": False}


def test_a_european_spreadsheet_separates_by_semicolons(inputs: Path) -> None:
    (inputs / "c.csv").write_text("case_id;input;histology\na;p1;SCC\n", "utf-8-sig")
    (case,) = read(inputs / "c.csv").cases
    assert (case.case_id, case.clinical) == ("a", {"histology": "SCC"})


def test_bad_rows_are_named_and_the_rest_stands(inputs: Path) -> None:
    manifest = inputs / "cohort.csv"
    manifest.write_text(
        "case_id,input,histology\n"
        "a,p1,SCC\n"  # 2
        ",p1,SCC\n"  # 3
        "c,,SCC\n"  # 4
        "d,nowhere,SCC\n"  # 5
        "a,p2,SCC\n"  # 6
        "f,p2,sarcoma\n"  # 7
        "g,p2,SCC,left over\n"  # 8
        "h,p2,AC\n"  # 9
    )
    cohort = read(manifest)
    assert [case.case_id for case in cohort.cases] == ["a", "h"]
    assert {place.rsplit(" ", 1)[1] for place in cohort.refused} == set("345678")
    assert "stands twice" in cohort.refused["cohort.csv row 6"]
    assert "sarcoma" in cohort.refused["cohort.csv row 7"]
    assert "nowhere" in cohort.refused["cohort.csv row 5"]


def test_parquet_says_the_same_as_csv(inputs: Path) -> None:
    manifest = inputs / "cohort.parquet"
    with duckdb.connect() as memory:
        memory.execute(
            "COPY (SELECT 'a' AS case_id, 'p1' AS input, 3.5::DECIMAL(4,1) AS"
            " months_from_primary_diagnosis, NULL::VARCHAR AS histology, true AS"
            f" prior_polymetastatic) TO '{manifest}' (FORMAT parquet)"
        )
    (case,) = read(manifest).cases
    assert case.clinical == {"months_from_primary_diagnosis": 3.5, "prior_polymetastatic": True}
    assert case.input == inputs / "p1"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("c.csv", b"id,input\n1,p1\n", "misses column case_id"),
        ("c.csv", b"case_id,input,input\n1,p1,p2\n", "stands twice"),
        ("c.csv", b"case_id,input\n", "holds no case"),
        ("c.csv", b"case_id,input\n\xff\xfe,p1\n", "UTF-8"),
        ("c.parquet", b"no parquet", "Parquet"),
        ("c.xlsx", b"", "expected a folder"),
    ],
)
def test_a_manifest_that_is_none_is_refused(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=words):
        read(tmp_path / name)


def test_an_empty_or_absent_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no case"):
        read(tmp_path)
    with pytest.raises(InputError, match="expected a folder"):
        read(tmp_path / "nowhere")
