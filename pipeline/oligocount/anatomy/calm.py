"""Uptake without its hot foci: what organs are drawn from."""

import numpy as np
from scipy import ndimage

from oligocount.domain.volume import Volume


def without_hot_foci(suv: Volume, radius_mm: float) -> Volume:
    """The uptake where a ball of that radius fits under it: its grey opening (Serra 1982).

    What is hot and narrower than the ball, as a node is, sinks to what lies around it; organs and
    wider lesions stay. Networks that draw organs take a hot focus beside an organ for a part of it.
    A radius below a voxel changes nothing.
    """
    spacing = suv.geometry.spacing_mm
    reach = [int(radius_mm / step) for step in spacing]
    offsets = np.ogrid[tuple(slice(-n, n + 1) for n in reach)]
    gap_mm = np.sqrt(sum((at * step) ** 2 for at, step in zip(offsets, spacing, strict=True)))
    ball = gap_mm <= radius_mm
    array = ndimage.grey_opening(suv.array, footprint=ball)
    return Volume(array=array, unit=suv.unit, geometry=suv.geometry)
