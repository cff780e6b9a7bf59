"""Plain data to patients: the worked-cases form, result.json, and what is refused."""

# ruff: noqa: E501 - tables are read across

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from oligocount.assess import Patient, patients_from, read_patients
from oligocount.domain.anatomy import NodalClass, Side
from oligocount.domain.facts import Histology, PrimaryLocation, PrimaryStatus
from oligocount.domain.lesion import Finding, Kind, Status
from oligocount.errors import InputError


def patient(defaults: dict[str, Any] | None = None, **case: Any) -> Patient:
    document = {"cases": [{"id": "P1", "lesions": [], **case}]}
    if defaults is not None:
        document["defaults"] = defaults
    return patients_from(document)[0]


def finding(**lesion: Any) -> Finding:
    return patient(lesions=[lesion]).findings[0]


def test_a_lesion_in_short_words() -> None:
    found = finding(site="node", side="L", station="104L", cls="non", nodes=3, d=16, p=0.8)
    assert (found.id, found.kind, found.status) == (1, Kind.NODE, Status.MALIGNANT)
    assert found.site.organ == "lymph_node"
    assert found.site.side is Side.LEFT
    assert found.site.nodal_class is NodalClass.NONREGIONAL
    assert found.site.station.key == "104L"
    assert (found.n_nodes, found.longest_diameter_mm, found.probability) == (3, 16, 0.8)
    assert (found.treatable, found.diffuse, found.runner_up) == (True, False, None)


def test_a_lesion_in_long_words_is_the_same() -> None:
    short = finding(site="liver", lobe="left", d=9, st="equivocal", tr=False)
    long = finding(
        site="liver", lobe="left", longest_diameter_mm=9, status="equivocal", treatable=False
    )
    assert short == long
    assert (short.kind, short.site.lobe, short.status) == (Kind.ORGAN, "left", Status.EQUIVOCAL)


@pytest.mark.parametrize(
    ("told", "treatable"),
    [({}, True), ({"tr": True}, True), ({"tr": False}, False), ({"tr": None}, None), ({"tr": "unknown"}, None)],
)  # fmt: skip
def test_a_missing_treatability_is_this_forms_default_and_a_stated_unknown_is_unknown(
    told, treatable
) -> None:
    assert finding(site="lung", **told).treatable is treatable


@pytest.mark.parametrize(
    ("site", "organ", "kind", "diffuse"),
    [
        ("esophagus", "oesophagus", Kind.PRIMARY, False),
        ("primary", "oesophagus", Kind.PRIMARY, False),
        ("lymph_node", "lymph_node", Kind.NODE, False),
        ("mesentery", "peritoneum", Kind.ORGAN, False),
        ("muscle", "soft_tissue", Kind.ORGAN, False),
        ("pleural_effusion", "pleura", Kind.ORGAN, True),
        ("pericardial_effusion", "pericardium", Kind.ORGAN, True),
        ("ascites", "peritoneum", Kind.ORGAN, True),
        ("unknown", None, Kind.ORGAN, False),
        (None, None, Kind.ORGAN, False),
    ],
)
def test_sites_collapse_to_the_words_of_counting(site, organ, kind, diffuse) -> None:
    found = finding(site=site)
    assert (found.site.organ, found.kind, found.diffuse) == (organ, kind, diffuse)


def test_unknown_words_become_unknown() -> None:
    found = finding(
        site="node", station="unknown", cls="unknown", side="unknown", d="unknown", nodes="unknown"
    )
    assert found.site.station is None
    assert found.site.nodal_class is None
    assert found.site.side is None
    assert found.longest_diameter_mm is None
    assert found.n_nodes is None
    assert finding(site="liver", lobe="caudate").site.lobe is None
    assert finding(site="liver", st="unknown").status is Status.EQUIVOCAL
    assert finding(site="lung", second_primary=True).status is Status.EQUIVOCAL


def test_a_station_may_be_written_as_a_number() -> None:
    assert finding(site="node", station=7, cls="reg").site.station.key == "7"


