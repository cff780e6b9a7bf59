"""Touching foci come apart at a stated prominence; fragments go back to their focus."""

import dataclasses

import numpy as np
import pytest

from oligocount.config import load_settings
from oligocount.domain.volume import Geometry
from oligocount.segment.split import basins, join_fragments

SPLIT = dataclasses.replace(
    load_settings().segment.split, smooth_mm=0.0, prominence=0.4, min_distance_mm=8.0,
    min_piece_ml=0.05, fragment_max_ml=0.1, join_gap_mm=4.0,
)  # fmt: skip
GRID = Geometry(shape=(5, 9, 21), affine=np.array(
    [[0, 0, 4.0, 0], [0, 4.0, 0, 0], [4.0, 0, 0, 0], [0, 0, 0, 1]]))  # fmt: skip


def ridge(*profile: float) -> np.ndarray:
    """A row of uptake along i, three voxels wide in j and k."""
    suv = np.zeros(GRID.shape, np.float32)
    suv[1:4, 3:6, : len(profile)] = profile
    return suv


def count(suv: np.ndarray, settings: object = SPLIT) -> int:
    return int(basins(suv, suv > 2, GRID, settings).max())


def test_a_valley_deeper_than_the_prominence_makes_two_foci() -> None:
    """10 . 5 . 8: the valley lies 3/8 = 37 % below the lower peak, 4.5 lies 44 % below."""
    assert count(ridge(3, 6, 10, 7, 5, 6, 8, 5, 3)) == 1
    assert count(ridge(3, 6, 10, 7, 4.5, 6, 8, 5, 3)) == 2


def test_peaks_nearer_than_the_distance_are_one_focus() -> None:
    wide = dataclasses.replace(SPLIT, min_distance_mm=30.0)
    suv = ridge(3, 10, 3, 3, 3, 10, 3)  # 16 mm apart
    assert count(suv) == 2
    assert count(suv, wide) == 1


def test_a_piece_too_small_goes_back_to_its_neighbour() -> None:
    """The right peak with its half of the valley holds at most 18 voxels of 0.064 ml."""
    suv = ridge(5, 9, 10, 9, 5, 2.5, 8)
    assert count(suv) == 2
    large = dataclasses.replace(SPLIT, min_piece_ml=1.2)
    assert count(suv, large) == 1


def test_every_voxel_of_a_component_stays_in_one_piece() -> None:
    suv = ridge(3, 6, 10, 7, 2.5, 6, 8, 5, 3, 9, 2.2, 7)
    pieces = basins(suv, suv > 2, GRID, SPLIT)
    assert ((pieces > 0) == (suv > 2)).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_image_gives_the_same_number_of_foci(axis: int) -> None:
    suv = ridge(3, 6, 10, 7, 2.5, 6, 8, 5, 3, 9, 2.2, 7)
    assert count(np.flip(suv, axis).copy()) == count(suv)


def test_a_fragment_near_a_larger_focus_joins_it() -> None:
    """One voxel of 0.064 ml, one empty voxel (4 mm) away; at two empty voxels it stays."""
    labels = np.zeros(GRID.shape, np.int32)
    labels[1:4, 3:6, 0:4] = 1
    labels[2, 4, 5] = 2
    assert set(np.unique(join_fragments(labels, GRID, SPLIT))) == {0, 1}
    labels[2, 4, 5], labels[2, 4, 6] = 0, 2
    assert set(np.unique(join_fragments(labels, GRID, SPLIT))) == {0, 1, 2}


def test_two_foci_of_size_are_never_joined() -> None:
    labels = np.zeros(GRID.shape, np.int32)
    labels[1:4, 3:6, 0:4] = 1
    labels[1:4, 3:6, 5:8] = 2
    assert set(np.unique(join_fragments(labels, GRID, SPLIT))) == {0, 1, 2}


def test_a_focus_of_even_uptake_is_one_focus() -> None:
    """A component that fills its box has no neighbour to be higher than."""
    even = np.full((3, 3, 3), 5, np.float32)
    assert basins(even, even > 2, GRID, SPLIT).max() == 1


@pytest.mark.parametrize("stray", [(4, 6, 9), (2, 4, 11)], ids=["by a corner", "over a gap"])
def test_what_hangs_on_by_a_corner_or_was_joined_belongs_to_the_nearest_piece(
    stray: tuple[int, int, int],
) -> None:
    """A basin floods over faces alone; what it does not reach is no part of another lesion."""
    suv = ridge(5, 9, 10, 9, 3, 5, 8, 6, 5)
    suv[stray] = 2.5
    pieces = basins(suv, suv > 2, GRID, dataclasses.replace(SPLIT, min_piece_ml=0.1))
    assert ((pieces > 0) == (suv > 2)).all()
    assert pieces[2, 4, 2] != pieces[2, 4, 6] == pieces[stray]
