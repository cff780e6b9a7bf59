"""A drawn body with one fault at a time: what is told, and that a good scan has nothing to tell."""

import dataclasses

import numpy as np
import pytest

from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.study import AlignedImages, Tracer
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.quantify import check_quality, measure_quality
from quantify.builders import a_tracer

STEP_MM = 5.0
SHAPE = (200, 60, 80)  # 100 x 30 x 40 cm: skull base to mid-thigh
NAMES = {1: "brain", 2: "lung_left", 3: "liver", 4: "aorta", 5: "hip_left", 6: "femur_left"}
SETTINGS = load_settings().quantify
QUALITY = SETTINGS.quality


def a_scan(arm_suv: float = 0.6) -> dict[str, np.ndarray]:
    """K runs up: thighs 0-29, pelvis 30-59, liver to 110, lung above a dome, head from 170."""
    k, j, i = np.indices(SHAPE)
    trunk = ((j - 30) / 20) ** 2 + ((i - 40) / 24) ** 2 < 1
    head = ((j - 30) / 16) ** 2 + ((i - 40) / 14) ** 2 < 1
    body = np.where(k < 170, trunk, head)
    dome = 110 - ((j - 30) ** 2 + (i - 40) ** 2) / 40
    labels = np.zeros(SHAPE, np.uint8)
    inside = ((j - 30) / 16) ** 2 + ((i - 40) / 20) ** 2 < 1
    labels[inside & (k > 80) & (k <= dome)] = 3
    labels[inside & (k > dome) & (k < 150)] = 2
    labels[body & (k >= 174)] = 1
    labels[((j - 40) ** 2 + (i - 40) ** 2 < 25) & (k > 60) & (k < 150)] = 4
    labels[inside & (k >= 40) & (k < 58)] = 5
    labels[inside & (k < 40)] = 6
    levels = np.array([0.8, 9.0, 0.45, 2.1, 1.57, 1.0, 1.0])
    density = np.array([20.0, 40, -800, 60, 40, 300, 300])
    arm = ((j - 30) ** 2 + (i - 72) ** 2 < 16) & (k > 90) & (k < 150)
    suv = np.where(body, levels[labels], 0.0)
    ct = np.where(body, density[labels], -1000.0)
    suv[arm], ct[arm] = arm_suv, 20.0
    return {"suv": suv, "ct": ct, "labels": labels}


SCAN = a_scan()


def codes(
    *,
    suv: np.ndarray | None = None,
    ct: np.ndarray | None = SCAN["ct"],
    labels: np.ndarray = SCAN["labels"],
    names: dict[int, str] = NAMES,
    step_mm: float = STEP_MM,
    is_down: bool = False,
    tracer: Tracer | None = None,
    **changes: object,
) -> dict[str, str]:
    suv = SCAN["suv"] if suv is None else suv
    affine = np.diag([step_mm, step_mm, STEP_MM, 1.0])[:, [2, 1, 0, 3]]
    if is_down:
        affine[2, 0] *= -1
        suv, labels = suv[::-1], labels[::-1]
        ct = None if ct is None else ct[::-1]
    geometry = Geometry(shape=suv.shape, affine=affine)
    images = AlignedImages(
        suv=Volume(array=suv, unit=Unit.SUVBW, geometry=geometry),
        ct=None if ct is None else Volume(array=ct, unit=Unit.HU, geometry=geometry),
    )
    organs = OrganMap(
        labels=LabelMap(array=labels, names=names, geometry=geometry),
        known=frozenset(names.values()),
        model=ModelInfo(name="drawn", version="1"),
    )
    found = told(images, organs, tracer or a_tracer(), **changes)
    return {one.code: one.text for one in found}


def told(
    images: AlignedImages, organs: OrganMap, tracer: Tracer | None, **changes: object
) -> tuple[Caveat, ...]:
    return check_quality(measure_quality(images, organs, tracer, SETTINGS, **changes), QUALITY)


def test_a_good_scan_has_nothing_to_tell() -> None:
    assert codes() == {}
    assert codes(is_down=True) == {}
    assert codes(ct=None) == {}


@pytest.mark.parametrize(
    ("factor", "cause"),
    [(1e3, "wrong unit"), (1e-3, "wrong unit"), (2.6, "decay accounted for twice"),
     (0.25, "beside the vein")],
)  # fmt: skip
def test_all_levels_off_the_same_way_point_to_the_scale(factor: float, cause: str) -> None:
    found = codes(suv=SCAN["suv"] * factor)
    assert {"LIVER_SUV", "AORTA_SUV", "BODY_SUV"} <= set(found)
    assert all(cause in found[code] for code in ("LIVER_SUV", "AORTA_SUV", "BODY_SUV"))


def test_a_liver_alone_off_its_range_points_to_the_liver() -> None:
    suv = np.where(SCAN["labels"] == 3, 4.5, SCAN["suv"])
    found = codes(suv=suv, ct=None)
    assert list(found) == ["LIVER_SUV"]
    assert "disease" in found["LIVER_SUV"]


