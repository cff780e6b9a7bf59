"""How a focus' mean network probability becomes the chance that it is a lesion."""

import math
from collections.abc import Sequence

import numpy as np

_RIDGE = 1e-2  # keeps the slope finite when the classes are separable
_STEPS = 50


def logit(probability: float) -> float:
    """Log odds, probabilities kept away from 0 and 1 as the segmenter keeps them."""
    clipped = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(clipped / (1 - clipped))


def fit_calibration(means: Sequence[float], is_lesion: Sequence[bool]) -> tuple[float, float]:
    """Slope and intercept of the logistic regression on the logit (Platt 1999), by Newton steps."""
    design = np.column_stack([[logit(p) for p in means], np.ones(len(means))])
    target = np.array(is_lesion, float)
    weights = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-design @ weights))
        slope = design.T @ (chance - target) + _RIDGE * weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + _RIDGE * np.eye(2)
        weights = weights - np.linalg.solve(curve, slope)
    return float(weights[0]), float(weights[1])


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
