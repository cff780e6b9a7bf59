"""Repeated runs of a registration: which of them agree, and the move in their middle.

A descent stays in small optima that interpolation and noise leave about the right place: runs from
disturbed starts scatter about it. Those that share clearly less information are stuck and say
nothing; the middle of the rest lies nearer to the truth than any one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from oligocount.quantify.register_refine import Fit, disturbed, refined
from oligocount.quantify.register_search import (
    Matrix,
    Pair,
    Probe,
    corners_apart_mm,
    shift_of,
    turned_and_shifted,
)
from oligocount.settings_quantify import RegisterSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """What the runs come to: the move, the runs that count, and how far those lie from it."""

    fit: Fit
    runs: tuple[Fit, ...]
    spread_mm: float


def repeated(pair: Pair, first: Fit, settings: RegisterSettings) -> list[Fit]:
    """Fits from disturbed starts, the best first; again about a better one where too few agree."""
    runs, start = [first], None
    for _ in range(settings.repeat_rounds):
        if start is runs[0]:  # the same starts would end where they ended
            break
        start = runs[0]
        runs += [refined(pair, one, settings) for one in disturbed(start.matrix, pair.centre_mm)]
        runs.sort(key=lambda each: each.cost)
        if len(agreeing(runs, settings)) > settings.min_agreeing:
            break
    return runs


def agreeing(runs: Sequence[Fit], settings: RegisterSettings) -> list[Fit]:
    """The runs, the best first, that share about as much information as the best."""
    return [one for one in runs if one.cost <= settings.agreeing_share * runs[0].cost]


def agreed(pair: Pair, runs: Sequence[Fit], judge: Probe, settings: RegisterSettings) -> Agreement:
    """The middle of the runs that agree; the best run where too few do or the middle fits worse."""
    best, near = runs[0], agreeing(runs, settings)
    if len(near) > settings.min_agreeing:
        middle = _middle(pair, near)
        if judge.score(middle) >= settings.agreeing_share * judge.score(best.matrix):
            fit = Fit(matrix=middle, cost=best.cost)
            return Agreement(fit=fit, runs=tuple(near), spread_mm=_spread(pair, middle, near))
    others = tuple(runs[1:])
    return Agreement(fit=best, runs=others, spread_mm=_spread(pair, best.matrix, others))


def _middle(pair: Pair, runs: Sequence[Fit]) -> Matrix:
    """The mean turn and the mean shift of the MR's middle."""
    turn = Rotation.from_matrix(np.stack([one.matrix[:3, :3] for one in runs])).mean()
    shift = np.mean([shift_of(one.matrix, pair.centre_mm) for one in runs], axis=0)
    return turned_and_shifted(turn.as_matrix(), shift, pair.centre_mm)


def _spread(pair: Pair, matrix: Matrix, runs: Sequence[Fit]) -> float:
    corners_mm = pair.corners_mm
    return float(np.median([corners_apart_mm(matrix, one.matrix, corners_mm) for one in runs]))
