"""Documents in and out keep their schemas."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from assess.strategies import findings, known_facts
from oligocount.assess import Patient, assess, assess_document, assessment_document
from oligocount.config import load_settings
from oligocount.resources import shipped_folder

SETTINGS = load_settings()
WORKED = Path(__file__).parents[1] / "golden" / "worked_cases.yaml"
NAMES = ("assessment", "patients", "protocol")


def schema(name: str) -> jsonschema.Draft202012Validator:
    text = (shipped_folder("configs") / f"{name}.schema.json").read_text("utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))


@pytest.mark.parametrize("name", NAMES)
def test_each_schema_is_one(name) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name).schema)


def test_the_worked_cases_keep_both_schemas() -> None:
    document = yaml.safe_load(WORKED.read_text("utf-8"))
    assert list(schema("patients").iter_errors(document)) == []
    told = assess_document(document, SETTINGS)
    assert len(told) == len(document["cases"])
    for each in told:
        plain = json.loads(json.dumps(each, allow_nan=False))
        assert list(schema("assessment").iter_errors(plain)) == []


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(findings(), known_facts())
def test_any_patient_keeps_the_schema(patient, facts) -> None:
    told = assessment_document(
        Patient(case_id="P", findings=patient, facts=facts), assess(patient, facts, SETTINGS)
    )
    plain = json.loads(json.dumps(told, allow_nan=False))
    assert list(schema("assessment").iter_errors(plain)) == []


def test_alternatives_speak_of_the_consensus_by_its_short_name_too() -> None:
    lesions = [{"site": "lung", "side": side} for side in "LLRR"]
    case = {"id": "P", "histology": "SCC", "lesions": lesions, "context": {"months": 0}}
    (told,) = assess_document({"cases": [case]}, SETTINGS)
    change = told["alternatives"]["A1_paired_organs_split"]
    assert change["CN"] == change["CN2025"] == "OLIGO"
    assert told["alternatives"]["EA2183_N5"] == "PASS"
    assert [each["id"] for each in told["lesions"]] == [1, 2, 3, 4]
