"""Volumes and label maps are valid once constructed, and cannot be changed afterwards."""

import numpy as np
import pytest

from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.errors import GeometryError

GRID = Geometry(shape=(2, 3, 4), affine=np.eye(4))


@pytest.mark.parametrize("affine", [np.eye(3), np.zeros((4, 4)), np.full((4, 4), np.nan)])
def test_an_affine_that_cannot_place_a_voxel_is_refused(affine: np.ndarray) -> None:
    with pytest.raises(GeometryError):
        Geometry(shape=(2, 2, 2), affine=affine)


def test_an_array_of_another_shape_is_refused() -> None:
    with pytest.raises(GeometryError, match="does not fit"):
        Volume(array=np.zeros((2, 3, 5)), unit=Unit.HU, geometry=GRID)


def test_a_label_map_refuses_fractions() -> None:
    with pytest.raises(GeometryError, match="integers"):
        LabelMap(array=np.zeros((2, 3, 4)), geometry=GRID)


def test_arrays_are_read_only_and_the_givers_stays_writable() -> None:
    array = np.zeros((2, 3, 4), np.float32)
    volume = Volume(array=array, unit=Unit.HU, geometry=GRID)
    with pytest.raises(ValueError, match="read-only"):
        volume.array[0, 0, 0] = 1
    array[0, 0, 0] = 1


def test_a_mask_joins_the_names_and_ignores_strangers() -> None:
    array = np.zeros((2, 3, 4), np.int16)
    array[0, 0, :3] = (1, 2, 9)
    labels = LabelMap(array=array, names={1: "liver", 2: "spleen", 9: "lung"}, geometry=GRID)
    assert labels.mask("liver", "lung", "no such organ").sum() == 2
    assert labels.mask("liver")[0, 0, 0]
    assert not labels.mask("no such organ").any()
    assert labels.id_of("spleen") == 2
    assert labels.id_of("no such organ") is None
