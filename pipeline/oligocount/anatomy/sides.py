"""The patient's midline, and paired structures split at it. Left is the patient's left (+x)."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.volume import Geometry, LabelMap

PAIRED = (
    "lung", "kidney", "adrenal_gland", "rib", "clavicula", "scapula", "humerus", "hip", "femur",
)  # fmt: skip
_SPINE = ("spinal_cord", "sacrum", "vertebrae", "vertebrae_C", "vertebrae_T", "vertebrae_L")


def split_paired(labels: LabelMap) -> LabelMap:
    """The map with every unsided paired structure as `<name>_left` and `<name>_right`.

    A connected component that lies mostly on one side goes there whole (a right lung that
    crosses the midline in front of the heart stays right); one that joins both sides is cut.
    """
    names = dict(labels.names)
    array = labels.array.astype(np.int32)
    is_left = left_of_midline(labels)
    for label, name in labels.names.items():
        if name not in PAIRED:
            continue
        other = max(names) + 1
        names[label], names[other] = f"{name}_right", f"{name}_left"
        array[_left_part(labels.array == label, is_left)] = other
    return LabelMap(array=array, names=names, geometry=labels.geometry)


def left_of_midline(labels: LabelMap) -> NDArray[np.bool_]:
    """True where a voxel centre lies on the patient's left of the midline."""
    x_mm, z_mm = _axis_mm(labels.geometry, 0), _axis_mm(labels.geometry, 2)
    spine_z, spine_x = midline_mm(labels)
    found: NDArray[np.bool_] = x_mm > np.interp(z_mm, spine_z, spine_x)
    return found


def midline_mm(labels: LabelMap) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Heights z (ascending) and the x of the midline there: spine first, else the whole map.

    Smoothed over 60 mm, so that one tilted vertebra does not bend it.
    """
    names = [n for n in labels.names.values() if n in _SPINE or n.startswith("vertebrae_")]
    spine = labels.mask(*names)
    mask = spine if spine.any() else labels.array > 0
    if not mask.any():
        return np.array([0.0]), np.array([_centre_mm(labels.geometry)[0]])
    points = labels.geometry.to_lps_mm(np.argwhere(mask).astype(float))
    bins = np.round(points[:, 2] / 10.0).astype(int)
    heights = np.unique(bins)
    sums = np.bincount(bins - bins.min(), weights=points[:, 0])[heights - bins.min()]
    middle = sums / np.bincount(bins - bins.min())[heights - bins.min()]
    return heights * 10.0, ndimage.uniform_filter1d(middle, 7, mode="nearest")


def _left_part(mask: NDArray[np.bool_], is_left: NDArray[np.bool_]) -> NDArray[np.bool_]:
    parts, count = ndimage.label(mask)
    if not count:
        return mask
    size = np.bincount(parts.ravel(), minlength=count + 1)
    left = np.bincount(parts[is_left & mask], minlength=count + 1)
    share = left / np.maximum(size, 1)
    whole = np.where(share > 0.85, 1, np.where(share < 0.15, 0, -1))
    whole[0] = 0
    chosen = whole[parts]
    found: NDArray[np.bool_] = mask & ((chosen == 1) | ((chosen == -1) & is_left))
    return found


def _axis_mm(geometry: Geometry, axis: int) -> NDArray[np.float64]:
    """World coordinate `axis` of every voxel centre, broadcast to the grid's shape."""
    k, j, i = (np.arange(n, dtype=float) for n in geometry.shape)
    row = geometry.affine[axis]
    total: NDArray[np.float64] = (
        row[0] * k[:, None, None] + row[1] * j[None, :, None] + row[2] * i[None, None, :] + row[3]
    )
    return total


def _centre_mm(geometry: Geometry) -> NDArray[np.float64]:
    return geometry.to_lps_mm((np.array(geometry.shape, float) - 1) / 2)
