"""What the rules of stations ask of a body on its grid: regions, distances, courses, levels."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.simulate.body import BodyMap
from oligocount.simulate.places import grown

Mask = NDArray[np.bool_]
X, Y = 2, 1


def region(body: BodyMap, name: str) -> Mask:
    """True in a station."""
    found: Mask = body.stations == number(body, name)
    return found


def number(body: BodyMap, name: str) -> int:
    """The station's number in the body's map."""
    return body.station_names.index(name)


def change(body: BodyMap, name: str, where: Mask, to: str | None) -> None:
    """Where the mask says so the station becomes another, or none."""
    body.stations[region(body, name) & where] = 0 if to is None else number(body, to)


def exactly(body: BodyMap, name: str) -> Mask:
    """True in the structure of this very name; empty where the body has none."""
    label = body.names.index(name) if name in body.names else -1
    found: Mask = body.labels == label
    return found


def below(body: BodyMap, level: float) -> Mask:
    """True in the slices below a level (slice)."""
    height = np.arange(len(body.stations))[:, None, None]
    found: Mask = np.broadcast_to(height < level, body.stations.shape)
    return found


def top(mask: Mask) -> int | None:
    """The highest slice of a mask."""
    rows = np.flatnonzero(mask.any(axis=(1, 2)))
    return int(rows[-1]) if rows.size else None


def x_mm(body: BodyMap) -> NDArray[np.float64]:
    """X of every column, (1, 1, i); the midline is 0."""
    return _axis_mm(body, X)[None, None, :]


def y_mm(body: BodyMap) -> NDArray[np.float64]:
    """Y of every row, (1, j, 1)."""
    return _axis_mm(body, Y)[None, :, None]


def gap(body: BodyMap, mask: Mask, reach_mm: float = 24.0) -> NDArray[np.float64]:
    """Distance to the mask within its box and a margin; infinite beyond."""
    far = np.full(mask.shape, np.inf)
    if mask.any():
        box = grown(mask, reach_mm, body.geometry.spacing_mm[0])
        far[box] = ndimage.distance_transform_edt(~mask[box], body.geometry.spacing_mm)
    return far


def line(body: BodyMap, mask: Mask, end: float, *, axis: int = X) -> NDArray[np.float64] | None:
    """X or y in every slice, (k,): 0 the mask's least border, 0.5 its middle, 1 its greatest.

    Between drawn slices linear, beyond them as at its ends; None where the mask is empty.
    """
    rows = np.flatnonzero(mask.any(axis=(1, 2)))
    if not rows.size:
        return None
    along, half = _axis_mm(body, axis), body.geometry.spacing_mm[axis] / 2
    places = [along[mask[k].any(axis=0 if axis == X else 1)] for k in rows]
    edges = [(1 - end) * (c.min() - half) + end * (c.max() + half) for c in places]
    course: NDArray[np.float64] = np.interp(np.arange(len(mask)), rows, edges)
    return course


def shifted(mask: Mask, by: tuple[int, int, int]) -> Mask:
    """The mask so many voxels further along (k, j, i); what leaves the grid is lost."""
    moved = np.zeros_like(mask)
    if any(abs(step) >= size for step, size in zip(by, mask.shape, strict=True)):
        return moved
    spans = list(zip(by, mask.shape, strict=True))
    into = tuple(slice(max(0, step), size + min(0, step)) for step, size in spans)
    out_of = tuple(slice(max(0, -step), size - max(0, step)) for step, size in spans)
    moved[into] = mask[out_of]
    return moved


def _axis_mm(body: BodyMap, axis: int) -> NDArray[np.float64]:
    """World coordinate of every voxel along the grid axis that runs with it."""
    affine, world = body.geometry.affine, X - axis
    found: NDArray[np.float64] = affine[world, 3] + affine[world, axis] * np.arange(
        body.stations.shape[axis]
    )
    return found
