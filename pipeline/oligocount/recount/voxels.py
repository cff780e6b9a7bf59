"""What edits do to a label array. Every function returns a new array."""

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry
from oligocount.errors import ConfigError

Labels = NDArray[np.int32]
Point = tuple[float, float, float]


def merged(labels: Labels, ids: tuple[int, ...]) -> Labels:
    """The labels with every lesion of `ids` under the first id."""
    return np.where(np.isin(labels, ids), np.int32(ids[0]), labels)


def split(
    labels: Labels,
    lesion: int,
    points: tuple[Point, ...],
    *,
    new_ids: tuple[int, ...],
    geometry: Geometry,
    where: str,
) -> Labels:
    """The labels with a lesion cut: each voxel goes to the nearest point, the first keeps the id.

    Raises ConfigError when a point gets no voxel.
    """
    index = np.argwhere(labels == lesion)
    places = geometry.to_lps_mm(index.astype(float))
    away = np.linalg.norm(places[:, None] - np.array(points), axis=2)
    owner = away.argmin(axis=1)
    empty = sorted(set(range(len(points))) - set(owner.tolist()))
    if empty:
        raise ConfigError(f"{where}: point {empty[0] + 1} gets no voxel of lesion {lesion}")
    out = labels.copy()
    out[tuple(index.T)] = np.array((lesion, *new_ids), np.int32)[owner]
    return out


def sphere(
    labels: Labels, centre: Point, radius_mm: float, *, new_id: int, geometry: Geometry, where: str
) -> Labels:
    """The labels with a sphere of background voxels as a new lesion.

    Raises ConfigError when it holds no free voxel of the image.
    """
    reach = np.ceil(radius_mm / np.array(geometry.spacing_mm)).astype(int) + 1
    middle = np.rint(geometry.to_index(np.array(centre))).astype(int)
    low = np.maximum(middle - reach, 0)
    high = np.minimum(middle + reach + 1, geometry.shape)
    box = tuple(slice(int(a), int(max(a, b))) for a, b in zip(low, high, strict=True))
    index = np.moveaxis(np.indices(labels[box].shape), 0, -1) + low
    away = np.linalg.norm(geometry.to_lps_mm(index.astype(float)) - np.array(centre), axis=-1)
    inside = (away <= radius_mm) & (labels[box] == 0)
    if not inside.any():
        raise ConfigError(f"{where}: the sphere holds no free voxel of the image")
    out = labels.copy()
    out[box][inside] = new_id
    return out


def matched(machine: Labels, drawn: Labels) -> dict[int, int | None]:
    """Each drawn lesion with the machine's that it shares most voxels with, None where none.

    One machine lesion goes to the drawn one with the largest overlap; the others are new.
    """
    both = (machine > 0) & (drawn > 0)
    pairs, sizes = np.unique(np.stack([drawn[both], machine[both]]), axis=1, return_counts=True)
    found: dict[int, int | None] = dict.fromkeys(int(n) for n in np.unique(drawn) if n)
    taken: set[int] = set()
    for column in np.argsort(-sizes, kind="stable"):
        mine, theirs = int(pairs[0, column]), int(pairs[1, column])
        if found[mine] is None and theirs not in taken:
            found[mine] = theirs
            taken.add(theirs)
    return found
