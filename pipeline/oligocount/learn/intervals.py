"""95 % confidence intervals: Wilson for proportions, bootstrap over patients for the rest."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

_Z = 1.959964  # 97.5th percentile of the normal distribution
Interval = tuple[float, float]
_T = TypeVar("_T")


def wilson(hits: int, trials: int) -> Interval | None:
    """Wilson's score interval of a proportion (Wilson 1927); None without trials."""
    if trials == 0:
        return None
    share, squared = hits / trials, _Z**2
    middle = (share + squared / (2 * trials)) / (1 + squared / trials)
    spread = share * (1 - share) / trials + squared / (4 * trials**2)
    half = _Z * math.sqrt(spread) / (1 + squared / trials)
    return (max(0.0, middle - half), min(1.0, middle + half))


def bootstrap(
    cases: Sequence[_T],
    statistic: Callable[[Sequence[_T]], float | None],
    *,
    rounds: int = 1000,
    seed: int = 0,
) -> Interval | None:
    """The percentile interval of a statistic when whole patients are drawn again.

    None when fewer than two cases are there or the statistic is never defined.
    """
    if len(cases) < 2:
        return None
    rng = np.random.default_rng(seed)
    draws = [[cases[n] for n in rng.integers(len(cases), size=len(cases))] for _ in range(rounds)]
    values = [value for value in map(statistic, draws) if value is not None]
    if not values:
        return None
    low, high = np.percentile(values, [2.5, 97.5])
    return (float(low), float(high))
