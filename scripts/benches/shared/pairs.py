"""Two ways to the same answer, timed in turn and compared."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Work = Callable[[], Any]
_ENOUGH_S = 60.0


@dataclass(frozen=True)
class Row:
    """One peer beside ours; `gap` is how far the two answers lie apart, in `unit`."""

    step: str
    peer: str
    ours_s: float
    peer_s: float
    gap: float
    unit: str


def pair(step: str, peer: str, ours: Work, theirs: Work, runs: int, unit: str, part: Work) -> Row:
    """Both timed in turn; the gap is the largest difference of what `part` takes of each answer.

    No further turn begins after `_ENOUGH_S`.
    """
    started = time.perf_counter()
    best = {"ours": np.inf, "theirs": np.inf}
    answers: dict[str, Any] = {}
    for turn in range(runs):
        if turn and time.perf_counter() - started > _ENOUGH_S:
            break
        for name, work in {"ours": ours, "theirs": theirs}.items():
            begun = time.perf_counter()
            answers[name] = work()
            best[name] = min(best[name], time.perf_counter() - begun)
    a, b = part(answers["ours"]), part(answers["theirs"])
    gap = float((a != b).mean()) if unit.startswith("share") else float(np.abs(a - b).max())
    return Row(step, peer, best["ours"], best["theirs"], gap, unit)
