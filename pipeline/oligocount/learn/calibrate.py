"""How what a focus shows becomes the chance that it is a lesion."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

_RIDGE = 1e-2  # keeps the slope finite when the classes are separable


def logit(probability: float) -> float:
    """Log odds, probabilities kept away from 0 and 1 as the segmenter keeps them."""
    clipped = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(clipped / (1 - clipped))


def fit_calibration(
    features: NDArray[np.float64], is_lesion: Sequence[bool]
) -> NDArray[np.float64]:
    """Weights of a slightly damped logistic regression (Platt 1999), the intercept last.

    `features` has a row a focus and a column a feature.
    """
    design = np.column_stack([features, np.ones(len(is_lesion))])
    sign = np.where(is_lesion, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> float:
        surprise = np.logaddexp(0, -sign * (design @ weights)).sum()
        return float(surprise + _RIDGE * (weights**2).sum())

    found: NDArray[np.float64] = minimize(loss, np.zeros(design.shape[1])).x
    return found


def reliability(
    chances: Sequence[float], is_lesion: Sequence[bool], bins: int = 5
) -> list[dict[str, float]]:
    """For equal bins of predicted chance: the mean prediction, the share of lesions, how many."""
    predicted, truth = np.array(chances), np.array(is_lesion, float)
    place = np.minimum((predicted * bins).astype(int), bins - 1)
    return [
        {
            "predicted": float(predicted[place == n].mean()),
            "observed": float(truth[place == n].mean()),
            "n": int((place == n).sum()),
        }
        for n in range(bins)
        if (place == n).any()
    ]
