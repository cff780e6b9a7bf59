"""Which predicted lesion is which true lesion: one to one, by stated rules.

A pair may match when its intersection over union reaches `min_iou`. Among all one-to-one
assignments the one with the largest sum of IoU is taken, so that a fused prediction finds one
lesion and misses the others, and a fragmented one finds a lesion once and adds false ones: both
are errors of the count. `touch` is the lenient rule beside it: any common voxel.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """`pairs` of (true, predicted) labels; what is left on either side; what touches anything.

    `dice` tells for each true label of a pair how well the two volumes agree.
    """

    pairs: tuple[tuple[int, int], ...]
    dice: Mapping[int, float]
    missed: tuple[int, ...]
    false: tuple[int, ...]
    touched_truth: frozenset[int]
    touched_predicted: frozenset[int]


def match_lesions(truth: Labels, predicted: Labels, *, min_iou: float) -> Matching:
    """The best one-to-one assignment of two instance maps on one grid."""
    true_ids, predicted_ids = _ids(truth), _ids(predicted)
    common = _intersections(truth, predicted)
    size_t, size_p = np.bincount(truth.ravel()), np.bincount(predicted.ravel())
    iou = np.zeros((len(true_ids), len(predicted_ids)))
    row, column = _places(true_ids), _places(predicted_ids)
    for (t, p), voxels in common.items():
        iou[row[t], column[p]] = voxels / (size_t[t] + size_p[p] - voxels)
    value = np.where(iou >= min_iou, iou, 0.0)
    chosen = zip(*linear_sum_assignment(-value), strict=True)
    pairs = tuple((true_ids[r], predicted_ids[c]) for r, c in chosen if value[r, c] > 0)
    found, used = {t for t, _ in pairs}, {p for _, p in pairs}
    return Matching(
        pairs=pairs,
        dice={t: 2 * common[t, p] / float(size_t[t] + size_p[p]) for t, p in pairs},
        missed=tuple(n for n in true_ids if n not in found),
        false=tuple(n for n in predicted_ids if n not in used),
        touched_truth=frozenset(t for t, _ in common),
        touched_predicted=frozenset(p for _, p in common),
    )


def _ids(labels: Labels) -> list[int]:
    return [int(n) for n in np.flatnonzero(np.bincount(labels.ravel())) if n > 0]


def _places(ids: list[int]) -> dict[int, int]:
    return {label: place for place, label in enumerate(ids)}


def _intersections(truth: Labels, predicted: Labels) -> dict[tuple[int, int], int]:
    both = (truth > 0) & (predicted > 0)
    pairs, counts = np.unique(np.stack([truth[both], predicted[both]]), axis=1, return_counts=True)
    return {(int(t), int(p)): int(n) for (t, p), n in zip(pairs.T, counts, strict=True)}