def test_a_runner_up_carries_its_margin() -> None:
    found = finding(
        site="node", station="20", cls="reg", runner_up={"station": "16a2", "cls": "non", "margin_mm": 8}
    )  # fmt: skip
    assert found.runner_up.site.organ == "lymph_node"
    assert found.runner_up.site.station.key == "16a2"
    assert found.runner_up.site.nodal_class is NodalClass.NONREGIONAL
    assert found.runner_up.margin_mm == 8
    organ = finding(site="lung", runner_up={"site": "pleura", "overlap": 0.4}).runner_up
    assert (organ.site.organ, organ.overlap, organ.margin_mm) == ("pleura", 0.4, None)


def test_facts_in_short_and_long_words() -> None:
    short = {
        "months": 7,
        "prior_poly": True,
        "prior_oligo": False,
        "on_therapy": True,
        "progressing": None,
    }
    long = {
        "months_from_primary_diagnosis": 7,
        "prior_polymetastatic": True,
        "prior_oligometastatic": False,
        "on_active_systemic_therapy": True,
        "any_lesion_progressing": None,
    }
    assert patient(context=short) == patient(context=long)
    facts = patient(
        histology="AC", primary={"location": "EGJ_I", "status": "resected"}, context=short
    ).facts
    assert facts.histology is Histology.AC
    assert facts.primary_location is PrimaryLocation.EGJ_I
    assert facts.primary_status is PrimaryStatus.RESECTED
    assert facts.months_from_primary_diagnosis == 7
    assert facts.any_lesion_progressing is None


def test_defaults_hold_until_the_case_says_otherwise() -> None:
    defaults = {"months": 0, "primary_status": "untreated", "prior_poly": False, "scheme": "AJCC8"}
    facts = patient(defaults).facts
    assert facts.months_from_primary_diagnosis == 0
    assert facts.prior_polymetastatic is False
    assert facts.other["nodal_scheme"] == "AJCC8"
    facts = patient(defaults, context={"months": "unknown", "primary_status": "controlled"}).facts
    assert facts.months_from_primary_diagnosis is None
    assert facts.primary_status is PrimaryStatus.CONTROLLED
    own = patient(defaults, primary={"location": "upper", "status": "uncontrolled"}).facts
    assert own.primary_status is PrimaryStatus.UNCONTROLLED


def test_without_defaults_nothing_is_assumed_of_the_patient() -> None:
    facts = patient(context=None, primary=None).facts
    assert facts.months_from_primary_diagnosis is None
    assert facts.histology is None
    assert facts.primary_location is None
    assert facts.prior_oligometastatic is None
    assert patient(histology="unknown").facts.histology is None


