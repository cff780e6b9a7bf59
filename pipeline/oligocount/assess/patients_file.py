"""A file or a document of patients to checked patients."""

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema

from oligocount.assess.patient import Patient, patient_from_case, patient_from_result
from oligocount.errors import InputError
from oligocount.plain_yaml import read_yaml
from oligocount.resources import shipped_folder


def read_patients(file: Path) -> tuple[Patient, ...]:
    """The patients of a YAML or JSON file: the worked-cases form, or one result.json.

    Raises InputError that names the file, the case and the key.
    """
    document = read_yaml(file, InputError)
    try:
        return patients_from(document)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error


def patients_from(document: Any) -> tuple[Patient, ...]:
    """The patients of a document made of plain dictionaries and lists.

    Raises InputError that names the case and the key.
    """
    if not isinstance(document, Mapping):
        found = type(document).__name__
        raise InputError(f"expected a mapping with `cases` or `lesions`, found {found}")
    if "cases" not in document and "lesions" in document and "case_id" in document:
        return (_of_result(document),)
    problem = next(iter(_validator().iter_errors(document)), None)
    if problem is not None:
        raise InputError(_told(problem, document))
    defaults = document.get("defaults") or {}
    patients = tuple(patient_from_case(each, defaults) for each in document["cases"])
    _refuse_doubles(patients)
    return patients


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((shipped_folder("configs") / "patients.schema.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)


def _of_result(document: Mapping[str, Any]) -> Patient:
    try:
        return patient_from_result(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        case = document["case_id"]
        raise InputError(f"case {case}: not a result.json of this version: {error}") from error


def _told(problem: jsonschema.ValidationError, document: Mapping[str, Any]) -> str:
    path = list(problem.absolute_path)
    if path[:1] == ["cases"] and len(path) > 1:
        case = document["cases"][path[1]]
        name = (
            case.get("id", f"number {int(path[1]) + 1}") if isinstance(case, Mapping) else path[1]
        )
        return f"case {name}: {'.'.join(_words(path[2:])) or 'the case'}: {problem.message}"
    return f"{'.'.join(_words(path)) or 'the file'}: {problem.message}"


def _words(path: list[str | int]) -> Iterator[str]:
    for each in path:
        yield str(each + 1) if isinstance(each, int) else each


def _refuse_doubles(patients: tuple[Patient, ...]) -> None:
    for each in patients:
        ids = [finding.id for finding in each.findings]
        if len(set(ids)) != len(ids):
            raise InputError(f"case {each.case_id}: lesions.id: ids must differ, found {ids}")
