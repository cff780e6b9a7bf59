"""Contours drawn by hand, with the voxels they must fill drawn beside them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligocount.domain.volume import Geometry
from oligocount.errors import GeometryError
from oligocount.intake.contours import fill_contours, plane_distance_mm


def grid(shape: tuple = (3, 7, 7), step_mm: float = 2.0) -> Geometry:
    """Voxels of 1 x 1 mm in planes `step_mm` apart, so that drawings read as indices."""
    return Geometry(shape=shape, affine=np.diag([1.0, 1.0, step_mm, 1.0])[:, [2, 1, 0, 3]])


def ring(z: float, *points: tuple[float, float]) -> np.ndarray:
    return np.array([(x, y, z) for x, y in points])


def square(z: float, low: float, high: float) -> np.ndarray:
    return ring(z, (low, low), (high, low), (high, high), (low, high))


def drawn(plane: np.ndarray) -> list[str]:
    return ["".join(".#"[int(v)] for v in row) for row in plane]


def test_a_voxel_belongs_when_its_centre_is_inside() -> None:
    filled = fill_contours([square(2, 0.6, 4.4)], grid())
    assert drawn(filled[1]) == [
        ".......",
        ".####..",
        ".####..",
        ".####..",
        ".####..",
        ".......",
        ".......",
    ]
    assert not filled[[0, 2]].any()


def test_a_keyhole_cuts_a_hole_through_a_channel_of_no_width() -> None:
    outer = [(0.5, 0.5), (5.5, 0.5), (5.5, 5.5), (0.5, 5.5), (0.5, 3.0)]
    inner = [(1.5, 3.0), (1.5, 4.5), (4.5, 4.5), (4.5, 1.5), (1.5, 1.5), (1.5, 3.0)]
    filled = fill_contours([ring(0, *outer, *inner, (0.5, 3.0))], grid())
    assert drawn(filled[0]) == [
        ".......",
        ".#####.",
        ".#...#.",
        ".#...#.",
        ".#...#.",
        ".#####.",
        ".......",
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_ring_in_a_ring_is_a_hole_and_a_ring_in_that_an_island(order: tuple) -> None:
    rings = [square(0, -0.5, 6.5), square(0, 0.5, 5.5), square(0, 2.5, 3.5)]
    filled = fill_contours([rings[n] for n in order], grid())
    assert drawn(filled[0]) == [
        "#######",
        "#.....#",
        "#.....#",
        "#..#..#",
        "#.....#",
        "#.....#",
        "#######",
    ]


def test_two_rings_apart_and_two_that_overlap_all_add() -> None:
    apart = fill_contours([square(0, -0.5, 1.5), square(0, 4.5, 6.5)], grid())
    over = fill_contours([square(0, -0.5, 3.5), square(0, 2.5, 6.5)], grid())
    assert apart[0].sum() == 8
    assert over[0].sum() == 16 + 16 - 1


@pytest.mark.parametrize(
    ("levels_mm", "expected"),
    [
        ((0, 2, 4), [1, 1, 1, 0, 0, 0]),  # on the slices, which are 2 mm apart
        ((0.9, 2.9, 4.9), [1, 1, 1, 0, 0, 0]),  # between them: each slice takes the nearest
        ((0, 1, 2, 3, 4), [1, 1, 1, 0, 0, 0]),  # finer than the image
        ((0, 6), [1, 1, 1, 1, 1, 0]),  # coarser: each plane stands for 6 mm, from -3 to 9
        ((2, 4, 8, 10), [0, 1, 1, 0, 1, 1]),  # a gap stays a gap
        ((4,), [0, 0, 1, 0, 0, 0]),  # a single plane is one slice thick
    ],
)
def test_slices_take_the_plane_of_contours_in_whose_slab_they_lie(
    levels_mm: tuple, expected: list
) -> None:
    filled = fill_contours([square(z, 1.5, 4.5) for z in levels_mm], grid((6, 7, 7)))
    assert filled.any(axis=(1, 2)).astype(int).tolist() == expected


def test_two_planes_take_their_thickness_from_the_other_structures() -> None:
    """Alone they may be sparse drawing; beside others drawn on every slice they are two islands."""
    pair = [square(z, 1.5, 4.5) for z in (2, 8)]
    every = [square(z, 1.5, 4.5) for z in (0, 2, 4, 6)]
    geometry = grid((6, 7, 7))
    slab_mm = plane_distance_mm([pair, every], geometry)
    assert slab_mm == pytest.approx(2)
    assert plane_distance_mm([pair], geometry) is None
    filled = fill_contours(pair, geometry, slab_mm=slab_mm)
    assert filled.any(axis=(1, 2)).astype(int).tolist() == [0, 1, 0, 0, 1, 0]


def test_a_plane_thinner_than_the_gap_between_slices_keeps_the_nearest_slice() -> None:
    filled = fill_contours([square(2.9, 1.5, 4.5)], grid(), slab_mm=1.0)
    assert np.argwhere(filled).tolist() == [[1, j, i] for j in (2, 3, 4) for i in (2, 3, 4)]


@given(shift=st.floats(0, 2))
def test_a_shift_between_slices_neither_gains_nor_loses_volume(shift: float) -> None:
    levels = [4 + shift + 2 * n for n in range(4)]
    filled = fill_contours([square(z, 1.5, 4.5) for z in levels], grid((12, 7, 7)))
    assert filled.any(axis=(1, 2)).sum() == 4


def test_a_structure_smaller_than_a_voxel_keeps_its_nearest_voxel() -> None:
    filled = fill_contours([square(2.9, 3.2, 3.4)], grid())
    assert np.argwhere(filled).tolist() == [[1, 3, 3]]


def test_a_structure_beyond_the_image_fills_nothing() -> None:
    assert not fill_contours([square(40, 1.5, 4.5)], grid()).any()
    assert not fill_contours([square(0, 21.5, 24.5)], grid()).any()


def test_contours_across_the_slices_are_refused() -> None:
    across = np.array([(1.0, 1.0, 0.0), (5.0, 1.0, 0.0), (5.0, 1.0, 4.0), (1.0, 1.0, 4.0)])
    with pytest.raises(GeometryError, match="not parallel"):
        fill_contours([across], grid())


@given(x=st.floats(8, 22), y=st.floats(8, 22), radius=st.floats(3, 7))
def test_a_circle_fills_its_area(x: float, y: float, radius: float) -> None:
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles), 0 * angles])
    filled = fill_contours([circle], grid((1, 30, 30)))
    assert filled.sum() == pytest.approx(np.pi * radius**2, abs=2.2 * radius)


def test_a_flipped_grid_is_filled_at_the_same_places() -> None:
    triangle = ring(2, (1.2, 0.7), (5.3, 1.1), (2.1, 5.8))
    plain = grid()
    turn = np.diag([1.0, -1.0, -1.0, 1.0])
    turn[1:3, 3] = 6
    flipped = Geometry(shape=plain.shape, affine=plain.affine @ turn)
    there = fill_contours([triangle], flipped)
    assert np.array_equal(np.flip(there, (1, 2)), fill_contours([triangle], plain))
