"""Numbers around a projection: which lesion is where, its colour group, its label in the margin."""

from collections.abc import Mapping, Sequence
from typing import Any

from oligocount.publish.projections import Projection

MARGIN_PX = 26.0  # room for labels on each side of a picture
_LABEL_STEP_PX = 11.0


def category(lesion: Mapping[str, Any]) -> str:
    """The group that colours a lesion of result.json."""
    if lesion["kind"] == "physiologic" or lesion["status"] == "benign":
        return "physiologic"
    if lesion["status"] == "equivocal":
        return "equivocal"
    if lesion["kind"] == "primary":
        return "primary"
    if lesion["counted"]:
        return "counted"
    return "regional" if lesion["nodal_class"] == "regional" else "not_counted"


def placed(
    lesions: Sequence[Mapping[str, Any]], projection: Projection
) -> list[tuple[float, float, float, float]]:
    """For each lesion (x, y) of its centre and of its label, in picture pixels.

    Labels stand in the nearer margin, in the order of their lesions, and never overlap unless
    the picture is too low for all of them.
    """
    rows, columns = projection.picture.shape
    points = [projection.to_pixel(tuple(lesion["centroid_lps_mm"])) for lesion in lesions]
    labels: dict[int, tuple[float, float]] = {}
    for left in (True, False):
        here = [n for n, (x, _) in enumerate(points) if (x < columns / 2) is left]
        here.sort(key=lambda n: points[n][1])
        heights = _spread([points[n][1] for n in here], float(rows))
        x = -MARGIN_PX / 2 if left else columns + MARGIN_PX / 2
        labels.update({n: (x, y) for n, y in zip(here, heights, strict=True)})
    return [
        (round(x, 1), round(y, 1), round(labels[n][0], 1), round(labels[n][1], 1))
        for n, (x, y) in enumerate(points)
    ]


def _spread(heights: list[float], rows: float) -> list[float]:
    """Sorted heights moved apart to the label step (less where they would not fit)."""
    step = min(_LABEL_STEP_PX, (rows - _LABEL_STEP_PX) / max(1, len(heights) - 1))
    low, high = _LABEL_STEP_PX / 2, rows - _LABEL_STEP_PX / 2
    placed_at: list[float] = []
    for height in heights:
        floor = placed_at[-1] + step if placed_at else low
        placed_at.append(max(height, floor))
    for n in range(len(placed_at) - 1, -1, -1):
        ceiling = placed_at[n + 1] - step if n + 1 < len(placed_at) else high
        placed_at[n] = min(placed_at[n], ceiling)
    return placed_at
