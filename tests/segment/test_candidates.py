"""Spots that stand out: hot ones cut at valleys, faint ones that stand alone, and their numbers."""

from dataclasses import replace

import numpy as np
import pytest

from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap, Volume
from oligocount.segment.candidates import find_candidates
from oligocount.segment.describe import ALONE, describe
from oligocount.segment.spots import FEATURES, Spots, find_spots
from oligocount.segment.surroundings import GROUPS, group_numbers, survey

SETTINGS = load_settings().segment
LEVEL = 4.0


def with_suv(images: AlignedImages, suv: np.ndarray) -> AlignedImages:
    held = images.suv
    return AlignedImages(suv=Volume(array=suv, unit=held.unit, geometry=held.geometry))


def feature(spots: Spots, name: str) -> dict[int, float]:
    column = ALONE.index(name)
    return {n: float(row[column]) for n, row in enumerate(spots.rows, start=1)}


def tops(labels: np.ndarray, suv: np.ndarray) -> list[float]:
    return sorted(float(suv[labels == n].max()) for n in range(1, int(labels.max()) + 1))


def test_heart_node_and_focus_are_hot_spots_and_the_liver_a_faint_one(
    images: AlignedImages, organs: OrganMap
) -> None:
    found = find_candidates(images.suv, organs, LEVEL, SETTINGS)
    assert tops(found, images.suv.array) == [2, 8, 9, 12]


def test_a_faint_focus_that_stands_alone_is_a_spot(images: AlignedImages, organs: OrganMap) -> None:
    suv = images.suv.array.copy()
    suv[12:15, 24:27, 30:33] = 3.0  # below the level, three times what is around it
    found = find_candidates(with_suv(images, suv).suv, organs, LEVEL, SETTINGS)
    assert tops(found, suv) == [2, 3, 8, 9, 12]


def test_a_slope_of_a_hot_spot_is_no_part_of_it(images: AlignedImages, organs: OrganMap) -> None:
    """The level is 4; the spot of 30 ends where uptake falls below 12."""
    suv = images.suv.array.copy()
    suv[5:9, 22:26, 28:32] = 30.0
    suv[9:13, 22:26, 28:32] = 6.0
    found = find_candidates(with_suv(images, suv).suv, organs, LEVEL, SETTINGS)
    spot = found == found[6, 23, 29]
    assert suv[spot].min() == 30


def test_a_hot_spot_reaches_down_its_slope_as_far_as_it_may(
    images: AlignedImages, organs: OrganMap
) -> None:
    """The level is 4 and the peak 5: what is 3 belongs to it within 12 mm, what is 2 does not."""
    step = images.suv.geometry.spacing_mm[0]
    suv = np.full(images.suv.array.shape, 0.5, np.float32)
    suv[6:8, 22:24, 20:22] = 5.0
    suv[6:8, 22:24, 22:32] = 3.0
    suv[6:8, 24:26, 20:22] = 2.0
    found = find_candidates(with_suv(images, suv).suv, organs, LEVEL, SETTINGS)
    spot = found == found[6, 22, 20]
    assert set(np.unique(suv[spot])) == {5, 3}
    reach = np.flatnonzero((spot & (suv == 3)).any(axis=(0, 1)))
    assert len(reach) == SETTINGS.candidate.downhill_mm // step


def test_even_uptake_has_no_spot(images: AlignedImages, organs: OrganMap) -> None:
    even = with_suv(images, np.full(images.suv.array.shape, 1.5))
    assert find_spots(even, organs, SETTINGS).rows.shape == (0, len(FEATURES))


def test_a_spot_is_told_by_the_organ_that_holds_it(images: AlignedImages, organs: OrganMap) -> None:
    spots = find_spots(images, organs, SETTINGS)
    top, heart = feature(spots, "top"), feature(spots, "in_heart")
    by_top = {round(float(np.exp(top[n]))): heart[n] for n in top}
    assert by_top[8] == 1
    assert by_top[9] == 0


def test_numbers_are_finite_and_one_a_feature(images: AlignedImages, organs: OrganMap) -> None:
    spots = find_spots(images, organs, SETTINGS)
    assert len(set(FEATURES)) == len(FEATURES)
    assert spots.rows.shape == (int(spots.labels.max()), len(FEATURES))
    assert np.isfinite(spots.rows).all()


def test_twice_the_uptake_everywhere_leaves_ratios_alone(
    images: AlignedImages, organs: OrganMap
) -> None:
    """A spot's contrast is the same in a patient with twice the SUV, its own level too."""
    once = find_spots(images, organs, SETTINGS)
    twice = find_spots(with_suv(images, 2 * images.suv.array), organs, SETTINGS)
    for name in ("top_over_level", "over_around", "saddle", "evenness", "in_liver"):
        assert feature(once, name) == pytest.approx(feature(twice, name), abs=1e-4)


def test_without_organs_spots_are_described_all_the_same(images: AlignedImages) -> None:
    nothing = LabelMap(
        array=np.zeros(images.suv.array.shape, np.uint8), geometry=images.suv.geometry
    )
    body = survey(images.suv.array, None, None, nothing, level=LEVEL)
    labels = np.zeros(images.suv.array.shape, np.int32)
    labels[5:9, 22:26, 28:32] = 1
    rows = describe(labels, body)
    assert rows[0, ALONE.index("in_none")] == 1
    assert rows[0, ALONE.index("knows_below_lungs")] == 0
    assert np.isfinite(rows).all()


@pytest.mark.parametrize(
    ("name", "group"),
    [("lung_upper_lobe_left", "lung"), ("kidney_right", "kidney"), ("vertebrae_T8", "spine"),
     ("subclavian_artery_left", "vessels"), ("colon", "bowel"), ("gluteus_maximus_left", "muscle"),
     ("ribosome", "filler"), ("body", "filler"), ("hip_left", "limb_bone")],
)  # fmt: skip
def test_names_of_any_provider_fall_into_a_group(
    name: str, group: str, images: AlignedImages
) -> None:
    array = np.ones(images.suv.array.shape, np.uint8)
    labels = LabelMap(array=array, names={1: name}, geometry=images.suv.geometry)
    assert group_numbers(labels).max() == 1 + list(GROUPS).index(group)


def test_a_cooler_spot_must_stand_out_more(images: AlignedImages, organs: OrganMap) -> None:
    suv = images.suv.array.copy()
    suv[12:15, 24:27, 30:33] = 3.0
    strict = replace(SETTINGS, candidate=replace(SETTINGS.candidate, min_contrast=3.5))
    usual = find_spots(with_suv(images, suv), organs, SETTINGS)
    few = find_spots(with_suv(images, suv), organs, strict)
    assert len(usual.rows) == len(few.rows) + 1
