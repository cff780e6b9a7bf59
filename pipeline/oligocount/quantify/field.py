"""The part of the field of view that holds the patient: nothing else is worked on after it."""

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Volume
from oligocount.geometry.affine import crop
from oligocount.settings_quantify import FieldSettings


def crop_to_patient(suv: Volume, settings: FieldSettings) -> Volume:
    """The PET's columns and rows that hold uptake, with a margin; every slice is kept.

    A row or column holds uptake where the mean of some stretch of it (`block_mm`) reaches
    `body_suv`, or one voxel `hot_suv`: single noisy voxels in the air do not count, and nothing
    that could be a lesion is cut off. Without any uptake the whole field stays.
    """
    steps = [max(1, round(settings.block_mm / each)) for each in suv.geometry.spacing_mm]
    means, peaks = _in_blocks(suv.array, steps)
    held = np.any((means >= settings.body_suv) | (peaks >= settings.hot_suv), axis=0)
    if not np.any(held):
        return suv
    box = [slice(0, suv.array.shape[0])]
    for axis in (1, 2):
        blocks = np.flatnonzero(np.any(held, axis=2 - axis))
        margin = round(settings.margin_mm / suv.geometry.spacing_mm[axis])
        low = max(0, int(blocks[0]) * steps[axis] - margin)
        high = min(suv.array.shape[axis], int(blocks[-1] + 1) * steps[axis] + margin)
        box.append(slice(low, high))
    whole = (box[0], box[1], box[2])
    array = np.ascontiguousarray(suv.array[whole])
    return Volume(array=array, unit=suv.unit, geometry=crop(suv.geometry, whole))


def _in_blocks(
    array: NDArray[np.float32], steps: list[int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and maximum of every block, those at the far ends smaller."""
    edges = [np.arange(0, n, step) for n, step in zip(array.shape, steps, strict=True)]
    means, peaks = [], []
    for start in edges[0]:
        slab = array[start : start + steps[0]]
        total, peak = slab.sum(axis=0, dtype=np.float32), slab.max(axis=0)
        for axis in (0, 1):
            total = np.add.reduceat(total, edges[axis + 1], axis=axis)
            peak = np.maximum.reduceat(peak, edges[axis + 1], axis=axis)
        counts = [
            np.diff(np.append(edge, n)) for edge, n in zip(edges[1:], array.shape[1:], strict=True)
        ]
        means.append(total / (len(slab) * counts[0][:, None] * counts[1][None, :]))
        peaks.append(peak)
    return np.stack(means), np.stack(peaks)
