"""Contours enclose exactly the centres of the voxels they were drawn around."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from oligocount.domain.volume import Geometry
from oligocount.publish.dicom.contours import slice_contours

from .test_dicom import even_odd


def enclosed(mask: np.ndarray) -> np.ndarray:
    grid = Geometry(shape=mask.shape, affine=np.diag([3.0, 2.0, 2.0, 1.0])[[2, 1, 0, 3]])
    back = np.zeros(mask.shape, bool)
    for k, points in slice_contours(mask, grid):
        back[k] ^= even_odd(grid.to_index(points)[:, 1:], mask.shape[1:])
    return back


@given(hnp.arrays(bool, st.tuples(st.integers(1, 2), st.integers(1, 9), st.integers(1, 9))))
@settings(max_examples=300, deadline=None)
def test_any_mask_comes_back_with_holes_islands_and_corners(mask: np.ndarray) -> None:
    np.testing.assert_array_equal(enclosed(mask), mask)


DRAWN = {
    "ring": ["#####", "#...#", "#...#", "#####"],
    "two_holes": ["#######", "#.##..#", "#######"],
    "island_in_a_hole": ["#######", "#.....#", "#..#..#", "#.....#", "#######"],
    "corner_to_corner": ["##...", "##...", "..##.", "..##."],
    "at_the_border": ["#...#", ".....", "#...#"],
}


@pytest.mark.parametrize("name", DRAWN)
def test_what_is_drawn_by_hand_comes_back(name: str) -> None:
    mask = np.array([[[c == "#" for c in row] for row in DRAWN[name]]])
    np.testing.assert_array_equal(enclosed(mask), mask)


@pytest.mark.parametrize(
    ("expected", "name"),
    [(1, "ring"), (1, "two_holes"), (2, "island_in_a_hole"), (2, "corner_to_corner")],
)
def test_a_hole_is_joined_to_the_polygon_around_it(expected: int, name: str) -> None:
    mask = np.array([[[c == "#" for c in row] for row in DRAWN[name]]])
    grid = Geometry(shape=mask.shape, affine=np.eye(4))
    assert len(list(slice_contours(mask, grid))) == expected
