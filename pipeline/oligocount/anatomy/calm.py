"""Uptake without its hot foci: what organs are drawn from."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def without_hot_foci(
    suv: NDArray[np.float32], spacing_mm: tuple[float, float, float], radius_mm: float
) -> NDArray[np.float32]:
    """Uptake (k, j, i) where a ball of that radius fits under it: its grey opening (Serra 1982).

    What is hot and narrower than the ball, as a node is, sinks to what lies around it; organs and
    wider lesions stay. Networks that draw organs take a hot focus beside an organ for a part of it.
    A radius below a voxel changes nothing.
    """
    reach = [int(radius_mm / step) for step in spacing_mm]
    offsets = np.ogrid[tuple(slice(-n, n + 1) for n in reach)]
    gap_mm = np.sqrt(sum((at * step) ** 2 for at, step in zip(offsets, spacing_mm, strict=True)))
    calm: NDArray[np.float32] = ndimage.grey_opening(suv, footprint=gap_mm <= radius_mm)
    return calm
