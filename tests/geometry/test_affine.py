"""Grids keep their place in the world when cropped, regridded or reoriented."""

import numpy as np
import pytest

from oligocount.domain.volume import Geometry
from oligocount.geometry.affine import (
    axial_grid,
    crop,
    lps_from_ras,
    regrid,
    reverse_index_order,
)


def rotation(degrees: float) -> np.ndarray:
    angle = np.deg2rad(degrees)
    return np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )


def geometry(flips: tuple[int, int, int] = (1, 1, 1), degrees: float = 0.0) -> Geometry:
    """A 4 x 6 x 8 grid of 3 x 2 x 1.5 mm; index (k, j, i) runs along (z, y, x)."""
    affine = np.eye(4)
    axes = rotation(degrees) @ np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], float)
    affine[:3, :3] = axes * np.array([3.0, 2.0, 1.5]) * np.array(flips)
    affine[:3, 3] = (-100.0, 50.0, 7.0)
    return Geometry(shape=(4, 6, 8), affine=affine, frame_of_reference_uid="1.2")


ORIENTATIONS = [((1, 1, 1), 0), ((-1, 1, 1), 0), ((1, -1, -1), 0), ((1, 1, 1), 25)]


@pytest.mark.parametrize(("flips", "degrees"), ORIENTATIONS)
def test_index_to_world_and_back_is_the_identity(flips: tuple, degrees: float) -> None:
    grid = geometry(flips, degrees)
    index = np.array([[0, 0, 0], [3, 5, 7], [1.25, 2.5, 6.75]])
    np.testing.assert_allclose(index, grid.to_index(grid.to_lps_mm(index)), atol=1e-9)


def test_spacing_and_voxel_volume_are_those_drawn() -> None:
    assert geometry(degrees=25).spacing_mm == pytest.approx((3.0, 2.0, 1.5))
    assert geometry(degrees=25).voxel_volume_ml == pytest.approx(0.009)


@pytest.mark.parametrize(("flips", "degrees"), ORIENTATIONS)
def test_a_crop_leaves_its_voxels_where_they_were(flips: tuple, degrees: float) -> None:
    grid = geometry(flips, degrees)
    part = crop(grid, (slice(1, 3), slice(2, 6), slice(4, 5)))
    assert part.shape == (2, 4, 1)
    np.testing.assert_allclose(
        grid.to_lps_mm(np.array([1.0, 2.0, 4.0])), part.to_lps_mm(np.zeros(3)), atol=1e-9
    )


@pytest.mark.parametrize(("flips", "degrees"), ORIENTATIONS)
def test_a_regrid_keeps_the_first_corner_and_covers_the_box(flips: tuple, degrees: float) -> None:
    grid = geometry(flips, degrees)
    coarse = regrid(grid, (4.0, 4.0, 4.0))
    assert coarse.shape == (3, 3, 3)
    corner = np.full(3, -0.5)
    np.testing.assert_allclose(grid.to_lps_mm(corner), coarse.to_lps_mm(corner), atol=1e-9)


def test_an_axial_grid_contains_an_oblique_box() -> None:
    grid = geometry(degrees=25)
    around = axial_grid(grid, (3.0, 3.0, 3.0))
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in grid.shape], indexing="ij"))
    index = around.to_index(grid.to_lps_mm(corners.reshape(3, -1).T))
    assert (index >= -0.5 - 1e-9).all()
    assert (index <= np.array(around.shape) - 0.5 + 1e-9).all()


def test_ras_and_index_order_are_their_own_inverses() -> None:
    affine = geometry(degrees=25).affine
    np.testing.assert_allclose(affine, lps_from_ras(lps_from_ras(affine)))
    np.testing.assert_allclose(affine, reverse_index_order(reverse_index_order(affine)))
