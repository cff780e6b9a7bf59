"""What a cohort holds: a folder of patients, or a CSV or Parquet manifest with clinical columns.

A row that cannot run is named with its reason and never stops the others.
"""

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from oligocount.cohort.interrupts import interruptible
from oligocount.errors import InputError, OligocountError
from oligocount.plain_yaml import read_yaml

FACTS_FILE = "clinical.yaml"
_REQUIRED = ("case_id", "input")
_MAX_ID_LENGTH = 120
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
FactsCheck = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortCase:
    """One patient to run: where the input is, what people know, and columns carried along.

    `files` names the patient's own files below `input`; empty: all of them.
    """

    case_id: str
    input: Path
    clinical: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """All cases, by name, and each row that cannot run with its reason."""

    cases: tuple[CohortCase, ...]
    refused: Mapping[str, str]

    @property
    def carried(self) -> tuple[str, ...]:
        """Columns that are no clinical facts: they go to the cohort's tables and no further."""
        return tuple(dict.fromkeys(name for case in self.cases for name in case.given))


def read_cohort(place: Path, *, fact_names: AbstractSet[str], check_facts: FactsCheck) -> Cohort:
    """The cohort at a folder or manifest. `check_facts` raises for facts that cannot be used.

    A clinical.yaml in a patient's folder tells facts, too; a manifest's columns go before it.
    Raises InputError when the place is neither, or holds no case at all.
    """
    if place.is_dir():
        rows = list(_rows_of_folder(place))
    elif place.suffix.lower() in (".csv", ".tsv", ".parquet"):
        rows = _rows_of_manifest(place)
    else:
        raise InputError(
            f"{place}: expected a folder of patients, or a manifest .csv, .tsv or .parquet"
        )
    if not rows:
        hint = "; is it one dump of many patients? then --by-study" if place.is_dir() else ""
        raise InputError(f"{place}: holds no case{hint}")
    cohort = _checked(rows, fact_names, check_facts)
    return replace(cohort, refused={**cohort.refused, **_loose_files(place)})


def _loose_files(place: Path) -> dict[str, str]:
    """DICOM files beside the patients' folders belong to nobody: that is told, not passed over."""
    loose = [file for file in place.iterdir() if _is_dicom(file)] if place.is_dir() else []
    why = "lie beside the patients' folders; for one dump of many patients: --by-study"
    return {f"{len(loose)} DICOM files": why} if loose else {}


def _is_dicom(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        with file.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"  # PS3.10 7.1
    except OSError:
        return False


def _rows_of_folder(place: Path) -> Iterable[tuple[str, dict[str, Any]]]:
    try:
        entries = sorted(place.iterdir())
    except OSError as error:
        raise InputError(f"{place}: cannot be listed: {error.strerror}") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield entry.name, {"case_id": entry.name, "input": entry}
        elif entry.suffix.lower() == ".zip":
            yield entry.name, {"case_id": entry.stem, "input": entry}


def _rows_of_manifest(file: Path) -> list[tuple[str, dict[str, Any]]]:
    records = _read_parquet(file) if file.suffix.lower() == ".parquet" else _read_text(file)
    first = 1 if file.suffix.lower() == ".parquet" else 2  # a text file's first line is its header
    rows = []
    for number, record in enumerate(records, start=first):
        rows.append((f"{file.name} row {number}", _with_place(record, file.parent)))
    return rows


def _with_place(record: dict[str, Any], base: Path) -> dict[str, Any]:
    given = str(record.get("input") or "").strip()
    return {**record, "input": base / given if given else None}


def _read_text(file: Path) -> list[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            header = stream.readline()
            stream.seek(0)
            reader = csv.DictReader(stream, delimiter=_separator(file, header), restkey="")
            _refuse_columns(file, reader.fieldnames or ())
            return [dict(row) for row in reader]
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: expected a UTF-8 table: {error}") from error


def _separator(file: Path, header: str) -> str:
    """A tab in a .tsv, a comma in a .csv, or the semicolon that spreadsheets write in Europe."""
    if file.suffix.lower() == ".tsv":
        return "\t"
    return ";" if ";" in header and "," not in header else ","


def _read_parquet(file: Path) -> list[dict[str, Any]]:
    try:
        with interruptible(), duckdb.connect() as memory:
            result = memory.execute("SELECT * FROM read_parquet(?)", [str(file)])
            names = [column[0] for column in result.description or ()]
            _refuse_columns(file, names)
            rows = result.fetchall()
    except duckdb.Error as error:
        raise InputError(f"{file}: cannot be read as Parquet: {error}") from error
    return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]


def _plain(value: Any) -> Any:
    """The value as JSON has it: dates become text, decimals floats."""
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _refuse_columns(file: Path, names: Iterable[str]) -> None:
    given = tuple(names)
    missing = [name for name in _REQUIRED if name not in given]
    if missing:
        raise InputError(f"{file}: misses column {', '.join(missing)}; found {', '.join(given)}")
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise InputError(f"{file}: column {', '.join(twice)} stands twice")


def _fact(value: Any) -> Any:
    """A cell of a clinical column: true, false, a number, or its words; empty is None."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text or None


def _checked(
    rows: list[tuple[str, dict[str, Any]]], fact_names: AbstractSet[str], check_facts: FactsCheck
) -> Cohort:
    cases: dict[str, CohortCase] = {}
    refused: dict[str, str] = {}
    for place, row in rows:
        try:
            case = _case(row, fact_names, check_facts)
        except OligocountError as error:
            refused[place] = str(error)
            continue
        if case.case_id in cases:
            refused[place] = f"case_id {case.case_id!r} stands twice; the first row runs"
        else:
            cases[case.case_id] = case
    return Cohort(cases=tuple(cases.values()), refused=refused)


def _case(row: dict[str, Any], fact_names: AbstractSet[str], check_facts: FactsCheck) -> CohortCase:
    if row.get(""):
        raise InputError("has more cells than the header has columns")
    case_id = str(row["case_id"] if row["case_id"] is not None else "").strip()
    if not case_id or len(case_id) > _MAX_ID_LENGTH or not case_id.isprintable():
        raise InputError(f"case_id must have 1 to {_MAX_ID_LENGTH} printable characters")
    place = row["input"]
    if place is None:
        raise InputError("input is empty; expected a folder or a .zip")
    if not place.exists():
        raise InputError(f"input {place} does not exist")
    told = {
        name: value
        for name, value in row.items()
        if value not in (None, "") and name not in ("", *_REQUIRED)
    }
    columns = {name: _fact(value) for name, value in told.items() if name in fact_names}
    clinical = {**_facts_beside(place), **columns}
    check_facts(clinical)
    given = {name: value for name, value in told.items() if name not in fact_names}
    return CohortCase(case_id=case_id, input=place, clinical=clinical, given=given)


def _facts_beside(place: Path) -> dict[str, Any]:
    file = place / FACTS_FILE
    if not place.is_dir() or not file.is_file():
        return {}
    told = read_yaml(file, InputError) or {}
    if not isinstance(told, dict):
        raise InputError(f"{file}: expected a mapping of facts, found {type(told).__name__}")
    return told
