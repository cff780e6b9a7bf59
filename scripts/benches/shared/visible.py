"""Which true lesions of a phantom stand out: of the others no method could know."""

import numpy as np
from scipy import ndimage

from oligocount.simulate.phantom import Phantom

_LEAST_CONTRAST = 2.0


def is_visible(phantom: Phantom, label: int) -> bool:
    """True for a lesion whose SUVmax is at least twice the median of what lies around it."""
    lesions, suv, step = (
        phantom.lesions.array,
        phantom.pet.array,
        min(phantom.pet.geometry.spacing_mm),
    )
    found = ndimage.find_objects(lesions)[label - 1]
    box = tuple(slice(max(0, one.start - 5), one.stop + 5) for one in found)
    inside = lesions[box] == label
    away = ndimage.distance_transform_edt(~inside, sampling=phantom.pet.geometry.spacing_mm)
    ring = (away > step) & (away <= 4 * step) & (lesions[box] == 0)
    around = float(np.median(suv[box][ring])) if ring.any() else 0.0
    return float(suv[box][inside].max()) >= _LEAST_CONTRAST * around
