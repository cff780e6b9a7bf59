"""Spots that are held for no lesion stay in the result when they are hot, or nearly a lesion.

What is hot and was taken for normal uptake can be taken back by a reader only if it is there; what
is doubtful has to reach the worst case of the count. Neither ever takes a voxel from a lesion.
"""

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.lesion import LesionMap
from oligocount.domain.volume import LabelMap, Volume
from oligocount.geometry.resample import resample_labels
from oligocount.segment.spots import FEATURES, Spots

_CUBE = np.ones((3, 3, 3))


def adding_unlikely(
    spots: Spots,
    chances: NDArray[np.float64],
    kept: NDArray[np.bool_],
    suv: Volume,
    *,
    doubt_from: float,
    min_volume_ml: float,
    hot_min_ml: float,
) -> Callable[[LesionMap], LesionMap]:
    """A function that adds to found lesions the spots that are none, each with its probability.

    `kept` tells for each label 0..n of the spots whether it is a lesion. Of the others those stay
    that peak above the patient's level, touching ones as one focus of at least `hot_min_ml`, and,
    each for itself, those as probable as `doubt_from`. New foci follow the lesions, hottest first.
    """
    number, chance = _grouped(spots, chances, kept, doubt_from)
    names = LabelMap(array=number[spots.labels], geometry=spots.geometry)
    near = resample_labels(names, suv.geometry).array.ravel()
    place = np.flatnonzero(near)
    owner, uptake = near[place], suv.array.ravel()[place]
    least_ml = np.where(chance >= doubt_from, min_volume_ml, hot_min_ml)
    least = np.maximum(1.0, least_ml / suv.geometry.voxel_volume_ml)

    @functools.lru_cache(maxsize=1)
    def add(found: LesionMap) -> LesionMap:
        free = found.labels.array.ravel()[place] == 0
        tops = np.full(len(chance), -np.inf)
        np.maximum.at(tops, owner[free], uptake[free])
        large = np.bincount(owner[free], minlength=len(chance)) >= least
        ranked = [int(n) for n in np.argsort(-tops, kind="stable") if n and large[n]]
        first = len(found.probability) + 1
        lookup = np.zeros(len(chance), found.labels.array.dtype)
        lookup[ranked] = np.arange(first, first + len(ranked))
        array = found.labels.array.copy()
        array.ravel()[place[free]] = lookup[owner[free]]
        new = {int(lookup[n]): float(chance[n]) for n in ranked}
        labels = LabelMap(
            array=array,
            names={**found.labels.names, **{n: f"focus {n}" for n in new}},
            geometry=found.labels.geometry,
        )
        return replace(found, labels=labels, probability={**found.probability, **new})

    return add


def _grouped(
    spots: Spots, chances: NDArray[np.float64], kept: NDArray[np.bool_], doubt_from: float
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """For each spot the number of its focus (0: none), and the probability of each focus."""
    told = np.concatenate([[0.0], chances])
    hot = np.concatenate([[False], spots.rows[:, FEATURES.index("top_over_level")] >= 0])
    doubtful = ~kept & (told >= doubt_from)
    doubtful[0] = False
    parts, count = ndimage.label((hot & ~kept & ~doubtful)[spots.labels], _CUBE)
    number = np.zeros(len(told), np.int32)
    number[spots.labels[parts > 0]] = parts[parts > 0]
    number[doubtful] = np.arange(count + 1, count + 1 + int(doubtful.sum()))
    chance = np.zeros(int(number.max(initial=0)) + 1)
    np.maximum.at(chance, number, np.where(number > 0, told, 0.0))
    return number, chance
