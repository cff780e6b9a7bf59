"""Masks as closed polygons, slice by slice, that enclose the centres of the mask's voxels."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours, points_in_poly

from oligocount.domain.volume import Geometry

_HALF = 0.5


def slice_contours(
    mask: NDArray[np.bool_], geometry: Geometry
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """For each slice k its polygons as LPS mm (n, 3), open: the last point is not the first.

    A hole is cut out by a channel of no width to its surrounding polygon, as PS3.3
    C.8.8.6.3 asks for with CLOSED_PLANAR.
    """
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        for polygon in _polygons(mask[k]):
            index = np.column_stack([np.full(len(polygon), float(k)), polygon])
            yield int(k), geometry.to_lps_mm(index)


def _polygons(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Outer polygons (row, column) with their holes joined in."""
    padded = np.pad(mask, 1).astype(float)
    found = [each[:-1] - 1 for each in find_contours(padded, _HALF, fully_connected="low")]
    outer = sorted((each for each in found if _area(each) < 0), key=lambda each: -_area(each))
    holes = [each for each in found if _area(each) > 0]
    joined = list(outer)
    for hole in sorted(holes, key=lambda each: each[:, 1].max()):
        around = next(n for n, each in enumerate(outer) if points_in_poly(hole[:1], each)[0])
        joined[around] = _keyhole(joined[around], hole)
    return joined


def _area(polygon: NDArray[np.float64]) -> float:
    """Signed area (shoelace); find_contours winds regions and holes in opposite senses."""
    rows, columns = polygon.T
    return float(np.dot(rows, np.roll(columns, -1)) - np.dot(columns, np.roll(rows, -1))) / 2


def _keyhole(outer: NDArray[np.float64], hole: NDArray[np.float64]) -> NDArray[np.float64]:
    """One polygon: along `outer` to the nearest point of `hole`, around it, and back."""
    gaps = np.linalg.norm(outer[:, None] - hole[None], axis=-1)
    leave, enter = np.unravel_index(gaps.argmin(), gaps.shape)
    around = np.roll(hole, -int(enter), axis=0)
    return np.concatenate([outer[: leave + 1], around, around[:1], outer[leave:]])
