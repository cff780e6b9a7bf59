"""The count on a line: how low, how high, and where the definitions draw theirs."""

from collections.abc import Callable, Mapping
from typing import Any

_WIDTH_PX = 620.0
_LEFT_PX = 20.0
_MOST_TICKS = 12
_BAR_PX, _BAR_SHARE = 34.0, 0.36  # height of the tallest bar; width as a share of one N


def count_axis(document: Mapping[str, Any]) -> dict[str, Any]:
    """Positions in pixels for a figure of N, its range, and the largest N that is allowed.

    Where the document tells how N depends on settings, `bars` says in how many each N comes out.
    """
    counts = document["counts"]
    limits = _limits(document["verdicts"])
    tried = (document.get("count_interval") or {}).get("N_by_settings", {})
    top = max([counts["N_high"], *limits, *map(int, tried), 3]) + 1
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
        "bars": _bars(tried, unit, at),
        "limits": [(limit, at(limit + 0.5), limits[limit]) for limit in sorted(limits)],
    }


def _bars(
    tried: Mapping[str, int], unit: float, at: Callable[[float], float]
) -> list[dict[str, float]]:
    """A bar for each N that some combination of settings gives, as high as its share of them."""
    most = max(tried.values(), default=1)
    return [
        {
            "x": round(at(int(n)) - _BAR_SHARE * unit / 2, 1),
            "width": round(_BAR_SHARE * unit, 1),
            "height": round(max(2.0, _BAR_PX * many / most), 1),
            "n": int(n),
            "settings": many,
        }
        for n, many in sorted(tried.items(), key=lambda pair: int(pair[0]))
    ]


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
