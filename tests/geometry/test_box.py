"""Boxes hold their mask, and grow at either end, no further than the image."""

import numpy as np

from oligocount.geometry.box import bounding_box, box_around, grown


def test_a_box_grows_by_its_own_room_on_each_axis_within_the_image() -> None:
    box = (slice(2, 4), slice(1, 5), slice(7, 9))
    assert grown(box, (1, 3, 2), (9, 6, 10)) == (slice(1, 5), slice(0, 6), slice(5, 10))


def drawn() -> np.ndarray:
    mask = np.zeros((20, 9, 9), bool)
    mask[8, 3, 2] = mask[11, 5, 4] = True
    return mask


def test_a_bounding_box_holds_every_voxel_of_its_mask() -> None:
    assert bounding_box(drawn()) == (slice(8, 12), slice(3, 6), slice(2, 5))
    assert bounding_box(np.zeros((3, 4, 5), bool)) == (slice(0, 1),) * 3


def test_a_box_around_a_mask_holds_all_within_reach_and_a_voxel_more() -> None:
    """12 mm are two voxels of 5 mm, three of 4 and one of 10."""
    box = box_around(drawn(), 12.0, (5.0, 4.0, 10.0))
    assert box == (slice(5, 15), slice(0, 9), slice(0, 7))
