"""scripts/anatomy_field.py: a known deformation of drawn organs is found again, without folds."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from oligocount.simulate.atlas import PATIENT_ORGANS, PatientOrgans, Template
from oligocount.simulate.pose import to_template

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import anatomy_field
import anatomy_fit

NAMES = ("background", "lung", "liver", "spleen", "heart_myocardium", "kidney", "rib_left_5")
# Centre and half axes (z, y, x) in mm; kidneys are one label on both sides.
DRAWN = (
    ("lung", (-60, 0, -75), (55, 45, 35)),
    ("lung", (-60, 0, 75), (55, 45, 35)),
    ("heart_myocardium", (-80, -25, 12), (30, 25, 28)),
    ("liver", (-155, -10, -60), (38, 45, 50)),
    ("spleen", (-150, 25, 80), (28, 20, 18)),
    ("kidney", (-205, 35, -50), (28, 14, 14)),
    ("kidney", (-200, 35, 50), (28, 14, 14)),
)
ORIGIN = np.array([-256.0, -96.0, -144.0])


def axes(step: float) -> tuple[NDArray[np.float64], ...]:
    return tuple(
        np.arange(low, high, step) for low, high in zip(ORIGIN, (32, 96, 144), strict=True)
    )


def drawn_at(points: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The label of the drawn template at points (3, ...)."""
    labels = np.zeros(points.shape[1:], np.uint8)
    for name, centre, half in DRAWN:
        off = (points - np.reshape(centre, (3, 1, 1, 1))) / np.reshape(half, (3, 1, 1, 1))
        labels[(off**2).sum(axis=0) < 1] = NAMES.index(name)
    return labels