def test_other_facts_are_kept_for_the_statements() -> None:
    facts = patient(context={"lytic_bone": True, "months_disease_free": 30}).facts
    assert facts.other == {"lytic_bone": True, "months_disease_free": 30}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "expected a mapping with `cases` or `lesions`, found list"),
        ({}, "the file: 'cases' is a required property"),
        ({"cases": [{"lesions": []}]}, "case number 1: the case: 'id' is a required property"),
        ({"cases": [{"id": "A"}]}, "case A: the case: 'lesions' is a required property"),
        ({"cases": ["A"]}, "case 0: the case: 'A' is not of type 'object'"),
        ({"cases": [{"id": "A", "lesions": [{"site": "toe"}]}]}, "case A: lesions.1.site: 'toe' is not one of"),
        ({"cases": [{"id": "A", "lesions": [{"site": "lung", "treatabel": False}]}]}, "case A: lesions.1: 'treatabel'"),
        ({"cases": [{"id": "A", "lesions": [{"site": "lung"}, {"site": "lung", "d": -1}]}]}, "case A: lesions.2.d"),
        ({"cases": [{"id": "A", "lesions": [{"site": "lung", "tr": 1}]}]}, "case A: lesions.1.tr: 1 is not one of"),
        ({"cases": [{"id": "A", "lesions": [], "histology": "squamous"}]}, "case A: histology: 'squamous' is not"),
        ({"cases": [{"id": "A", "lesions": [], "context": {"months": "six"}}]}, "case A: context"),
        ({"cases": [], "defaults": {"prior_poly": "maybe"}}, "defaults.prior_poly: 'maybe' is not one of"),
        ({"cases": [{"id": "A", "lesions": [{"id": 1, "site": "lung"}, {"id": 1, "site": "lung"}]}]}, "case A: lesions.id: ids must differ, found [1, 1]"),
        ({"case_id": "A", "lesions": [{"id": 1}]}, "case A: not a result.json of this version: 'kind'"),
        ({"case_id": "A", "lesions": [{"id": 1, "kind": "tumour", "status": "malignant"}]}, "case A: not a result.json of this version: 'tumour' is not a valid Kind"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_case_and_key(document, message) -> None:
    with pytest.raises(InputError) as refused:
        patients_from(document)
    assert str(refused.value).startswith(message)


def test_a_file_is_named_in_the_message(tmp_path: Path) -> None:
    absent = tmp_path / "absent.yaml"
    with pytest.raises(InputError, match=r"absent\.yaml: cannot be read"):
        read_patients(absent)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("cases: 3", "utf-8")
    with pytest.raises(InputError, match=r"wrong\.yaml: cases: 3 is not of type"):
        read_patients(wrong)


def test_yaml_and_json_are_read_alike(tmp_path: Path) -> None:
    document = {"cases": [{"id": 7, "lesions": [{"site": "lung"}]}]}
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(document), "utf-8")
    (tmp_path / "a.json").write_text(json.dumps(document), "utf-8")
    assert read_patients(tmp_path / "a.yaml") == read_patients(tmp_path / "a.json")
    assert read_patients(tmp_path / "a.json")[0].case_id == "7"


RESULT = {
    "case_id": "R1",
    "clinical": {"histology": "SCC", "months_from_primary_diagnosis": 3, "lytic_bone": None},
    "lesions": [
        {
            "id": 4, "kind": "node", "status": "equivocal", "probability": 0.4,
            "longest_diameter_mm": 12.0, "organ": "lymph_node", "organ_system": "lymph_node",
            "side": "L", "lobe": None, "station": {"ajcc8": None, "jes": "104L", "iaslc": None},
            "nodal_class": "nonregional", "n_nodes": 2, "diffuse": False, "treatable": None,
            "runner_up": {
                "organ": "lymph_node", "station": {"ajcc8": "1L", "jes": "101L", "iaslc": "1L"},
                "nodal_class": "regional", "overlap": None, "margin_mm": 3.0,
            },
        },
        {"id": 5, "kind": "physiologic", "status": "benign", "organ": "kidney"},
    ],
}  # fmt: skip


def test_a_result_is_read_as_written_and_null_is_unknown() -> None:
    (told,) = patients_from(RESULT)
    first, second = told.findings
    assert told.case_id == "R1"
    assert told.facts.histology is Histology.SCC
    assert told.facts.months_from_primary_diagnosis == 3
    assert (first.id, first.kind, first.status) == (4, Kind.NODE, Status.EQUIVOCAL)
    assert first.site.station.jes == "104L"
    assert first.runner_up.site.station.ajcc8 == "1L"
    assert first.runner_up.site.nodal_class is NodalClass.REGIONAL
    assert first.runner_up.margin_mm == 3.0
    assert (first.treatable, first.n_nodes, first.probability) == (None, 2, 0.4)
    assert (second.kind, second.treatable, second.n_nodes) == (Kind.PHYSIOLOGIC, True, 1)


def test_a_number_of_nodes_that_is_left_out_is_one() -> None:
    lesion = {"site": "node", "station": "104L", "cls": "non"}
    (patient,) = patients_from({"cases": [{"id": 1, "lesions": [lesion]}]})
    assert patient.findings[0].n_nodes == 1
