"""Numbers around a projection: which lesion is where, its colour group, its label in the margin."""

from collections.abc import Mapping, Sequence
from typing import Any

from oligocount.publish.projections import Projection

MARGIN_PX = 26.0  # room for labels on each side of a picture
_LABEL_STEP_PX = 11.0
_TYPE_PER_STEP = 0.9  # digits are a little higher than their type size says


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

    Labels stand in the nearer margin, in the order of their lesions, in two columns by turns
    where they crowd. Physiologic foci have none: theirs is where they are.
    """
    rows, columns = projection.picture.shape
    points = [projection.to_pixel(tuple(lesion["centroid_lps_mm"])) for lesion in lesions]
    labels = dict(enumerate(points))
    for left in (True, False):
        here = _in_margin(lesions, points, columns, left=left)
        heights = _spread([points[n][1] for n in here], float(rows))
        for turn, (n, y) in enumerate(zip(here, heights, strict=True)):
            away = _label_away(turn, len(here), rows)
            labels[n] = (-away if left else columns + away, y)
    return [
        (round(x, 1), round(y, 1), round(labels[n][0], 1), round(labels[n][1], 1))
        for n, (x, y) in enumerate(points)
    ]


def label_px(lesions: Sequence[Mapping[str, Any]], projections: Sequence[Projection]) -> float:
    """The largest type that fits the most crowded margin of all projections."""
    sizes = [_TYPE_PER_STEP * _LABEL_STEP_PX]
    for view in projections:
        rows, columns = view.picture.shape
        points = [view.to_pixel(tuple(lesion["centroid_lps_mm"])) for lesion in lesions]
        for left in (True, False):
            step = _step(len(_in_margin(lesions, points, columns, left=left)), rows)
            is_crowded = step < _LABEL_STEP_PX
            sizes.append(_TYPE_PER_STEP * min(_LABEL_STEP_PX, step * (2 if is_crowded else 1)))
    return round(min(sizes), 1)


def _in_margin(
    lesions: Sequence[Mapping[str, Any]],
    points: Sequence[tuple[float, float]],
    columns: int,
    *,
    left: bool,
) -> list[int]:
    """The lesions that are labelled on this side, from above to below."""
    here = [
        n
        for n, (x, _) in enumerate(points)
        if (x < columns / 2) is left and category(lesions[n]) != "physiologic"
    ]
    return sorted(here, key=lambda n: points[n][1])


def _label_away(turn: int, labels: int, rows: int) -> float:
    """How far from the picture a label's middle stands."""
    if _step(labels, rows) >= _LABEL_STEP_PX:
        return MARGIN_PX / 2
    return MARGIN_PX * (0.75 if turn % 2 else 0.25)


def _step(labels: int, rows: float) -> float:
    return min(_LABEL_STEP_PX, (rows - _LABEL_STEP_PX) / max(1, labels - 1))


def _spread(heights: list[float], rows: float) -> list[float]:
    """Sorted heights moved apart to the label step (less where they would not fit)."""
    step = _step(len(heights), rows)
    low, high = _LABEL_STEP_PX / 2, rows - _LABEL_STEP_PX / 2
    placed_at: list[float] = []
    for height in heights:
        floor = placed_at[-1] + step if placed_at else low
        placed_at.append(max(height, floor))
    for n in range(len(placed_at) - 1, -1, -1):
        ceiling = placed_at[n + 1] - step if n + 1 < len(placed_at) else high
        placed_at[n] = min(placed_at[n], ceiling)
    return placed_at
