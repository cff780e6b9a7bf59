"""Uptake without hot foci, drawn by hand: what sinks, what stays."""

import numpy as np
import pytest

from oligocount.anatomy.calm import without_hot_foci

SHAPE = (20, 24, 28)


def calm(array: np.ndarray, radius_mm: float, slices_mm: float = 4.0) -> np.ndarray:
    return without_hot_foci(array.astype(np.float32), (slices_mm, 4.0, 4.0), radius_mm)


def sphere(radius_voxels: float) -> np.ndarray:
    k, j, i = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    return (k - 10) ** 2 + (j - 12) ** 2 + (i - 14) ** 2 <= radius_voxels**2


def test_a_node_sinks_to_what_lies_around_it() -> None:
    np.testing.assert_array_equal(calm(1.0 + 9.0 * sphere(2), 10.0), 1.0)


def test_what_is_wider_than_the_ball_stays_to_the_voxel() -> None:
    """Balls of 10 mm fill a block of 24 mm, its edges apart."""
    block = np.zeros(SHAPE)
    block[6:12, 6:12, 6:12] = 5.0
    left = calm(block, 10.0)
    assert (left[8:10, 6:12, 8:10] == 5.0).all()
    assert (left[6:12, 8:10, 8:10] == 5.0).all()
    assert (left <= block).all()


def test_a_hot_node_on_a_warm_organ_sinks_to_the_organ() -> None:
    warm = np.where(np.arange(SHAPE[2]) < 14, 4.0, 1.0) * np.ones(SHAPE)
    hot = np.where(sphere(2), 12.0, warm)
    left = calm(hot, 10.0)
    assert left.max() == 4.0
    assert (left[:, :, :12] == 4.0).all()
    assert (left[:, :, 16:] == 1.0).all()


def test_cold_foci_stay() -> None:
    cold = np.full(SHAPE, 3.0)
    cold[10, 12, 14] = 0.5
    assert calm(cold, 10.0)[10, 12, 14] == 0.5


@pytest.mark.parametrize("radius_mm", [0.0, 3.9])
def test_a_ball_smaller_than_a_voxel_changes_nothing(radius_mm: float) -> None:
    noise = np.random.default_rng(0).gamma(2.0, size=SHAPE)
    np.testing.assert_array_equal(calm(noise, radius_mm), noise.astype(np.float32))


def test_the_ball_is_round_in_millimetres() -> None:
    """Along a coarse axis it reaches fewer voxels: a bar of two voxels, 16 mm, holds none."""
    bar = np.zeros(SHAPE)
    bar[10:12, 4:20, 4:24] = 5.0
    assert calm(bar, 10.0, slices_mm=8.0).max() == 0.0
    assert calm(bar, 10.0, slices_mm=12.0).max() == 5.0


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mirrored_scan_is_calmed_alike(axis: int) -> None:
    noise = np.random.default_rng(1).gamma(2.0, size=SHAPE)
    there = calm(np.flip(noise, axis), 10.0)
    np.testing.assert_array_equal(np.flip(there, axis), calm(noise, 10.0))
