"""Projections: a hot voxel is seen where `to_pixel` says, from every side, on every grid."""

import numpy as np
import pytest

from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.publish.projections import project

from .test_masks import GRIDS

PLACE = np.array([3.0, 1.0, 2.0])  # (k, j, i)


def one_hot_voxel(affine: np.ndarray) -> Volume:
    grid = Geometry(shape=(6, 7, 8), affine=affine)
    array = np.full(grid.shape, 0.5)
    array[tuple(PLACE.astype(int))] = 20.0
    return Volume(array=array, unit=Unit.SUVBW, geometry=grid)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 135.0, 180.0, 270.0, 350.0])
@pytest.mark.parametrize("name", GRIDS)
def test_the_hottest_pixel_lies_where_the_hot_voxel_does(name: str, angle: float) -> None:
    suv = one_hot_voxel(GRIDS[name])
    (view,) = project(suv, (angle,), pixel_mm=1.0, body_suv=0.1)
    row, column = np.unravel_index(view.picture.argmax(), view.picture.shape)
    lps = suv.geometry.to_lps_mm(PLACE)
    x, y = view.to_pixel((float(lps[0]), float(lps[1]), float(lps[2])))
    assert abs(x - (column + 0.5)) <= 2.0  # half a voxel
    assert abs(y - (row + 0.5)) <= 2.0  # half a voxel


def test_the_patients_right_is_at_the_left_of_the_frontal_picture_and_the_head_is_up() -> None:
    (view,) = project(one_hot_voxel(GRIDS["axial"]), (0.0,), pixel_mm=1.0, body_suv=0.1)
    middle = view.centre_lps_mm
    right = view.to_pixel((middle[0] - 5, middle[1], middle[2] + 5))
    left = view.to_pixel((middle[0] + 5, middle[1], middle[2] - 5))
    assert right[0] < left[0]
    assert right[1] < left[1]


def test_from_the_left_the_front_is_at_the_left() -> None:
    (view,) = project(one_hot_voxel(GRIDS["axial"]), (90.0,), pixel_mm=1.0, body_suv=0.1)
    x, y, z = view.centre_lps_mm
    assert view.to_pixel((x, y - 5, z))[0] < view.to_pixel((x, y + 5, z))[0]


def test_from_behind_everything_is_mirrored() -> None:
    front, back = project(one_hot_voxel(GRIDS["axial"]), (0.0, 180.0), pixel_mm=2.0, body_suv=0.1)
    np.testing.assert_allclose(front.picture, back.picture[:, ::-1])


def test_an_empty_field_of_view_is_an_empty_picture() -> None:
    grid = Geometry(shape=(3, 4, 5), affine=np.diag([2.0, 2.0, 2.0, 1.0])[[2, 1, 0, 3]])
    nothing = Volume(array=np.zeros(grid.shape), unit=Unit.SUVBW, geometry=grid)
    (view,) = project(nothing, (45.0,), pixel_mm=2.0, body_suv=0.1)
    assert view.picture.max() == 0
    assert view.picture.shape[0] == 3
