"""summary.json: valid FHIR R5 by a library's models, every reference kept, no patient named."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from oligocount.publish.fhir import summary_bundle
from oligocount.publish.result_json import result_document

from . import builders

bundle_module = pytest.importorskip("fhir.resources.bundle")
NOW = datetime(2024, 1, 3, 12, 0, tzinfo=UTC)


def bundle_of(**parts: object) -> dict:
    result = builders.result(**parts)
    document = json.loads(json.dumps(result_document(result)))
    return summary_bundle(document, result, NOW)


@pytest.fixture(scope="module")
def bundle() -> dict:
    return bundle_of()


def resources(bundle: dict, kind: str) -> list[dict]:
    found = [entry["resource"] for entry in bundle["entry"]]
    return [each for each in found if each["resourceType"] == kind]


def references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [each for part in value.values() for each in references(part)]
    return [each for part in value for each in references(part)] if isinstance(value, list) else []


@pytest.mark.parametrize("lesions", ["some", "none"])
def test_the_models_of_fhir_r5_accept_it_and_read_it_back_unchanged(lesions: str) -> None:
    bundle = bundle_of() if lesions == "some" else bundle_of(lesions=())
    text = json.dumps(bundle)
    read = bundle_module.Bundle.model_validate_json(text)
    assert read.get_resource_type() == "Bundle"
    kinds = [entry.resource.get_resource_type() for entry in read.entry]
    assert kinds[:3] == ["Patient", "Device", "ImagingStudy"]
    assert kinds[-1] == "DiagnosticReport"
    assert kinds.count("Observation") == 1 + 4 + (5 if lesions == "some" else 0)


def test_the_models_refuse_what_is_no_fhir(bundle: dict) -> None:
    """The check above can fail: R5 knows no status `done` and no field `colour`."""
    for change in ({"status": "done-ish "}, {"colour": "red"}):
        broken = json.loads(json.dumps(bundle))
        broken["entry"][-1]["resource"].update(change)
        with pytest.raises(ValueError, match="validation error"):
            bundle_module.Bundle.model_validate_json(json.dumps(broken))


def test_every_reference_leads_to_an_entry_and_urls_differ(bundle: dict) -> None:
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert set(references(bundle)) <= set(urls)
    (report,) = resources(bundle, "DiagnosticReport")
    assert len(report["result"]) == len(resources(bundle, "Observation"))


def test_a_lesion_is_told_with_its_measures_units_and_place(bundle: dict) -> None:
    liver = next(
        each
        for each in resources(bundle, "Observation")
        if each["code"].get("text") == "Lesion 4 organ liver"
    )
    assert liver["bodySite"]["coding"][0] == {
        "system": "http://snomed.info/sct", "code": "10200004", "display": "Liver",
    }  # fmt: skip
    values = {each["code"]["text"]: each for each in liver["component"] if "text" in each["code"]}
    assert values["SUVmax"]["valueQuantity"]["value"] == 8.0
    assert values["SUVmax"]["valueQuantity"]["code"] == "{SUVbw}g/mL"
    assert values["Counted"]["valueBoolean"] is True


def test_counts_and_verdicts_are_those_of_the_result(bundle: dict) -> None:
    told = {each["code"]["coding"][0]["code"]: each for each in resources(bundle, "Observation")}
    counts = {
        each["code"]["coding"][0]["code"]: each["valueInteger"]
        for each in told["counts"]["component"]
    }
    assert (counts["N"], counts["N_low"], counts["N_high"]) == (2, 2, 3)
    assert told["CN2025"]["valueCodeableConcept"]["coding"][0]["code"] == "INDETERMINATE"


def test_an_unknown_measure_is_left_out_and_not_zero() -> None:
    four = builders.located_lesions(builders.geometry())[3]
    unknown = dataclasses.replace(
        four, lesion=dataclasses.replace(four.lesion, suv_peak=None, probability=None)
    )
    text = json.dumps(bundle_of(lesions=(unknown,)))
    assert "SUVpeak" not in text
    assert "SUVmax" in text
    assert "Probability" not in text


def test_the_patient_is_a_pseudonym_alone(bundle: dict) -> None:
    (patient,) = resources(bundle, "Patient")
    assert patient == {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:oligocount:case", "value": "case-1"}],
    }


def test_the_same_case_has_the_same_urls(bundle: dict) -> None:
    assert [each["fullUrl"] for each in bundle_of()["entry"]] == [
        each["fullUrl"] for each in bundle["entry"]
    ]


def test_a_series_from_a_file_has_an_id_that_fhir_takes() -> None:
    study = builders.study()
    named = dataclasses.replace(study.series[0], uid="/data/my scan.nii.gz")
    bundle = bundle_of(study=dataclasses.replace(study, series=(named,)))
    bundle_module.Bundle.model_validate_json(json.dumps(bundle))
    assert "my scan" not in json.dumps(bundle)
