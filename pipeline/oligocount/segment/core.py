"""The cold core of a large lesion belongs to it, although nothing is taken up there."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.volume import Geometry


def with_cold_cores(
    mask: NDArray[np.bool_], geometry: Geometry, *, radius_mm: float, min_ml: float
) -> NDArray[np.bool_]:
    """The mask, components of at least `min_ml` closed by a ball and their holes filled.

    A closing adds nothing to a convex lesion: only bays and holes narrower than twice the radius
    are filled. Small lesions stay as they are, so that neighbours are not welded together.
    """
    parts, _ = ndimage.label(mask)
    sizes = np.bincount(parts.ravel())
    out = mask.copy()
    margin = [math.ceil(radius_mm / step) + 1 for step in geometry.spacing_mm]
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        if sizes[number] * geometry.voxel_volume_ml < min_ml:
            continue
        part = np.pad(parts[box] == number, [(m, m) for m in margin])
        away = ndimage.distance_transform_edt(~part, sampling=geometry.spacing_mm)
        depth = ndimage.distance_transform_edt(away <= radius_mm, sampling=geometry.spacing_mm)
        closed = ndimage.binary_fill_holes((depth > radius_mm) | part)
        inner = tuple(slice(m, size - m) for m, size in zip(margin, closed.shape, strict=True))
        out[box] |= closed[inner]
    return out
