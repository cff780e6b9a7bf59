"""The truth of a phantom: what the engine may be held to."""

from dataclasses import replace

import numpy as np
import pytest
from hand_built import phantom

from oligocount.assess import check_facts, patients_from
from oligocount.domain.lesion import Kind, Status
from oligocount.domain.volume import Geometry, LabelMap
from oligocount.simulate.truth import clinical_facts, shown_sex, truth_document


def test_the_engine_reads_the_truth_as_a_patient() -> None:
    """Two distant findings in two systems; the primary and the mimic are told, not counted."""
    (patient,) = patients_from(truth_document(phantom(), "PHANTOM-3"))
    assert [(one.id, one.kind) for one in patient.findings] == [
        (1, Kind.PHYSIOLOGIC), (2, Kind.ORGAN), (3, Kind.NODE), (4, Kind.PRIMARY),
    ]  # fmt: skip
    assert patient.findings[0].status is Status.BENIGN
    assert all(one.treatable for one in patient.findings)
    assert patient.findings[1].site.organ_system == "serosa"
    station = patient.findings[2].site.station
    assert station is not None
    assert (station.ajcc8, station.jes, station.iaslc) == ("104L", "104L", "1L")


def test_what_counts_is_marked() -> None:
    counted = [one["counted"] for one in truth_document(phantom(), "x")["lesions"]]
    assert counted == [False, True, True, False]


@pytest.mark.parametrize(
    ("primary_slice", "location"),
    [(2, "lower"), (5, "middle"), (8, "upper"), (9, "cervical"), (0, None)],
)
def test_the_primary_lies_where_the_facts_say(primary_slice: int, location: str | None) -> None:
    """By the paraoesophageal level at its centre; above 8U is cervical, below 8Lo unknown."""
    assert clinical_facts(phantom(primary_slice=primary_slice)).get("primary_location") == location


@pytest.mark.parametrize(
    ("names", "sex"),
    [
        ({1: "body", 2: "prostate", 3: "urinary_bladder"}, "M"),
        ({1: "body", 2: "femur_left", 3: "urinary_bladder"}, "F"),
        ({1: "body", 2: "liver", 3: "heart"}, None),
    ],
)
def test_the_sex_is_that_of_the_organs_shown(names: dict[int, str], sex: str | None) -> None:
    organs = np.array([[[1, 2, 3]]], np.uint8)
    geometry = Geometry(shape=(1, 1, 3), affine=np.eye(4))
    labels = LabelMap(array=organs, names=names, geometry=geometry)
    assert shown_sex(replace(phantom(), organs=labels)) == sex


def test_facts_are_valid_and_fit_the_primary() -> None:
    with_primary = clinical_facts(phantom())
    without = clinical_facts(phantom(primary_slice=None))
    for facts in (with_primary, without):
        check_facts(facts)
    assert with_primary["primary_status"] == "untreated"
    assert with_primary["months_from_primary_diagnosis"] == 0
    assert with_primary["histology"] == "SCC", "a gland tumour is not in the middle third"
    assert without["primary_status"] == "resected"
    assert without["months_from_primary_diagnosis"] > 6
