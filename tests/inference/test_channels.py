"""Channels: named, on the network's grid, absent images as zeros."""

import numpy as np
import pytest

from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.errors import BundleMismatch, GeometryError
from oligocount.inference.channels import Inputs, fill_channels, structure_mask

GRID = Geometry(shape=(4, 6, 5), affine=np.array(
    [[0, 0, 4.0, -8], [0, 4.0, 0, -10], [4.0, 0, 0, 100], [0, 0, 0, 1]]))  # fmt: skip


def suv(value: float) -> Volume:
    return Volume(array=np.full(GRID.shape, value, np.float32), unit=Unit.SUVBW, geometry=GRID)


def test_channels_come_in_the_order_named_and_absent_images_are_zero() -> None:
    names = ("ct_wide", "suv_log", "has_ct", "has_suv", "organs:liver", "has_organs")
    channels = fill_channels(names, Inputs(suv=suv(np.e - 1)))
    assert [float(c.mean()) for c in channels] == pytest.approx([0, 1, 0, 1, 0, 0], abs=1e-6)


def test_hounsfield_numbers_are_clipped_to_their_window() -> None:
    ct = Volume(array=np.full(GRID.shape, 3000, np.float32), unit=Unit.HU, geometry=GRID)
    channels = fill_channels(("ct_wide", "ct_soft"), Inputs(ct=ct))
    assert channels.max(axis=(1, 2, 3)).tolist() == pytest.approx([1.5, 1.25])


def test_a_channel_that_nobody_can_fill_is_refused() -> None:
    for name in ("mr_t1", "has_mr"):
        with pytest.raises(BundleMismatch, match="is not one that oligocount can fill"):
            fill_channels((name,), Inputs(suv=suv(1), ct=suv(1)))


def test_a_structure_is_found_by_name_or_by_the_beginning_of_its_name() -> None:
    """`kidney` finds kidney_left; `lung` does not find `lungfish`."""
    array = np.zeros(GRID.shape, np.uint8)
    array[0], array[1], array[2] = 1, 2, 3
    labels = LabelMap(
        array=array, names={1: "kidney_left", 2: "lung", 3: "lungfish"}, geometry=GRID
    )
    found = structure_mask(labels, ("kidney", "lung"))
    assert found.any(axis=(1, 2)).tolist() == [True, True, False, False]


def test_images_on_different_grids_are_refused() -> None:
    other = Geometry(shape=GRID.shape, affine=GRID.affine + np.eye(4, k=3))
    ct = Volume(array=np.zeros(GRID.shape, np.float32), unit=Unit.HU, geometry=other)
    with pytest.raises(GeometryError, match="different grids"):
        Inputs(suv=suv(1), ct=ct)


def test_no_image_at_all_is_refused() -> None:
    with pytest.raises(GeometryError, match="at least one image"):
        Inputs()
