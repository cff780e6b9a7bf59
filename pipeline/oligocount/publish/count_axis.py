"""The count on a line: how low, how high, and where the definitions draw theirs."""

from collections.abc import Mapping
from typing import Any

_WIDTH_PX = 620.0
_LEFT_PX = 20.0
_MOST_TICKS = 12


def count_axis(document: Mapping[str, Any]) -> dict[str, Any]:
    """Positions in pixels for a figure of N, its range, and the largest N that is allowed."""
    counts = document["counts"]
    limits = _limits(document["verdicts"])
    top = max([counts["N_high"], *limits, 3]) + 1
    unit = _WIDTH_PX / top
    every = max(1, -(-top // _MOST_TICKS))

    def at(value: float) -> float:
        return float(round(_LEFT_PX + value * unit, 1))

    return {
        "width": _WIDTH_PX + 2 * _LEFT_PX,
        "left": _LEFT_PX,
        "right": at(top),
        "low": at(counts["N_low"]),
        "high": at(counts["N_high"]),
        "n": at(counts["N"]),
        "ticks": [(value, at(value)) for value in range(0, top + 1, every)],
        "limits": [(limit, at(limit + 0.5), limits[limit]) for limit in sorted(limits)],
    }


def _limits(verdicts: Mapping[str, Any]) -> dict[int, list[str]]:
    """The largest N that is allowed -> the definitions that say so."""
    limits: dict[int, list[str]] = {}
    for name, verdict in verdicts.items():
        for each in verdict["criteria"]:
            is_limit = each["name"].rpartition(".")[2] == "N_max"
            if is_limit and isinstance(each["required"], int):
                names = limits.setdefault(each["required"], [])
                names += [name] if name not in names else []
    return limits
