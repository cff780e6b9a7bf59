"""Touching foci apart, fragments together: both by stated rules, on uptake.

Two peaks of one component are two foci when the valley between them falls below the lower peak
by more than `prominence` (a share of that peak), they lie further apart than `min_distance_mm`
and each piece keeps `min_piece_ml`. The rule is the topographic prominence of a peak, computed
as the h-maxima of the logarithm of uptake (Soille, Morphological Image Analysis, 2003, 6.3.3).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label as connected
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

from oligocount.domain.volume import Geometry
from oligocount.geometry.box import bounding_box, grown
from oligocount.settings_segment import SplitSettings

Labels = NDArray[np.int32]
Suv = NDArray[np.float32]


def basins(
    suv: Suv, inside: NDArray[np.bool_], geometry: Geometry, settings: SplitSettings
) -> Labels:
    """Each voxel of one component gets the number (1..n) of the peak that it flows to."""
    box = bounding_box(inside)
    crop, within = np.pad(suv[box], 1, mode="edge"), np.pad(inside[box], 1)
    smooth = ndimage.gaussian_filter(
        crop, [settings.smooth_mm / step for step in geometry.spacing_mm]
    )
    peaks = _peaks(smooth, within, geometry, settings)
    pieces = watershed(-smooth, peaks, mask=within)
    pieces = _without_crumbs(pieces, smooth, geometry, settings)
    pieces = _with_strays(pieces, within, geometry)
    out = np.zeros(inside.shape, np.int32)
    out[box] = pieces[1:-1, 1:-1, 1:-1]
    return out


def join_fragments(labels: Labels, geometry: Geometry, settings: SplitSettings) -> Labels:
    """A fragment below `fragment_max_ml` takes the label of the larger focus it nearly touches.

    Nearly: a gap of at most `join_gap_mm`, edge to edge. The rest keeps its label.
    """
    sizes = np.bincount(labels.ravel()) * geometry.voxel_volume_ml
    out = labels.copy()
    reach = [math.ceil(settings.join_gap_mm / step) + 1 for step in geometry.spacing_mm]
    for label, box in _boxes(labels):
        if sizes[label] >= settings.fragment_max_ml:
            continue
        wide = grown(box, reach, labels.shape)
        here = labels[wide] == label
        gap = ndimage.distance_transform_edt(~here, sampling=geometry.spacing_mm)
        near = (gap > 0) & (gap <= settings.join_gap_mm + min(geometry.spacing_mm))
        others = out[wide][near & (labels[wide] != label) & (labels[wide] > 0)]
        larger = [one for one in np.unique(others) if sizes[one] > sizes[label]]
        if larger:
            out[wide][here] = max(larger, key=lambda one: sizes[one])
    return out


def _peaks(
    smooth: Suv, within: NDArray[np.bool_], geometry: Geometry, settings: SplitSettings
) -> Labels:
    floor = max(1e-3, float(smooth[within].min()))
    height = np.where(within, np.log(np.maximum(smooth, floor)), np.log(floor) - 10)
    drop = -math.log(1 - settings.prominence)
    filled = reconstruction(np.where(within, height - drop, height), height, method="dilation")
    peaks: Labels = connected(local_maxima(filled) & within, connectivity=3).astype(np.int32)
    return _apart(peaks, smooth, geometry, settings.min_distance_mm)


def _apart(peaks: Labels, smooth: Suv, geometry: Geometry, distance_mm: float) -> Labels:
    """The peaks, the hottest first, without those that lie too near to a hotter one."""
    numbers = np.arange(1, int(peaks.max(initial=0)) + 1)
    if len(numbers) < 2:
        return peaks
    tops = np.array(ndimage.maximum_position(smooth, peaks, numbers))
    order = np.argsort([-smooth[tuple(top)] for top in tops], kind="stable")
    kept: list[int] = []
    for index in order:
        gaps = [np.linalg.norm((tops[index] - tops[k]) * geometry.spacing_mm) for k in kept]
        if not gaps or min(gaps) >= distance_mm:
            kept.append(int(index))
    out = np.zeros_like(peaks)
    for number, index in enumerate(kept, start=1):
        out[peaks == numbers[index]] = number
    return out


def _without_crumbs(
    pieces: Labels, smooth: Suv, geometry: Geometry, settings: SplitSettings
) -> Labels:
    """Pieces too small are given back to the pieces that they touch."""
    sizes = np.bincount(pieces.ravel())
    least = settings.min_piece_ml / geometry.voxel_volume_ml
    good = [n for n in range(1, len(sizes)) if sizes[n] >= least]
    if len(good) == len(sizes) - 1:
        return pieces
    if not good:
        return (pieces > 0).astype(np.int32)
    seeds = np.zeros_like(pieces)
    for number, old in enumerate(good, start=1):
        seeds[pieces == old] = number
    again: Labels = watershed(-smooth, seeds, mask=pieces > 0).astype(np.int32)
    return again


def _with_strays(pieces: Labels, within: NDArray[np.bool_], geometry: Geometry) -> Labels:
    """What no basin reached belongs to the nearest: it hangs on by a corner, or was joined."""
    if not (within & (pieces == 0)).any():
        return pieces
    if not pieces.any():
        return within.astype(np.int32)
    nearest = ndimage.distance_transform_edt(
        pieces == 0, sampling=geometry.spacing_mm, return_distances=False, return_indices=True
    )
    return np.where(within, pieces[tuple(nearest)], 0).astype(np.int32)


def _boxes(labels: Labels) -> list[tuple[int, tuple[slice, ...]]]:
    found = ndimage.find_objects(labels)
    return [(n, box) for n, box in enumerate(found, start=1) if box is not None]
