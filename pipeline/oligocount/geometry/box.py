"""Boxes of voxels within an image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Box = tuple[slice, slice, slice]


def grown(box: tuple[slice, ...], by: Sequence[int], shape: Sequence[int]) -> Box:
    """The box (k, j, i), larger by so many voxels at either end of each axis, within the image."""
    k, j, i = (
        slice(max(0, one.start - more), min(size, one.stop + more))
        for one, more, size in zip(box, by, shape, strict=True)
    )
    return (k, j, i)


def bounding_box(mask: NDArray[np.bool_]) -> Box:
    """The smallest box that holds the mask; one voxel at the corner where it is empty."""
    found = ndimage.find_objects(mask.view(np.int8))
    k, j, i = found[0] if found else (slice(0, 1),) * 3
    return (k, j, i)


def box_around(mask: NDArray[np.bool_], reach_mm: float, spacing_mm: Sequence[float]) -> Box:
    """The box of the mask with all that lies within reach of it, and a voxel more."""
    reach = [int(reach_mm / step) + 1 for step in spacing_mm]
    return grown(bounding_box(mask), reach, mask.shape)
