"""Patients worked by hand from the consensus text: counts, verdicts, class, alternatives, flags."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from oligocount.assess import assess, patients_from
from oligocount.config import load_settings

DOCUMENTS = [
    yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text("utf-8"))
    for name in ("worked_cases", "more_cases")
]
CASES = {case["id"]: case for document in DOCUMENTS for case in document["cases"]}
STUDIES = DOCUMENTS[0]["study_ids"]
DEFINITIONS = {"CN": "CN2025"} | {name: name for name in ("OMEC_MAIN", "OMEC_ORGAN", "ESTRO_ASTRO")}


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, Any]]:
    settings = load_settings()
    return {
        patient.case_id: assess(patient.findings, patient.facts, settings).blocks()
        for document in DOCUMENTS
        for patient in patients_from(document)
    }


def expected_studies(passed: str | list[str]) -> dict[str, str]:
    if isinstance(passed, str):
        return dict.fromkeys(STUDIES, "PASS" if passed == "ALL" else passed)
    return {name: "PASS" if name in passed else "FAIL" for name in STUDIES}


@pytest.mark.parametrize("case_id", CASES)
def test_counts_are_those_worked_by_hand(case_id: str, told: dict[str, dict[str, Any]]) -> None:
    expected = CASES[case_id]["expected"]
    found = told[case_id]["counts"]
    assert {symbol: expected[symbol] for symbol in "VSRNOM"} == {
        symbol: found[symbol] for symbol in "VSRNOM"
    }


@pytest.mark.parametrize("case_id", CASES)
def test_verdicts_are_those_worked_by_hand(case_id: str, told: dict[str, dict[str, Any]]) -> None:
    expected = CASES[case_id]["expected"]
    verdicts = told[case_id]["verdicts"]
    assert {name: expected[key] for key, name in DEFINITIONS.items()} == {
        name: verdicts[name]["decision"] for name in DEFINITIONS.values()
    }


@pytest.mark.parametrize("case_id", CASES)
def test_studies_and_class_are_those_worked_by_hand(
    case_id: str, told: dict[str, dict[str, Any]]
) -> None:
    expected = CASES[case_id]["expected"]
    assert expected_studies(expected["studies_pass"]) == told[case_id]["studies"]
    assert expected["ee9"] == told[case_id]["estro_eortc"]["name"]


@pytest.mark.parametrize("case_id", [each for each, case in CASES.items() if "alt" in case])
def test_alternatives_are_those_worked_by_hand(
    case_id: str, told: dict[str, dict[str, Any]]
) -> None:
    found = told[case_id]["alternatives"]
    for name, change in CASES[case_id]["alt"].items():
        if isinstance(change, dict):
            renamed = {DEFINITIONS.get(key, key): value for key, value in change.items()}
            assert renamed.items() <= found[name].items()
        else:
            assert change == found[name]


@pytest.mark.parametrize("case_id", [each for each, case in CASES.items() if "flags" in case])
def test_flags_hold_those_worked_by_hand(case_id: str, told: dict[str, dict[str, Any]]) -> None:
    assert set(CASES[case_id]["flags"]) <= set(told[case_id]["flags"])


@pytest.mark.parametrize(
    "case_id", [each for each, case in CASES.items() if "still_possible" in case]
)
def test_classes_still_possible_are_those_worked_by_hand(
    case_id: str, told: dict[str, dict[str, Any]]
) -> None:
    assert told[case_id]["estro_eortc"]["still_possible"] == CASES[case_id]["still_possible"]
