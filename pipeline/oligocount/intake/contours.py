"""Closed planar contours to voxels, on the grid of an image.

A voxel belongs to a structure when its centre lies within the contour of its plane, even-odd, so
that keyholes cut holes. Of several rings in a plane one that lies inside what is filled is a hole
(as nearly all contouring software writes them), any other adds. Each plane of contours stands
for a slab as thick as the closest two planes lie apart; a slice of the image takes the plane in
whose slab its centre lies. One or two planes say little of that distance: they take it from the
other structures of the file. A structure too thin or small for any centre keeps the nearest slice
or voxel.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from oligocount.domain.volume import Geometry
from oligocount.errors import GeometryError

_MAX_TILT_MM = 1.0  # a ring that leaves its plane by more was drawn on other planes
_SAME_PLANE_MM = 0.1
_FEW = 2

_Points = NDArray[np.float64]


def fill_contours(
    rings: Sequence[_Points], geometry: Geometry, *, slab_mm: float | None = None
) -> NDArray[np.bool_]:
    """True inside `rings`, each (n, 3) points in LPS mm, on the grid of `geometry`.

    `slab_mm` is the distance of planes in the other structures of the file. Raises GeometryError
    when a ring is not parallel to the slices.
    """
    filled = np.zeros(geometry.shape, bool)
    step_mm = geometry.spacing_mm[0]
    levels, planes = _planes(rings, geometry)
    if not planes:
        return filled
    slab = slab_mm / step_mm if slab_mm else 1.0
    if len(levels) > _FEW or (slab_mm is None and len(levels) == _FEW):
        slab = float(np.diff(levels).min())
    taken = list(_taken(levels, slab / 2, geometry.shape[0]))
    nearest = int(np.rint(levels[0]))
    if not taken and 0 <= nearest < geometry.shape[0]:
        taken = [(nearest, 0)]
    for k, plane in taken:
        filled[k] = _fill_plane(planes[plane], geometry.shape[1:])
    if not filled.any():
        _keep_nearest(filled, [ring for plane in planes for ring in plane])
    return filled


def plane_distance_mm(structures: Iterable[Sequence[_Points]], geometry: Geometry) -> float | None:
    """The least distance of contour planes in structures of more than two; None without any."""
    closest = [
        float(np.diff(levels).min()) * geometry.spacing_mm[0]
        for levels, _ in (_planes(rings, geometry) for rings in structures)
        if len(levels) > _FEW
    ]
    return min(closest, default=None)


def _taken(levels: NDArray[np.float64], half: float, n_slices: int) -> Iterator[tuple[int, int]]:
    """Each slice of the image that lies in the slab of a plane, and which plane."""
    for k in range(n_slices):
        offsets = k - levels
        inside = np.flatnonzero((offsets >= -half - 1e-6) & (offsets < half - 1e-6))
        if inside.size:
            yield k, int(inside[0])


def _planes(
    rings: Sequence[_Points], geometry: Geometry
) -> tuple[NDArray[np.float64], list[list[_Points]]]:
    """Rings in voxel coordinates, gathered by plane, and the k of each plane, upward."""
    step_mm = geometry.spacing_mm[0]
    indices = [geometry.to_index(ring) for ring in rings if len(ring) > 2]
    for index in indices:
        tilt_mm = float(np.ptp(index[:, 0])) * step_mm
        if tilt_mm > _MAX_TILT_MM:
            raise GeometryError(
                f"a contour leaves its slice by {tilt_mm:.1f} mm: it was drawn on planes that are "
                "not parallel to the image's slices"
            )
    planes: list[list[_Points]] = []
    levels: list[float] = []
    for ring in sorted(indices, key=lambda one: float(one[:, 0].mean())):
        level = float(ring[:, 0].mean())
        if not levels or level - levels[-1] > _SAME_PLANE_MM / step_mm:
            planes.append([])
            levels.append(level)
        planes[-1].append(ring)
    return np.array(levels), planes


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
