"""Resampling moves numbers without inventing any."""

import numpy as np
import pytest

from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.geometry.affine import crop, regrid
from oligocount.geometry.resample import resample_labels, resample_volume


def grid(shape: tuple[int, int, int], spacing: float = 2.0) -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = spacing
    affine[3, 3] = 1
    return Geometry(shape=shape, affine=affine)


def ramp(geometry: Geometry) -> Volume:
    """Hold x + 2 y + 3 z in mm at every voxel centre: linear interpolation must give it back."""
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), -1)
    world = geometry.to_lps_mm(index.astype(float))
    return Volume(array=world @ np.array([1.0, 2.0, 3.0]), unit=Unit.HU, geometry=geometry)


def test_a_linear_ramp_is_exact_on_a_finer_grid() -> None:
    source = ramp(grid((10, 12, 14)))
    fine = crop(regrid(source.geometry, (1.0, 1.0, 1.0)), (slice(2, 16),) * 3)
    np.testing.assert_allclose(
        ramp(fine).array, resample_volume(source, fine, outside=0).array, atol=1e-3
    )


def test_a_flipped_target_gives_the_flipped_array() -> None:
    source = ramp(grid((5, 6, 7)))
    affine = source.geometry.affine.copy()
    affine[:3, 3] = source.geometry.to_lps_mm(np.array([4.0, 0.0, 6.0]))
    affine[:3, [0, 2]] *= -1
    turned = Geometry(shape=(5, 6, 7), affine=affine)
    np.testing.assert_allclose(
        source.array[::-1, :, ::-1], resample_volume(source, turned, outside=0).array, atol=1e-4
    )


def test_voxels_beyond_the_source_get_the_value_asked_for() -> None:
    far = Geometry(shape=(2, 2, 2), affine=grid((2, 2, 2)).affine + np.eye(4, k=3) * 500.0)
    assert (resample_volume(ramp(grid((3, 3, 3))), far, outside=-1024).array == -1024).all()


def test_labels_stay_labels() -> None:
    array = np.zeros((6, 6, 6), np.uint8)
    array[2:4, 2:4, 2:4] = 7
    labels = LabelMap(array=array, names={7: "liver"}, geometry=grid((6, 6, 6)))
    fine = resample_labels(labels, regrid(labels.geometry, (0.5, 0.5, 0.5)))
    assert set(np.unique(fine.array)) == {0, 7}
    assert fine.mask("liver").sum() * 0.5**3 == 8 * 2.0**3


def test_the_mean_survives_a_coarse_target() -> None:
    """A checkerboard of 0 and 10 must become 5, not an alias of itself."""
    array = np.indices((24, 24, 24)).sum(0) % 2 * 10.0
    source = Volume(array=array, unit=Unit.HU, geometry=grid((24, 24, 24), 1.0))
    coarse = resample_volume(source, regrid(source.geometry, (4.0, 4.0, 4.0)), outside=0).array
    assert coarse[1:-1, 1:-1, 1:-1] == pytest.approx(np.full((4, 4, 4), 5.0), abs=0.5)
