"""The likeliest label of each voxel of a finer grid, from probabilities on a coarse one."""

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.volume import Geometry, LabelMap
from oligocount.geometry.affine import axial_grid, crop
from oligocount.geometry.box import bounding_box, grown
from oligocount.geometry.resample import resample_labels, resampled, to_sitk

_Box = tuple[slice, slice, slice]
_AROUND = np.ones((3, 3, 3), bool)


def likeliest_labels(
    probability: NDArray[np.float32], coarse: LabelMap, onto: Geometry
) -> LabelMap:
    """The label of greatest probability on `onto`, each interpolated linearly; 0 beyond the grid.

    `probability` is (K, k, j, i) on the grid of `coarse`, whose labels are its channels: a border
    runs between voxel centres, where two probabilities are equal, and not along voxel edges. A
    label lives only within a voxel of where `coarse` draws it, and there no other is likelier, so
    that what was dropped does not come back. Labels are taken one by one in their boxes: memory
    stays small. A grid much finer than half the coarse spacing takes the nearest voxel of one of
    half the spacing: more would be drawn finer than it is known.
    """
    k, j, i = (step / 2 for step in coarse.geometry.spacing_mm)
    if 4 * onto.voxel_volume_ml < k * j * i / 1000:
        between = axial_grid(onto, (k, j, i))
        return resample_labels(_likeliest(probability, coarse, between), onto)
    return _likeliest(probability, coarse, onto)


def _likeliest(probability: NDArray[np.float32], coarse: LabelMap, onto: Geometry) -> LabelMap:
    greatest = probability.max(axis=0)
    best = np.zeros(onto.shape, np.float32)
    labels = np.zeros(onto.shape, np.int32)
    for label in np.unique(coarse.array).tolist():
        drawn = coarse.array == label
        box = grown(bounding_box(drawn), (2, 2, 2), drawn.shape)
        near = ndimage.binary_dilation(drawn[box], _AROUND)
        source = crop(coarse.geometry, box)
        target = _covering(source, onto)
        if target is None:
            continue
        field = np.where(drawn[box], greatest[box], np.where(near, probability[label][box], 0.0))
        image = to_sitk(field.astype(np.float32), source)
        level = resampled(image, crop(onto, target), sitk.sitkLinear, 0.0)
        wins = level > best[target]
        best[target][wins] = level[wins]
        labels[target][wins] = label
    return LabelMap(array=labels, names=coarse.names, geometry=onto)


def _covering(source: Geometry, onto: Geometry) -> _Box | None:
    """The box of `onto` that holds every voxel centre of `source`, half a voxel more; or None."""
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in source.shape], indexing="ij"))
    index = onto.to_index(source.to_lps_mm(corners.reshape(3, -1).T))
    low = np.maximum(np.floor(index.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, onto.shape)
    if (high <= low).any():
        return None
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (k, j, i)
