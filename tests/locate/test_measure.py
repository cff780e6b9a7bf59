"""Measuring lesions: hand-drawn arrays, a brute-force twin, laws, and a real tumour."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oligocount.domain.lesion import Lesion, LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.errors import GeometryError
from oligocount.locate.measure import measure, sphere_kernel

RADIUS_MM = 6.2035
OBLIQUE = np.array([[0.0, 0.0, 3.0], [0.6, 4.0 * 0.8, 0.0], [2.5, -4.0 * 0.6, 0.0]])


def grid(shape: tuple[int, int, int], axes: np.ndarray | None = None) -> Geometry:
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, 2], [0, 2, 0], [2, 0, 0]]) if axes is None else axes
    affine[:3, 3] = (-100, 50, 7)
    return Geometry(shape=shape, affine=affine)


def measured(labels: np.ndarray, suv: np.ndarray, geometry: Geometry) -> tuple[Lesion, ...]:
    lesion_map = LesionMap(
        labels=LabelMap(array=labels, geometry=geometry),
        probability={1: 0.9},
        model=ModelInfo(name="drawn", version="1"),
    )
    return measure(lesion_map, Volume(array=suv, unit=Unit.SUVBW, geometry=geometry))


def brute_force(label: int, labels: np.ndarray, suv: np.ndarray, geometry: Geometry) -> dict:
    """The definitions, voxel by voxel, with none of the shortcuts."""
    inside = np.argwhere(labels == label)
    corners = (inside[:, None] + np.array(list(itertools.product((-0.5, 0.5), repeat=3)))).reshape(
        -1, 3
    )
    points = geometry.to_lps_mm(np.unique(corners, axis=0))
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    every = np.argwhere(np.ones(labels.shape, bool))
    parts = np.array(list(itertools.product((np.arange(9) - 4) / 9, repeat=3)))
    peaks = []
    for centre in inside:
        near = every[np.abs(every - centre).max(axis=1) <= 4]
        offsets = (near[:, None] + parts - centre) @ geometry.affine[:3, :3].T
        share = (np.linalg.norm(offsets, axis=-1) <= RADIUS_MM).mean(axis=1)
        peaks.append((share * suv[tuple(near.T)]).sum() / share.sum())
    return {"diameter": distances.max(), "peak": max(peaks)}


def test_one_voxel_of_two_mm_has_the_diagonal_of_its_cube() -> None:
    labels = np.zeros((3, 3, 3), np.int32)
    labels[1, 1, 1] = 1
    (lesion,) = measured(labels, labels * 5.0, grid((3, 3, 3)))
    assert lesion.longest_diameter_mm == pytest.approx(math.sqrt(12))
    assert lesion.volume_ml == pytest.approx(0.008)
    assert (lesion.suv_max, lesion.suv_mean, lesion.tlg) == pytest.approx((5, 5, 0.04))
    assert lesion.centroid_lps_mm == pytest.approx((-98, 52, 9))
    assert lesion.probability == 0.9


def test_a_row_is_as_long_as_its_outer_corners_even_with_a_gap() -> None:
    labels = np.zeros((1, 1, 9), np.uint8)
    labels[0, 0, [1, 2, 7]] = 1  # . # # . . . . # .
    (lesion,) = measured(labels, labels.astype(float), grid((1, 1, 9)))
    assert lesion.longest_diameter_mm == pytest.approx(math.sqrt(14**2 + 2**2 + 2**2))


def test_the_sphere_holds_one_cubic_centimetre_on_every_grid() -> None:
    for axes in (None, OBLIQUE, np.diag([1.0, 1.0, 5.0]), np.diag([7.0, 8.0, 9.0])):
        geometry = grid((5, 5, 5), axes)
        assert sphere_kernel(geometry).sum() * geometry.voxel_volume_ml == pytest.approx(
            1, abs=0.02
        )


def test_uniform_uptake_has_its_peak_at_its_mean_even_at_the_edge_of_the_image() -> None:
    labels = np.zeros((4, 5, 6), np.int16)
    labels[0, 0, 0] = 1
    (lesion,) = measured(labels, np.full(labels.shape, 3.0), grid((4, 5, 6)))
    assert lesion.suv_peak == pytest.approx(3.0)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), is_oblique=st.booleans(), density=st.sampled_from([0.0, 0.08]))
def test_peak_and_diameter_equal_the_brute_force_computation(
    seed: int, is_oblique: bool, density: float
) -> None:
    random = np.random.default_rng(seed)
    shape = (6, 7, 8)
    geometry = grid(shape, OBLIQUE if is_oblique else np.diag([4.0, 3.0, 2.5])[::-1])
    labels = (random.random(shape) < density).astype(np.int32)
    labels[3, 3, 3] = 1
    suv = random.gamma(2.0, 2.0, shape)
    (lesion,) = measured(labels, suv, geometry)
    expected = brute_force(1, labels, suv.astype(np.float32), geometry)
    assert lesion.longest_diameter_mm == pytest.approx(expected["diameter"], abs=1e-6)
    assert lesion.suv_peak == pytest.approx(expected["peak"], rel=0.02)


@given(axis=st.integers(0, 2))
def test_flipping_image_and_grid_together_changes_nothing(axis: int) -> None:
    random = np.random.default_rng(3)
    suv = random.random((5, 6, 7))
    labels = (suv > 0.7).astype(np.int32)
    geometry = grid((5, 6, 7), OBLIQUE)
    turn = np.eye(4)
    turn[axis, axis], turn[axis, 3] = -1, labels.shape[axis] - 1
    flipped = Geometry(shape=geometry.shape, affine=geometry.affine @ turn)
    (one,) = measured(labels, suv, geometry)
    (two,) = measured(np.flip(labels, axis), np.flip(suv, axis), flipped)
    assert two.centroid_lps_mm == pytest.approx(one.centroid_lps_mm)
    assert (two.suv_peak, two.longest_diameter_mm) == pytest.approx(
        (one.suv_peak, one.longest_diameter_mm)
    )


def test_a_lesion_taller_than_a_slab_has_the_same_peak_wherever_it_is_cut() -> None:
    suv = np.ones((130, 3, 3))
    suv[47:49] = 9.0  # the hottest sphere lies across the border of two slabs
    labels = np.ones(suv.shape, np.int32)
    (whole,) = measured(labels, suv, grid((130, 3, 3)))
    (part,) = measured(labels[30:70], suv[30:70], grid((40, 3, 3)))
    assert whole.suv_peak == pytest.approx(part.suv_peak)


def test_labels_that_are_absent_are_left_out_and_volumes_add_up() -> None:
    labels = np.zeros((4, 4, 4), np.int32)
    labels[0], labels[2, 0] = 1, 4
    found = measured(labels, labels.astype(float), grid((4, 4, 4)))
    assert [one.id for one in found] == [1, 4]
    assert sum(one.volume_ml for one in found) == pytest.approx(20 * 0.008)


def test_an_empty_map_has_no_lesion() -> None:
    empty = np.zeros((2, 2, 2), np.int32)
    assert measured(empty, empty.astype(float), grid((2, 2, 2))) == ()


def test_a_map_on_another_grid_is_refused() -> None:
    lesion_map = LesionMap(
        labels=LabelMap(array=np.zeros((2, 2, 2), int), geometry=grid((2, 2, 2), OBLIQUE)),
        probability={},
        model=ModelInfo(name="drawn", version="1"),
    )
    suv = Volume(array=np.zeros((2, 2, 2)), unit=Unit.SUVBW, geometry=grid((2, 2, 2)))
    with pytest.raises(GeometryError, match="different grids"):
        measure(lesion_map, suv)
