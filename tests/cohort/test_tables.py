"""The cohort's tables say what the cases say, and views answer the common questions."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from finished import finish, result

from oligocount.cohort.schema import TABLES
from oligocount.cohort.tables import CONTENTS, DATABASE, ask, write_tables
from oligocount.errors import ConfigError, PublishError


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """a: OLIGO under A only; b: undecided under B; c failed; one row refused."""
    folder = finish(
        tmp_path / "out",
        result("a", A="OLIGO", B="NOT_OLIGO"),
        result("b", A="OLIGO", B="INDETERMINATE"),
        failed="c",
    )
    write_tables(folder)
    return folder


def rows(out: Path, question: str) -> list[tuple[Any, ...]]:
    return list(ask(out, question)[1])


def test_every_case_and_refused_row_has_its_line(out: Path) -> None:
    assert rows(out, "SELECT case_id, state, N, n_counted, suv_max, tlg FROM cases") == [
        ("a", "done", 2, 2, 11.0, 30.0),
        ("b", "done", 2, 2, 11.0, 30.0),
        ("c", "failed", None, None, None, None),
        ("cohort.csv row 9", "refused", None, None, None, None),
    ]
    assert rows(out, "SELECT DISTINCT given->>'centre' FROM cases WHERE given IS NOT NULL") == [
        ("north",)
    ]


def test_parquet_holds_the_same_rows_and_columns(out: Path) -> None:
    for name, columns in TABLES.items():
        with duckdb.connect() as memory:
            table = memory.execute(f"FROM read_parquet('{out / name}.parquet')")
            assert [column[0] for column in table.description] == [one.name for one in columns]
            assert table.fetchall() == rows(out, f"FROM {name}")


def test_views_answer_the_common_questions(out: Path) -> None:
    assert rows(out, "SELECT definition, case_id, beyond_doubt FROM eligible") == [
        ("A", "a", True),
        ("A", "b", True),
    ]
    assert rows(out, "SELECT * EXCLUDE reason FROM disagreement") == [
        ("A", "B", "a", "NOT_OLIGO"),
        ("A", "B", "b", "INDETERMINATE"),
    ]
    assert rows(out, "SELECT case_id, definition, lesion, organ FROM indeterminate") == [
        ("b", "B", 2, "liver")
    ]
    assert rows(out, "SELECT organ, lesions, cases FROM by_organ") == [("liver", 4, 2)]
    assert rows(out, "FROM by_class") == [(1, "de_novo_synchronous", 2)]
    assert rows(out, "FROM screening") == [
        ("rows and folders given", 4),
        ("could be started", 3),
        ("done", 2),
        ("with at least one distant lesion or station", 2),
        ("oligometastatic: A", 2),
        ("oligometastatic: B", 0),
    ]


def test_every_case_that_is_lost_on_the_way_has_a_reason(out: Path) -> None:
    assert rows(out, "FROM exclusions") == [
        ("could be started", "the row cannot run", 1),
        ("done", "InputError", 1),
    ]
    lost = rows(out, "SELECT sum(cases) FROM exclusions")
    kept = rows(out, "SELECT cases FROM screening WHERE what LIKE 'with at least one%'")
    assert lost[0][0] + kept[0][0] == rows(out, "SELECT count(*) FROM cases")[0][0]


def test_stages_tell_time_and_memory(out: Path) -> None:
    assert rows(out, "FROM stages WHERE case_id = 'a'") == [
        ("a", "intake", 0.5, 400.0), ("a", "lesions", 1.5, 500.0),
    ]  # fmt: skip
    assert rows(out, "SELECT stage, median_seconds, most_peak_mib FROM pace") == [
        ("lesions", 1.5, 500.0), ("intake", 0.5, 400.0),
    ]  # fmt: skip


def test_one_scan_under_two_names_is_found(tmp_path: Path) -> None:
    twin = result("twin")
    twin["inputs"] = result("a")["inputs"]
    finish(tmp_path / "out", result("a"), twin, result("other"))
    write_tables(tmp_path / "out")
    assert rows(tmp_path / "out", "SELECT cases FROM same_scan") == [(["a", "twin"],)]


def test_an_outlier_stands_out_of_many(tmp_path: Path) -> None:
    """Forty cases with 10 to 20 ml and one with 500 ml."""
    many = [result(f"p{number:02d}") for number in range(41)]
    for number, one in enumerate(many):
        one["lesions"][0]["mtv_ml"] = 500.0 if number == 17 else 10.0 + number / 4
    finish(tmp_path / "out", *many)
    write_tables(tmp_path / "out")
    assert rows(tmp_path / "out", "SELECT case_id, measure FROM outliers") == [("p17", "mtv_ml")]


def test_everything_that_can_be_asked_is_explained(out: Path) -> None:
    told = {name: meaning for name, meaning, _ in rows(out, CONTENTS)}
    assert {"cases", "lesions", "verdicts", "eligible", "screening", "outliers"} <= set(told)
    assert all(told.values())
    unexplained = (
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 'cases' AND comment IS NULL"
    )
    assert rows(out, unexplained) == []


@pytest.mark.parametrize(
    "question",
    ["DROP TABLE cases", "COPY cases TO '/tmp/stolen.csv'", "FROM nowhere", "FROM '/etc/passwd'"],
)
def test_a_question_changes_and_reads_nothing_else(question: str, out: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be answered"):
        rows(out, question)
    assert len(rows(out, "FROM cases")) == 4


def test_a_folder_without_tables_is_named(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=DATABASE):
        ask(tmp_path, "FROM cases")


def test_a_finished_case_without_result_stops_the_tables_and_keeps_the_old(out: Path) -> None:
    before = (out / "cases.parquet").read_bytes()
    (out / "cases" / "a" / "result.json").write_text("{half")
    with pytest.raises(PublishError, match=r"cases/a/result\.json"):
        write_tables(out)
    assert (out / "cases.parquet").read_bytes() == before


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    place = tmp_path / "O'Brien [2] *; 林"
    finish(place, result("a"))
    write_tables(place)
    assert rows(place, "SELECT case_id FROM cases WHERE state = 'done'") == [("a",)]


def test_an_empty_cohort_has_empty_tables(tmp_path: Path) -> None:
    finish(tmp_path / "out", failed="c")
    write_tables(tmp_path / "out")
    assert rows(tmp_path / "out", "FROM lesions") == []
