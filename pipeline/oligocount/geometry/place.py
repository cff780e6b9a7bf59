"""Puts what was worked out on a part of a grid back onto the whole grid."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.errors import GeometryError

_TOLERANCE = 1e-3  # of a voxel


def place_labels(labels: LabelMap, onto: Geometry) -> LabelMap:
    """The labels on the whole grid of which theirs is a part; background around them.

    Raises GeometryError when their voxels are not voxels of `onto`.
    """
    if labels.geometry.is_same_grid(onto):
        return labels
    array = _placed(labels.array, labels.geometry, onto)
    return LabelMap(array=array, names=labels.names, geometry=onto)


def place_volume(volume: Volume, onto: Geometry) -> Volume:
    """The volume on the whole grid of which its own is a part; zero around it.

    Raises GeometryError as `place_labels` does.
    """
    if volume.geometry.is_same_grid(onto):
        return volume
    array = _placed(volume.array, volume.geometry, onto)
    return Volume(array=array, unit=volume.unit, geometry=onto)


def part_of(part: Geometry, onto: Geometry) -> tuple[slice, slice, slice]:
    """Where the voxels of `part` lie in the grid `onto`. Raises GeometryError when none do."""
    corners = np.array([[0, 0, 0], [n - 1 for n in part.shape]], float)
    first, last = onto.to_index(part.to_lps_mm(corners))
    low = np.rint(first).astype(int)
    high = low + part.shape
    is_aligned = np.abs(first - low).max() < _TOLERANCE and np.allclose(
        last - first, corners[1], atol=_TOLERANCE
    )
    if not is_aligned or low.min() < 0 or (high > onto.shape).any():
        raise GeometryError(f"a map of {part.shape} voxels is no part of a grid of {onto.shape}")
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (k, j, i)


def _placed(values: NDArray[Any], part: Geometry, onto: Geometry) -> NDArray[Any]:
    array = np.zeros(onto.shape, values.dtype)
    array[part_of(part, onto)] = values
    return array
