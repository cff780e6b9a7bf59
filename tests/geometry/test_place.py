"""Maps of a part of a grid come back to the place that they were cut from."""

import numpy as np
import pytest

from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.errors import GeometryError
from oligocount.geometry.affine import crop
from oligocount.geometry.place import place_labels, place_volume

OBLIQUE = np.array(
    [[0.3, 0.0, 2.0, 7.0], [0.2, 1.9, 0.1, -40.0], [3.0, -0.2, 0.3, 5.0], [0, 0, 0, 1]], float
)


def whole() -> LabelMap:
    array = np.random.default_rng(0).integers(0, 5, (6, 7, 8)).astype(np.uint8)
    return LabelMap(array=array, geometry=Geometry(shape=(6, 7, 8), affine=OBLIQUE))


def test_a_part_lies_where_it_was_cut_out_and_background_around() -> None:
    full = whole()
    box = (slice(0, 6), slice(2, 5), slice(1, 8))
    part = LabelMap(array=full.array[box], names={1: "liver"}, geometry=crop(full.geometry, box))
    placed = place_labels(part, full.geometry)
    expected = np.zeros_like(full.array)
    expected[box] = full.array[box]
    assert np.array_equal(expected, placed.array)
    assert placed.names == {1: "liver"}
    assert placed.geometry.is_same_grid(full.geometry)


def test_the_whole_stays_as_it_is() -> None:
    full = whole()
    assert place_labels(full, full.geometry) is full


def test_a_volume_lies_where_it_was_cut_out_and_zero_around() -> None:
    full, box = whole(), (slice(0, 6), slice(2, 5), slice(1, 8))
    values = full.array[box].astype(np.float32) + 0.5
    part = Volume(array=values, unit=Unit.SUVBW, geometry=crop(full.geometry, box))
    placed = place_volume(part, full.geometry)
    assert np.array_equal(placed.array[box], values)
    assert placed.array.sum() == pytest.approx(values.sum())
    assert placed.unit is Unit.SUVBW
    assert place_volume(placed, full.geometry) is placed


@pytest.mark.parametrize("shift", [(0.4, 0, 0), (0, 3.0, 0), (-1.0, 0, 0)])
def test_voxels_that_are_none_of_the_grid_are_refused(shift: tuple[float, float, float]) -> None:
    """Half a voxel off, or beyond an edge."""
    full = whole()
    affine = full.geometry.affine.copy()
    affine[:3, 3] = full.geometry.to_lps_mm(np.array(shift))
    moved = Geometry(shape=(6, 5, 8), affine=affine)
    with pytest.raises(GeometryError, match="no part of a grid"):
        place_labels(LabelMap(array=np.zeros((6, 5, 8), np.uint8), geometry=moved), full.geometry)
