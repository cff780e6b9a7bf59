"""Closed planar contours to voxels, on the grid of an image.

A voxel belongs to a structure when its centre lies within the contour of its plane, even-odd, so
that keyholes cut holes. Of several rings in a plane one that lies inside what is filled is a hole
(as nearly all contouring software writes them), any other adds. Each plane of contours stands
for a slab as thick as the closest two planes lie apart; a slice of the image takes the plane in
whose slab its centre lies. A structure too small for any centre keeps its nearest voxel.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from oligocount.domain.volume import Geometry
from oligocount.errors import GeometryError

_MAX_TILT_MM = 1.0  # a ring that leaves its plane by more was drawn on other planes
_SAME_PLANE_MM = 0.1

_Points = NDArray[np.float64]


def fill_contours(rings: Sequence[_Points], geometry: Geometry) -> NDArray[np.bool_]:
    """True inside `rings`, each (n, 3) points in LPS mm, on the grid of `geometry`.

    Raises GeometryError when a ring is not parallel to the slices.
    """
    filled = np.zeros(geometry.shape, bool)
    indices = [geometry.to_index(ring) for ring in rings if len(ring) > 2]
    step_mm = geometry.spacing_mm[0]
    for index in indices:
        tilt_mm = float(np.ptp(index[:, 0])) * step_mm
        if tilt_mm > _MAX_TILT_MM:
            raise GeometryError(
                f"a contour leaves its slice by {tilt_mm:.1f} mm: it was drawn on planes that are "
                "not parallel to the image's slices"
            )
    for k, plane in _slabs(indices, geometry.shape[0], _SAME_PLANE_MM / step_mm):
        filled[k] = _fill_plane(plane, geometry.shape[1:])
    if indices and not filled.any():
        _keep_nearest(filled, indices)
    return filled


def _slabs(
    indices: Sequence[_Points], n_slices: int, tolerance: float
) -> Iterator[tuple[int, list[_Points]]]:
    """Each slice of the image that lies in the slab of a plane of contours, with its rings."""
    planes = _planes(indices, tolerance)
    levels = np.array([np.mean([ring[:, 0].mean() for ring in plane]) for plane in planes])
    half = (np.diff(levels).min() if len(levels) > 1 else 1.0) / 2
    for k in range(n_slices):
        offsets = k - levels
        inside = np.flatnonzero((offsets >= -half - 1e-6) & (offsets < half - 1e-6))
        if inside.size:
            yield k, planes[int(inside[0])]


def _planes(indices: Sequence[_Points], tolerance: float) -> list[list[_Points]]:
    planes: list[list[_Points]] = []
    level = -np.inf
    for ring in sorted(indices, key=lambda one: float(one[:, 0].mean())):
        if ring[:, 0].mean() - level > tolerance:
            planes.append([])
            level = ring[:, 0].mean()
        planes[-1].append(ring)
    return planes


def _fill_plane(rings: Sequence[_Points], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    plane = np.zeros(shape, bool)
    for ring in sorted(rings, key=_area, reverse=True):
        rows, columns = polygon(ring[:, 1], ring[:, 2], shape)
        is_hole = rows.size > 0 and plane[rows, columns].all()
        plane[rows, columns] = not is_hole
    return plane


def _area(ring: _Points) -> float:
    j, i = ring[:, 1], ring[:, 2]
    return float(abs(np.dot(j, np.roll(i, 1)) - np.dot(i, np.roll(j, 1))) / 2)


def _keep_nearest(filled: NDArray[np.bool_], indices: Sequence[_Points]) -> None:
    nearest = np.rint(np.concatenate(indices).mean(axis=0)).astype(int)
    if (nearest >= 0).all() and (nearest < filled.shape).all():
        filled[tuple(nearest)] = True
