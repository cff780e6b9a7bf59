"""The size of a lesion as one number: the ball that holds as much."""

import math


def ball_diameter_mm(volume_ml: float) -> float:
    """The diameter of a ball of this volume: V = pi d^3 / 6."""
    return float((6000 * volume_ml / math.pi) ** (1 / 3))
