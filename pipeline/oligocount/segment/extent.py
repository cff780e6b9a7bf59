"""How far a lesion reaches on the PET grid, once it is known which spots are lesions."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.volume import LabelMap, Volume
from oligocount.geometry.ball import ball_diameter_mm
from oligocount.geometry.box import box_around
from oligocount.geometry.remembered import remembered
from oligocount.geometry.resample import resample_labels
from oligocount.segment.spots import Spots
from oligocount.settings_segment import NetworkSettings

Mask = NDArray[np.bool_]
_AROUND_MM = 12.0
_CUBE = np.ones((3, 3, 3))


def with_fragments(spots: Spots, sure: Mask, chances: NDArray[np.float64], *, low: float) -> Mask:
    """For each label 0..n whether it is drawn: where `sure`, or from `low` on by one that is.

    Pieces of one heterogeneous mass are cut apart by valleys, up to two voxels wide; the faint ones
    belong to it still.
    """
    sure = np.concatenate([[False], sure])
    maybe = np.concatenate([[False], chances >= low]) | sure
    parts, count = ndimage.label(ndimage.binary_dilation(maybe[spots.labels]), _CUBE)
    anchored = np.zeros(count + 1, bool)
    anchored[parts[sure[spots.labels]]] = True
    kept = np.zeros(len(sure), bool)
    kept[spots.labels[anchored[parts]]] = True
    kept[0] = False
    return kept


def draw_extent(spots: Spots, kept: Mask, suv: Volume, rule: NetworkSettings) -> NDArray[np.int32]:
    """The kept spots on the PET grid by their number, 0 elsewhere.

    Each reaches down to a share of the step from what lies around its cluster to its own peak,
    `grow_mm` beyond the spot (more in a large cluster), never into a spot that was not kept.
    """
    near = resample_labels(
        LabelMap(array=spots.labels, geometry=spots.geometry), suv.geometry
    ).array
    out = np.zeros(near.shape, np.int32)
    wanted = kept[near]
    if not wanted.any():
        return out
    around, reach_mm, summit = _clusters(spots, kept, suv, rule)
    box = box_around(wanted, float(reach_mm.max()), suv.geometry.spacing_mm)
    out[box] = _reached(near[box], kept, suv, box, (around, reach_mm, summit), rule)
    return out


def _reached(
    near: NDArray[np.integer],
    kept: Mask,
    suv: Volume,
    box: tuple[slice, ...],
    clusters: tuple[NDArray[np.float32], ...],
    rule: NetworkSettings,
) -> NDArray[np.int32]:
    around, reach_mm, summit = clusters
    level = suv.array[box]
    chosen = np.where(kept[near], near, 0)
    tops = np.zeros(len(kept), np.float32)
    np.maximum.at(tops, chosen.ravel(), level.ravel())
    tops = np.where(summit > 0, np.minimum(summit, tops), tops)
    limit = around + rule.share_of_maximum * (tops - around)
    away, nearest = ndimage.distance_transform_edt(
        chosen == 0, sampling=suv.geometry.spacing_mm, return_indices=True
    )
    owner = chosen[tuple(nearest)]
    other = (near > 0) & (chosen == 0)
    inside = (away <= reach_mm[owner]) & ~other & (level >= limit[owner])
    parts, count = ndimage.label(inside, _CUBE)
    anchored = np.zeros(count + 1, bool)
    anchored[parts[chosen > 0]] = True
    anchored[0] = False
    reached: NDArray[np.int32] = np.where(anchored[parts], owner, 0).astype(np.int32)
    return reached


def _clusters(
    spots: Spots, kept: Mask, suv: Volume, rule: NetworkSettings
) -> tuple[NDArray[np.float32], ...]:
    """For each label: the SUV around its cluster, how far (mm) that may grow, and its summit.

    Spots that touch share all three. Of a large cluster the cooler part around counts, for its own
    rim lies there too, and its summit is its upper quartile: its maximum is one hot corner. A small
    one has no summit (0): each spot in it has its own peak.
    """
    coarse = remembered(suv, spots.geometry, outside=0.0).array
    chosen = kept[spots.labels]
    clusters, count = ndimage.label(ndimage.binary_dilation(chosen), _CUBE)
    step = spots.geometry.spacing_mm[0]
    pad = int(np.ceil(_AROUND_MM / step)) + 1
    told = np.zeros((3, count + 1), np.float32)
    for number, found in enumerate(ndimage.find_objects(clusters), start=1):
        box = tuple(slice(max(0, one.start - pad), one.stop + pad) for one in found)
        away = ndimage.distance_transform_edt(clusters[box] != number, sampling=step)
        ring = (away > 0) & (away <= _AROUND_MM) & (spots.labels[box] == 0)
        inside = chosen[box] & (away == 0)
        ml = float(inside.sum()) * spots.geometry.voxel_volume_ml
        large = ml >= rule.core_min_ml
        part = 25 if large else 50
        told[0, number] = np.percentile(coarse[box][ring], part) if ring.any() else 0.0
        told[1, number] = max(rule.grow_mm, rule.grow_share * ball_diameter_mm(ml) / 2)
        told[2, number] = np.percentile(coarse[box][inside], 75) if large else 0.0
    out = np.zeros((3, len(kept)), np.float32)
    out[:, spots.labels[chosen]] = told[:, clusters[chosen]]
    return out[0], out[1], out[2]