@pytest.mark.parametrize("is_down", [False, True])
@pytest.mark.parametrize(("mm", "is_told"), [(0, False), (10, False), (20, True), (-20, True)])
def test_a_shifted_diaphragm_is_told_in_millimetres(mm: int, is_told: bool, is_down: bool) -> None:
    found = codes(suv=np.roll(SCAN["suv"], round(mm / STEP_MM), 0), is_down=is_down)
    assert ("DIAPHRAGM_OFFSET" in found) is is_told
    if is_told:
        side = "higher" if mm > 0 else "lower"
        assert f"lies {abs(mm)} mm {side}" in found["DIAPHRAGM_OFFSET"]


@pytest.mark.parametrize(("axis", "words"), [(1, "15 mm front to back"), (2, "15 mm apart left")])
def test_a_shifted_patient_is_told_in_millimetres(axis: int, words: str) -> None:
    found = codes(suv=np.roll(SCAN["suv"], 3, axis))
    assert words in found["PET_CT_OFFSET"]


def test_a_leak_in_the_arm_is_told_with_its_share_of_the_dose() -> None:
    found = codes(suv=a_scan(arm_suv=30.0)["suv"])
    assert "SUV up to 30" in found["EXTRAVASATION"]
    arm_ml = 45 * 59 * 0.125  # voxels of the drawn arm
    assert f"{arm_ml * 30 / 800:.1f} % of the dose" in found["EXTRAVASATION"]


def test_a_hot_lesion_in_the_trunk_is_no_leak() -> None:
    suv = SCAN["suv"].copy()
    suv[70:75, 25:35, 35:45] = 30.0
    assert "EXTRAVASATION" not in codes(suv=suv)


def test_two_legs_are_no_arms_also_when_one_is_swollen() -> None:
    suv = SCAN["suv"].copy()
    suv[:40, :, 42:47] = 0.0
    suv[5:15, 28:32, 52:56] = 30.0
    assert "EXTRAVASATION" not in codes(suv=suv, ct=None)


@pytest.mark.parametrize(
    ("part", "words"),
    [(slice(0, 165), "the skull base"), (slice(45, 200), "the thighs"),
     (slice(62, 200), "the pelvis"), (slice(45, 165), "the skull base and the thighs")],
)  # fmt: skip
def test_what_the_scan_does_not_cover_is_named(part: slice, words: str) -> None:
    found = codes(suv=SCAN["suv"][part], ct=SCAN["ct"][part], labels=SCAN["labels"][part])
    assert f"and not {words}: " in found["FIELD_OF_VIEW"]
    assert "lower bound" in found["FIELD_OF_VIEW"]


def test_an_organ_map_that_cannot_draw_head_or_hip_leaves_it_to_the_length() -> None:
    """Absence of what could not have been drawn says nothing."""
    names = {label: name for label, name in NAMES.items() if label in (2, 3, 4)}
    labels = np.where(np.isin(SCAN["labels"], list(names)), SCAN["labels"], 0)
    assert codes(labels=labels, names=names) == {}
    short = slice(60, 165)
    found = codes(suv=SCAN["suv"][short], ct=SCAN["ct"][short], labels=labels[short], names=names)
    assert list(found) == ["FIELD_OF_VIEW"]


def test_wide_voxels_and_high_glucose_are_told() -> None:
    assert set(codes(step_mm=5.4, ct=None, glucose_mmol_l=12.0)) == {"VOXEL_LARGE", "GLUCOSE_HIGH"}
    assert codes(glucose_mmol_l=5.0) == {}


def test_slices_that_are_not_axial_are_judged_by_their_voxels_alone() -> None:
    affine = np.diag([6.0, 6.0, 6.0, 1.0])
    geometry = Geometry(shape=(5, 5, 5), affine=affine)  # k along x
    volume = Volume(array=np.zeros((5, 5, 5)), unit=Unit.SUVBW, geometry=geometry)
    organs = OrganMap(
        labels=LabelMap(array=np.zeros((5, 5, 5), int), geometry=geometry),
        known=frozenset(),
        model=ModelInfo(name="drawn", version="1"),
    )
    found = told(AlignedImages(suv=volume), organs, None)
    assert [one.code for one in found] == ["VOXEL_LARGE"]


def test_an_empty_image_is_told_and_breaks_nothing() -> None:
    found = codes(suv=np.zeros(SHAPE), ct=np.full(SHAPE, -1000.0))
    assert set(found) == {"LIVER_SUV", "AORTA_SUV"}


def test_suv_of_another_kind_is_not_held_to_levels_of_body_weight() -> None:
    affine = np.diag([5.0, 5.0, 5.0, 1.0])[:, [2, 1, 0, 3]]
    geometry = Geometry(shape=SHAPE, affine=affine)
    images = AlignedImages(suv=Volume(array=SCAN["suv"] * 3, unit=Unit.GML, geometry=geometry))
    organs = OrganMap(
        labels=LabelMap(array=SCAN["labels"], names=NAMES, geometry=geometry),
        known=frozenset(NAMES.values()),
        model=ModelInfo(name="drawn", version="1"),
    )
    tracer = dataclasses.replace(a_tracer(), patient_weight_kg=None)
    assert told(images, organs, tracer) == ()