@pytest.fixture(scope="module")
def template() -> Template:
    labels = drawn_at(np.stack(np.meshgrid(*axes(2.0), indexing="ij")))
    nothing = np.zeros((1, 1, 1), np.float32)
    return Template(
        labels=labels, names=NAMES, stations=np.zeros_like(labels), station_names=("background",),
        cortex=labels > 200, depth_mm=nothing, arm_depth_mm=nothing, origin_mm=ORIGIN,
        spacing_mm=2.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def target(template: Template) -> anatomy_field.OrganDepths:
    return anatomy_field.template_depths(template)


def moved(points: NDArray[np.floating]) -> NDArray[np.floating]:
    """A known smooth way to the template: a shift, a growth and a wave of 8 mm."""
    z, y, x = points
    wave = 8 * np.sin(2 * np.pi * z / 260)
    return np.stack([14 + 0.08 * z + 0 * x, -6 + wave + 0 * y, 5 + 0.06 * x + 0 * z])


@pytest.fixture(scope="module")
def patient() -> PatientOrgans:
    points = np.stack(np.meshgrid(*axes(4.0), indexing="ij"))
    named = drawn_at(points + moved(points))
    number = [PATIENT_ORGANS.index(n.removesuffix("_myocardium")) if n in
              {d[0] for d in DRAWN} else 0 for n in NAMES]  # fmt: skip
    return PatientOrgans(
        number=1, labels=np.array(number, np.uint8)[named], spacing_mm=4.0, origin_mm=ORIGIN,
        field=np.zeros((3, 10, 7, 10), np.float32), node_mm=32.0, field_origin_mm=ORIGIN,
        z_range_mm=(-300.0, 60.0),
    )  # fmt: skip


def error_mm(patient: PatientOrgans, where: NDArray[np.bool_]) -> float:
    """The mean distance of a patient's field from the known way, at the chosen voxels."""
    points = np.stack(np.meshgrid(*axes(4.0), indexing="ij")).astype(np.float32)
    off = to_template(points, patient) - points - moved(points)
    return float(np.sqrt((off**2).sum(axis=0))[where].mean())


def least_volume(patient: PatientOrgans) -> float:
    field = torch.from_numpy(patient.field)
    return float(anatomy_field.cell_volumes(field, patient.node_mm).min())


def test_known_way_is_found_within_a_voxel(
    patient: PatientOrgans, template: Template, target: anatomy_field.OrganDepths
) -> None:
    assert error_mm(patient, patient.labels > 0) > 10
    found = replace(patient, field=anatomy_field.find_field(patient, target))
    assert error_mm(found, found.labels > 0) < 4
    fit = anatomy_fit.judged(found, template)
    assert min(fit.dice.values()) > 0.88
    assert set(fit.dice) == {"lung", "liver", "spleen", "heart", "kidney"}
    assert fit.volume_least == pytest.approx(least_volume(found))
    assert fit.volume_least > 0.4
    assert np.array_equal(found.field, np.rint(found.field))


def test_missing_organ_and_missing_kidney_do_no_harm(
    patient: PatientOrgans, target: anatomy_field.OrganDepths
) -> None:
    right = np.arange(patient.labels.shape[2]) * 4.0 + ORIGIN[2] < 0
    kidney = patient.labels == PATIENT_ORGANS.index("kidney")
    gone = (patient.labels == PATIENT_ORGANS.index("spleen")) | (kidney & right)
    fewer = replace(patient, labels=np.where(gone, 0, patient.labels).astype(np.uint8))
    found = replace(fewer, field=anatomy_field.find_field(fewer, target))
    assert error_mm(found, found.labels > 0) < 4
    assert error_mm(found, gone) < 12
    assert least_volume(found) > 0.4


def test_organ_cut_by_the_scan_is_not_stretched_to_the_whole(
    patient: PatientOrgans, target: anatomy_field.OrganDepths
) -> None:
    cut = replace(patient, z_range_mm=(-165.0, 60.0))
    found = replace(cut, field=anatomy_field.find_field(cut, target))
    z = axes(4.0)[0][:, None, None]
    liver = found.labels == PATIENT_ORGANS.index("liver")
    # The whole liver in what is left of it would be 28 mm off at the cut.
    assert (liver & (z < -185)).any()
    assert error_mm(found, liver & (z > -165) & (z < -150)) < 9
    assert error_mm(found, (found.labels > 0) & (z > -165)) < 7
    assert least_volume(found) > 0.4


def test_organs_that_changed_places_do_not_fold_the_field(
    patient: PatientOrgans, target: anatomy_field.OrganDepths
) -> None:
    crossed = patient.labels.copy()
    spleen, liver = (PATIENT_ORGANS.index(n) for n in ("spleen", "liver"))
    crossed[patient.labels == spleen], crossed[patient.labels == liver] = liver, spleen
    found = replace(
        patient, field=anatomy_field.find_field(replace(patient, labels=crossed), target)
    )
    assert least_volume(found) > 0


def test_nothing_in_common_is_said(
    patient: PatientOrgans, target: anatomy_field.OrganDepths
) -> None:
    brain = np.where(patient.labels > 0, PATIENT_ORGANS.index("brain"), 0).astype(np.uint8)
    with pytest.raises(ValueError, match="no organ in common"):
        anatomy_field.find_field(replace(patient, labels=brain), target)
    with pytest.raises(ValueError, match="no organ of 3 ml"):
        anatomy_field.find_field(replace(patient, labels=0 * patient.labels), target)
    with pytest.raises(ValueError, match="trusted range"):
        anatomy_field.find_field(replace(patient, z_range_mm=(500.0, 600.0)), target)


def test_cell_volumes_of_growth_and_of_a_mirror() -> None:
    z = torch.arange(4.0).view(4, 1, 1).expand(4, 3, 5) * 10
    still = torch.zeros_like(z)
    grown = anatomy_field.cell_volumes(torch.stack([0.5 * z, still, still]), 10.0)
    assert grown.shape == (8, 3, 2, 4)
    torch.testing.assert_close(grown, torch.full_like(grown, 1.5))
    mirrored = anatomy_field.cell_volumes(torch.stack([-2 * z, still, still]), 10.0)
    torch.testing.assert_close(mirrored, torch.full_like(mirrored, -1.0))


def test_depth_of_an_organ_is_zero_on_its_border() -> None:
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[10:20, 10:20, 10:20] = PATIENT_ORGANS.index("liver")
    labels[2, 2, 2] = PATIENT_ORGANS.index("liver")  # a speck, not a piece
    depths = anatomy_field.organ_depths(labels, np.zeros(3), 4.0)
    assert depths.names == ("liver",)
    line = depths.depth_mm[0, :, 15, 15].numpy()
    assert list(line[8:12]) == [-6, -2, 2, 6]
    assert depths.centres_mm[0] == pytest.approx([58, 58, 58])
