"""Makes the slices of a tilted gantry stand above one another again."""

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry


def is_sheared(geometry: Geometry, tolerance: float) -> bool:
    """True when the slice axis leans away from the normal of the slices by more than `tolerance`.

    `tolerance` is the sine of the angle.
    """
    step = geometry.affine[:3, 0] / np.linalg.norm(geometry.affine[:3, 0])
    axes = geometry.affine[:3, 1:3] / np.linalg.norm(geometry.affine[:3, 1:3], axis=0)
    return bool(np.linalg.norm(step @ axes) > tolerance)


def straighten(
    array: NDArray[np.float32], geometry: Geometry, *, outside: float
) -> tuple[NDArray[np.float32], Geometry]:
    """The same image on a grid at right angles, wide enough for every slice.

    Slices are moved within their own planes only, linearly between pixels; `outside` fills what
    no slice reaches. Slice spacing becomes the distance along the normal.
    """
    row, column = geometry.affine[:3, 1], geometry.affine[:3, 2]
    step = geometry.affine[:3, 0]
    lean = np.array([step @ row / (row @ row), step @ column / (column @ column)])  # pixels a slice
    offsets = np.outer(np.arange(geometry.shape[0]), lean)
    low = np.floor(offsets.min(axis=0)).astype(int)
    high = np.ceil(offsets.max(axis=0)).astype(int)
    size = np.array(geometry.shape[1:]) + high - low
    out = np.full((geometry.shape[0], *size), outside, np.float32)
    for plane, target, offset in zip(array, out, offsets - low, strict=True):
        _place(plane, target, offset, outside)
    affine = geometry.affine.copy()
    affine[:3, 0] = step - lean[0] * row - lean[1] * column
    affine[:3, 3] += low[0] * row + low[1] * column
    straight = Geometry(
        shape=(out.shape[0], out.shape[1], out.shape[2]),
        affine=affine,
        frame_of_reference_uid=geometry.frame_of_reference_uid,
    )
    return out, straight


def _place(
    plane: NDArray[np.float32],
    target: NDArray[np.float32],
    offset: NDArray[np.float64],
    outside: float,
) -> None:
    """Write `plane` into `target`, its first pixel at the fractional index `offset`."""
    whole = np.floor(offset).astype(int)
    part = (offset - whole).astype(np.float32)
    padded = np.pad(plane, 1, constant_values=outside)
    rows = padded[1:] * (1 - part[0]) + padded[:-1] * part[0]
    moved = rows[:, 1:] * (1 - part[1]) + rows[:, :-1] * part[1]
    room = target[whole[0] :, whole[1] :]
    height, width = min(moved.shape[0], room.shape[0]), min(moved.shape[1], room.shape[1])
    room[:height, :width] = moved[:height, :width]
