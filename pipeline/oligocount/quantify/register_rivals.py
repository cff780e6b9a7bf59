"""What else a registration might be: another place, or the MR turned over.

Headers err in how a patient lay, and a thigh looks much like itself upside down. A fit is held
against the best of fits from many turns, spread over all there are, near the same place.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from oligocount.quantify.register_refine import Fit, refined
from oligocount.quantify.register_search import (
    Matrix,
    Pair,
    Probe,
    around_start,
    nudges,
    shift_of,
)
from oligocount.settings_quantify import RegisterSettings


def turned_over(pair: Pair, probe: Probe, best: Fit, settings: RegisterSettings) -> list[Fit]:
    """Fits of the MR turned anyhow, near the place of the best fit."""
    middle = shift_of(best.matrix, probe.centre_mm)
    turns = Rotation.random(settings.rival_turns, rng=np.random.default_rng(0)).as_matrix()
    found = [
        probe.start(turn, middle + shift)
        for turn in turns
        for shift in nudges(settings.search_step_mm)
    ]
    sound = [one for one in found if np.isfinite(one.score)]
    out = []
    for one in sorted(sound, key=lambda each: -each.score)[: settings.rivals]:
        near = max(around_start(probe, one, settings), key=lambda each: each.score)
        out.append(refined(pair, near.matrix, settings, quick=True))
    return out


def rivalry(
    pair: Pair, best: Fit, rivals: Sequence[Fit], judge: Probe, settings: RegisterSettings
) -> float:
    """How good the best fit elsewhere is, as a share of the best fit: 1 is as good."""
    reached = judge.score(best.matrix)
    elsewhere = [
        judge.score(one.matrix)
        for one in rivals
        if _is_elsewhere(one.matrix, best.matrix, pair.centre_mm, settings)
    ]
    return max(elsewhere, default=0.0) / reached if reached > 0 else float("inf")


def turn_deg(turn: Matrix) -> float:
    """The angle of a rotation."""
    return float(np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))))


def _is_elsewhere(
    one: Matrix, other: Matrix, centre_mm: NDArray[np.float64], settings: RegisterSettings
) -> bool:
    gap_mm = float(np.linalg.norm(((one - other) @ [*centre_mm, 1])[:3]))
    angle_deg = turn_deg(one[:3, :3] @ other[:3, :3].T)
    return gap_mm > settings.elsewhere_mm or angle_deg > settings.elsewhere_deg
