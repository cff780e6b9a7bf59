"""The cohort's tables: Parquet for any tool, and a DuckDB file with views for questions."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import duckdb

from oligocount.cohort.interrupts import interruptible
from oligocount.cohort.ledger import Attempt, Ledger, State
from oligocount.cohort.plan import WORK_FOLDER, case_folder
from oligocount.cohort.rows import (
    case_row,
    lesion_rows,
    reader_verdict_rows,
    reading_rows,
    refused_row,
    stage_rows,
    verdict_rows,
)
from oligocount.cohort.schema import TABLE_MEANINGS, TABLES, Column
from oligocount.errors import ConfigError, PublishError
from oligocount.publish.case_folder import READER

DATABASE = "cohort.duckdb"
CONTENTS = """
SELECT name, meaning, columns FROM (
  SELECT table_name AS name, comment AS meaning, 0 AS rank FROM duckdb_tables()
  UNION ALL SELECT view_name, comment, 1 FROM duckdb_views() WHERE NOT internal
) JOIN (
  SELECT table_name AS name, string_agg(column_name, ', ' ORDER BY column_index) AS columns
  FROM duckdb_columns() GROUP BY table_name
) USING (name) ORDER BY rank, name"""
_READER = Path(READER, "result.json")
_VIEWS = Path(__file__).with_name("views.sql")
_LONGEST_ROW = 64 << 20


def write_tables(out: Path) -> None:
    """cases, lesions and verdicts stand in `out` as Parquet, and cohort.duckdb with its views.

    Each file is whole or as it was. Raises PublishError when it cannot be written, or when a
    finished case has no readable result.
    """
    work = out / WORK_FOLDER / "tables"
    try:
        work.mkdir(parents=True, exist_ok=True)
        _write_lines(out, work)
        with interruptible():
            _build(work)
        for name in (*(f"{table}.parquet" for table in TABLES), DATABASE):
            (work / name).replace(out / name)
    except OSError as error:
        raise PublishError(f"{out}: the tables cannot be written: {error.strerror}") from error
    except duckdb.Error as error:
        raise PublishError(f"{out}: the tables cannot be built: {error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def ask(out: Path, question: str) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
    """The column names and the rows of a read-only SQL question to a cohort.

    Raises PublishError when the folder has no tables, ConfigError for a question that fails.
    """
    file = out / DATABASE
    if not file.is_file():
        raise PublishError(f"{out}: holds no {DATABASE}; run `oligocount batch` first")
    try:
        connection = duckdb.connect(
            str(file), read_only=True, config={"enable_external_access": "false"}
        )
        with interruptible():
            result = connection.execute(question)
        names = tuple(column[0] for column in result.description or ())
    except duckdb.Error as error:
        raise ConfigError(f"the question cannot be answered: {error}") from error
    return names, _rows(result)


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    with interruptible():
        while some := result.fetchmany(1000):
            yield from some


def _write_lines(out: Path, work: Path) -> None:
    """One JSON object a line for each table: memory does not grow with the cohort."""
    with ExitStack() as stack:
        files = {
            name: stack.enter_context((work / f"{name}.jsonl").open("w", encoding="utf-8"))
            for name in TABLES
        }
        ledger = stack.enter_context(Ledger.open_read_only(out))
        latest = {one.case_id: one for one in ledger.latest()}
        for case_id, given in ledger.given().items():
            _write_case(files, out, case_id, latest.get(case_id), given)
        for place, reason in ledger.refused().items():
            _write(files["cases"], refused_row(place, reason))


def _write_case(
    files: Mapping[str, IO[str]], out: Path, case_id: str, last: Attempt | None, given: str
) -> None:
    folder = case_folder(out, case_id)
    result = None
    for row in stage_rows(last) if last is not None else ():
        _write(files["stages"], row)
    if last is not None and last.outcome.state is State.DONE:
        result = _read_result(folder / "result.json")
        result["case_id"] = case_id
        for row in lesion_rows(result):
            _write(files["lesions"], row)
        for row in verdict_rows(result):
            _write(files["verdicts"], row)
        if (folder / _READER).is_file():
            reader = _read_result(folder / _READER) | {"case_id": case_id}
            for row in reading_rows(result, reader):
                _write(files["readings"], row)
            for row in reader_verdict_rows(result, reader):
                _write(files["reader_verdicts"], row)
    row = case_row(case_id, last, result, os.fspath(folder.relative_to(out)))
    _write(files["cases"], row | {"given": json.loads(given)})


def _read_result(file: Path) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise PublishError(
            f"{file}: a finished case has no readable result: {error}; run the batch again"
        ) from error
    return result


def _write(file: IO[str], row: Mapping[str, Any]) -> None:
    file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _build(work: Path) -> None:
    database = work / DATABASE
    database.unlink(missing_ok=True)
    with TemporaryDirectory(prefix="oligocount-") as place, duckdb.connect(str(database)) as opened:
        plain = Path(place, "work")  # brackets or quotes in OUT's name mean something to DuckDB
        plain.symlink_to(work.absolute())
        for name, columns in TABLES.items():
            _load(opened, name, columns, plain)
        opened.execute(_VIEWS.read_text("utf-8"))


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _load(
    connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[Column, ...], work: Path
) -> None:
    declared = ", ".join(f'"{one.name}" {one.kind}' for one in columns)
    connection.execute(f"CREATE TABLE {name} ({declared})")
    lines = work / f"{name}.jsonl"
    if lines.stat().st_size:
        kinds = "{" + ", ".join(f"'{one.name}': '{one.kind}'" for one in columns) + "}"
        connection.execute(
            f"INSERT INTO {name} SELECT * FROM read_json(?, format = 'newline_delimited',"  # noqa: S608 - names of our own schema
            f" columns = {kinds}, maximum_object_size = {_LONGEST_ROW})",
            [str(lines)],
        )
    connection.execute(f"COMMENT ON TABLE {name} IS '{_quoted(TABLE_MEANINGS[name])}'")
    for one in columns:
        connection.execute(f"COMMENT ON COLUMN {name}.\"{one.name}\" IS '{_quoted(one.meaning)}'")
    connection.execute(f"COPY {name} TO '{work / name}.parquet' (FORMAT parquet)")
