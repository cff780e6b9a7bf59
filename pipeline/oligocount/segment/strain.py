"""Strained muscle, of which a scorer saw a share when it learned: its odds there, given back.

Phantoms strain their muscles more often than patients, so that the scorer of fdg_lesions learned
from one in twenty of the large spots of muscle that are no lesion. For such a spot its odds are
twenty times too high (Elkan, The foundations of cost-sensitive learning, IJCAI 2001).
"""

import numpy as np
from numpy.typing import NDArray

from oligocount.segment.spots import FEATURES
from oligocount.settings_segment import StrainSettings

Mask = NDArray[np.bool_]


def in_large_muscle(rows: NDArray[np.float32], min_ml: float) -> Mask:
    """The spots (n,) of more than `min_ml` that lie in muscle for the most, by rows of FEATURES."""
    inside = rows[:, FEATURES.index("in_muscle")] > 0.5
    found: Mask = inside & (rows[:, FEATURES.index("volume")] > np.log(min_ml))
    return found


def with_strain(
    chances: NDArray[np.float64],
    rows: NDArray[np.float32],
    settings: StrainSettings,
    *,
    share: float,
    min_ml: float,
) -> NDArray[np.float64]:
    """The probabilities (n,), those that strain may explain with their odds times `share`.

    What is hotter or larger than strain stays as it is, and all of it where the scorer learned
    from all such spots or from none.
    """
    if not 0 < share < 1:
        return chances
    faint = rows[:, FEATURES.index("top")] < np.log(settings.max_suv)
    small = rows[:, FEATURES.index("volume")] <= np.log(settings.max_ml)
    among_all = share * chances / (share * chances + 1 - chances)
    return np.where(in_large_muscle(rows, min_ml) & faint & small, among_all, chances)
