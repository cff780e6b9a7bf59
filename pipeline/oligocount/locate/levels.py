"""How hot an organ is without the focus, and how hot the mirrored place is."""

import numpy as np
from scipy import ndimage

from oligocount.locate.evidence import Focus, Scene

_MIN_VOXELS = 20


def level_outside(
    scene: Scene, focus: Focus, structures: tuple[str, ...], *, percentile: float
) -> float | None:
    """A percentile of SUV in the structures outside the focus and its blur, if enough is left."""
    inside = scene.mask(*structures)
    blurred = ndimage.binary_dilation(focus.mask, iterations=2)
    inside[focus.box] &= ~blurred
    values = scene.suv[inside]
    return float(np.percentile(values, percentile)) if values.size >= _MIN_VOXELS else None


def mirrored_level(scene: Scene, focus: Focus, *, radius_mm: float = 12.0) -> float:
    """The greatest SUV near the place of the peak mirrored at the midline.

    0 beyond the scan, and where the mirrored place is the focus's own surroundings.
    """
    geometry = scene.anatomy.organs.labels.geometry
    x, y, z = focus.peak_lps_mm
    if abs(x - scene.midline_mm()) < 1.5 * radius_mm:
        return 0.0
    mirrored = np.array([2 * scene.midline_mm() - x, y, z])
    centre = np.round(geometry.to_index(mirrored)).astype(int)
    reach = [max(1, round(radius_mm / s)) for s in scene.spacing_mm]
    low = [max(0, c - r) for c, r in zip(centre, reach, strict=True)]
    box = tuple(slice(a, max(a, c + r + 1)) for a, c, r in zip(low, centre, reach, strict=True))
    own = scene.foci[box] == focus.lesion.id
    values = scene.suv[box][~own]
    return float(values.max()) if values.size else 0.0
