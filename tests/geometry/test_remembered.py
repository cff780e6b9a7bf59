"""A volume is brought onto a grid once, and forgotten with the volume."""

import gc

import numpy as np

from oligocount.domain.volume import Unit, Volume
from oligocount.geometry import remembered as module
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.remembered import remembered
from oligocount.geometry.resample import resample_volume


def image(seed: int = 0) -> Volume:
    array = np.random.default_rng(seed).normal(size=(12, 10, 8)).astype(np.float32)
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = 2.0
    affine[3, 3] = 1.0
    geometry = module.Geometry(shape=array.shape, affine=affine)
    return Volume(array=array, unit=Unit.HU, geometry=geometry)


def test_it_says_what_resampling_says() -> None:
    volume = image()
    grid = axial_grid(volume.geometry, (4.0, 4.0, 4.0))
    found = remembered(volume, grid, outside=-1000.0)
    expected = resample_volume(volume, grid, outside=-1000.0)
    np.testing.assert_array_equal(found.array, expected.array)


def test_it_is_asked_once_for_each_volume_grid_and_outside() -> None:
    volume = image()
    grid = axial_grid(volume.geometry, (4.0, 4.0, 4.0))
    first = remembered(volume, grid, outside=0.0)
    again = axial_grid(volume.geometry, (4.0, 4.0, 4.0))
    assert remembered(volume, again, outside=0.0) is first
    others = [
        remembered(volume, axial_grid(volume.geometry, (5.0, 4.0, 4.0)), outside=0.0),
        remembered(volume, grid, outside=-1.0),
        remembered(image(1), grid, outside=0.0),
    ]
    assert all(other is not first for other in others)


def test_what_was_remembered_goes_with_its_volume() -> None:
    volume = image()
    remembered(volume, axial_grid(volume.geometry, (4.0, 4.0, 4.0)), outside=0.0)
    before = len(module._KNOWN)
    del volume
    gc.collect()
    assert len(module._KNOWN) == before - 1
