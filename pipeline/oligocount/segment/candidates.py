"""Candidates: every spot that stands out, whatever it is; a scorer tells later what it is.

Two kinds, on one coarse axial grid. Hot: connected uptake above the patient's own level, cut at
the valleys between its peaks, and what falls away from each peak about it. Faint: connected uptake
above a lower level that holds nothing hot, is small, and peaks well above that level and above what
lies around it.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.volume import Volume
from oligocount.segment.foci import components, split_components
from oligocount.settings_segment import CandidateSettings, SegmentSettings

Labels = NDArray[np.int32]


def find_candidates(
    suv: Volume, organs: OrganMap, level: float, settings: SegmentSettings
) -> Labels:
    """Candidates as labels 1..n; `suv` and `organs` share an isotropic grid.

    `level` is the patient's own: PERCIST's, or a fixed SUV.
    """
    parts = components(suv.array >= level, settings)
    rule = settings.candidate
    finer = replace(settings, split=rule.split, cut_at=rule.one_piece_in)
    pieces = split_components(suv, parts, organs, finer).labels
    labels = _large(_downhill(suv, pieces, level, rule), suv, rule.min_ml)
    blurred = _surroundings(suv, rule.around_mm)
    taken = (parts > 0) | (labels > 0)
    for share in np.geomspace(rule.faint_share, 1.0, rule.faint_levels + 1)[:-1]:
        faint = _isolated(suv, float(share) * level, taken, blurred, rule)
        first = int(labels.max(initial=0))
        found = faint > 0
        labels[found] = faint[found] + first
        taken |= found
    return labels


def _downhill(suv: Volume, pieces: Labels, level: float, rule: CandidateSettings) -> Labels:
    """The pieces, each as far as uptake falls from its peak, to a share of that peak.

    A piece that peaks little above the level is but the top of what stands out.
    """
    tops = np.zeros(int(pieces.max(initial=0)) + 1, np.float32)
    np.maximum.at(tops, pieces.ravel(), suv.array.ravel())
    away = ndimage.distance_transform_edt(pieces == 0, sampling=suv.geometry.spacing_mm)
    reach = (away <= rule.downhill_mm) & (suv.array >= rule.share_of_peak * level)
    owner = watershed(-suv.array, pieces, mask=reach)
    kept: Labels = np.where(suv.array >= rule.share_of_peak * tops[owner], owner, 0)
    return kept.astype(np.int32)


def _large(labels: Labels, suv: Volume, min_ml: float) -> Labels:
    """The labels that fill `min_ml`, renumbered."""
    good = np.bincount(labels.ravel()) * suv.geometry.voxel_volume_ml >= min_ml
    good[0] = False
    lookup = np.zeros(len(good), np.int32)
    lookup[good] = np.arange(1, int(good.sum()) + 1)
    kept: Labels = lookup[labels]
    return kept


def _surroundings(suv: Volume, around_mm: float) -> NDArray[np.float32]:
    size = [max(3, round(around_mm / step) | 1) for step in suv.geometry.spacing_mm]
    mean: NDArray[np.float32] = ndimage.uniform_filter(suv.array, size, mode="nearest")
    return mean


def _isolated(
    suv: Volume,
    level: float,
    taken: NDArray[np.bool_],
    around: NDArray[np.float32],
    rule: CandidateSettings,
) -> Labels:
    """Components above a level that touch nothing taken, small and well above it, as 1..n."""
    parts, count = ndimage.label(suv.array >= level, np.ones((3, 3, 3)))
    if not count:
        return np.zeros(parts.shape, np.int32)
    ml = np.bincount(parts.ravel(), minlength=count + 1) * suv.geometry.voxel_volume_ml
    good = (ml >= rule.min_ml) & (ml <= rule.faint_max_ml)
    good[0] = False
    good[parts[taken]] = False
    places = _peaks(suv.array, parts, count)
    tops = suv.array.ravel()[places]
    good &= tops >= rule.peak_over_level * level
    good &= tops >= rule.peak_over_around * around.ravel()[places]
    kept = np.flatnonzero(good)
    lookup = np.zeros(count + 1, np.int32)
    lookup[kept] = np.arange(1, len(kept) + 1)
    out: Labels = lookup[parts]
    return out


def _peaks(suv: NDArray[np.float32], parts: Labels, count: int) -> NDArray[np.int64]:
    """The flat index of the hottest voxel of each part, that of part 0 left at 0."""
    voxels = np.flatnonzero(parts)
    rising = voxels[np.argsort(suv.ravel()[voxels], kind="stable")]
    out = np.zeros(count + 1, np.int64)
    out[parts.ravel()[rising]] = rising  # the last one written stays: the hottest
    return out
