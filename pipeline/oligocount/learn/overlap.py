"""Voxel scores as autoPET defines them, from one labelling instead of a loop over components.

autoPET (val_script.py of the challenge): Dice of the foreground; the false positive volume is the
volume of predicted components that touch no true voxel, the false negative volume that of true
components that no predicted voxel touches; components at 18-connectivity.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

AUTOPET_CONNECTIVITY = 2  # scipy's rank: faces and edges = 18 neighbours

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoxelScore:
    """`dice` None when there is neither truth nor prediction."""

    dice: float | None
    false_positive_ml: float
    false_negative_ml: float
    truth_ml: float
    predicted_ml: float


def voxel_score(truth: Mask, predicted: Mask, voxel_volume_ml: float) -> VoxelScore:
    """Dice and autoPET's false volumes of two masks on one grid."""
    box = _common_box(truth, predicted)
    if box is None:
        return VoxelScore(
            dice=None, false_positive_ml=0, false_negative_ml=0, truth_ml=0, predicted_ml=0
        )
    truth, predicted = truth[box], predicted[box]
    n_truth, n_predicted = int(truth.sum()), int(predicted.sum())
    both = int((truth & predicted).sum())
    return VoxelScore(
        dice=2 * both / (n_truth + n_predicted),
        false_positive_ml=untouched_voxels(predicted, truth) * voxel_volume_ml,
        false_negative_ml=untouched_voxels(truth, predicted) * voxel_volume_ml,
        truth_ml=n_truth * voxel_volume_ml,
        predicted_ml=n_predicted * voxel_volume_ml,
    )


def untouched_voxels(mask: Mask, other: Mask) -> int:
    """Voxels in those components of `mask` that hold no voxel of `other`."""
    structure = ndimage.generate_binary_structure(3, AUTOPET_CONNECTIVITY)
    parts, count = ndimage.label(mask, structure)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    touched = np.bincount(parts[other], minlength=count + 1) > 0
    touched[0] = True
    return int(sizes[~touched].sum())


def _common_box(truth: Mask, predicted: Mask) -> tuple[slice, ...] | None:
    """The smallest box around both masks, found axis by axis."""
    box = []
    for axis in range(3):
        others = tuple(n for n in range(3) if n != axis)
        used = np.flatnonzero(truth.any(axis=others) | predicted.any(axis=others))
        if not len(used):
            return None
        box.append(slice(int(used[0]), int(used[-1]) + 1))
    return tuple(box)
