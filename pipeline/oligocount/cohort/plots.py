"""Bland and Altman's plot as points on a page: differences against means."""

from collections.abc import Sequence
from dataclasses import dataclass

_WIDTH, _HEIGHT, _MARGIN = 360.0, 220.0, 30.0


@dataclass(frozen=True, slots=True)
class Line:
    """A level of the plot: the bias or a limit, at `y` on the page."""

    name: str
    value: float
    y: float


@dataclass(frozen=True, slots=True)
class Point:
    """One case."""

    case_id: str
    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlandAltman:
    """Everything a template has to draw; `x_range` and `y_range` are in the subject's unit."""

    subject: str
    points: tuple[Point, ...]
    lines: tuple[Line, ...]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    width: float = _WIDTH
    height: float = _HEIGHT
    margin: float = _MARGIN


def bland_altman(
    subject: str,
    pairs: Sequence[tuple[str, float, float]],
    limits: tuple[float, float | None, float | None],
) -> BlandAltman:
    """The plot of (case, machine, reader) with bias, lower and upper limit.

    Bland and Altman, Lancet 1986: the difference, machine minus reader, against the mean.
    """
    means = [(machine + reader) / 2 for _, machine, reader in pairs]
    differences = [machine - reader for _, machine, reader in pairs]
    levels = [(name, value) for name, value in zip(("bias", "-1.96 SD", "+1.96 SD"), limits,
              strict=True) if value is not None]  # fmt: skip
    x_range = _widened(means)
    y_range = _widened([*differences, 0.0, *(value for _, value in levels)])
    return BlandAltman(
        subject=subject,
        points=tuple(
            Point(
                case_id,
                _placed(mean, x_range, _MARGIN, _WIDTH - _MARGIN),
                _placed(difference, y_range, _HEIGHT - _MARGIN, _MARGIN),
                f"{case_id}: machine {machine:g}, reader {reader:g}",
            )
            for (case_id, machine, reader), mean, difference in zip(
                pairs, means, differences, strict=True
            )
        ),
        lines=tuple(
            Line(name, value, _placed(value, y_range, _HEIGHT - _MARGIN, _MARGIN))
            for name, value in levels
        ),
        x_range=x_range,
        y_range=y_range,
    )


def _widened(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _placed(value: float, within: tuple[float, float], first: float, last: float) -> float:
    low, high = within
    return round(first + (value - low) / (high - low) * (last - first), 1)
