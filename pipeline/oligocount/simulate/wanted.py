"""Lesions by name: what the user asks a phantom to have."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from oligocount.errors import ConfigError
from oligocount.simulate.body import BodyMap
from oligocount.simulate.lesions import Canvas, Focus, lay
from oligocount.simulate.primary import draw_primary, lay_primary
from oligocount.simulate.sites import (
    DISTANT_STATIONS,
    ORGAN_SITES,
    REGIONAL,
    mass_focus,
    node_focus,
    organ_focus,
)

PRIMARY, MASS = "primary", "mass"
_MOST = 60
_TRIES = 20
Draw = Callable[[BodyMap, np.random.Generator], Focus | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How many lesions of one site. `draw` is None for the primary."""

    name: str
    count: int
    draw: Draw | None


def read_wanted(spec: str) -> tuple[Wanted, ...]:
    """Sites with numbers, as in `primary,liver:2,bone,104L:1`, the primary first.

    A site is `primary`, `mass`, an organ (liver, lung, bone ...) or a nodal station (104L, 4R ...).
    Raises ConfigError for anything else.
    """
    wanted = [_one(part.strip()) for part in spec.split(",") if part.strip()]
    if not wanted:
        raise ConfigError(f"--lesions {spec!r}: expected sites, as in primary,liver:2,104L")
    if sum(each.count for each in wanted) > _MOST:
        raise ConfigError(f"--lesions {spec!r}: at most {_MOST} lesions have room")
    return tuple(sorted(wanted, key=lambda each: each.name != PRIMARY))


def lay_wanted(
    canvas: Canvas, wanted: tuple[Wanted, ...], n_before: int, rng: np.random.Generator
) -> list[tuple[int, Focus]]:
    """Every wanted lesion lies in the canvas, numbered from `n_before` + 1.

    Raises ConfigError that names the one that finds no room.
    """
    laid: list[tuple[int, Focus]] = []
    for one in wanted:
        for _ in range(one.count):
            number = n_before + len(laid) + 1
            attempts = (_attempt(canvas, one, number, rng) for _ in range(_TRIES))
            focus = next((each for each in attempts if each is not None), None)
            if focus is None:
                raise ConfigError(
                    f"--lesions: no room for {one.name} in what is scanned; another seed or "
                    "extent may have it"
                )
            laid.append((number, focus))
    return laid


def _attempt(canvas: Canvas, one: Wanted, number: int, rng: np.random.Generator) -> Focus | None:
    if one.draw is None:
        return lay_primary(canvas, draw_primary(rng), number, rng)
    focus = one.draw(canvas.body, rng)
    return focus if focus is not None and lay(canvas, focus, number, rng) else None


def _one(part: str) -> Wanted:
    name, colon, number = part.partition(":")
    if (colon and not number.isdecimal()) or number == "0":
        raise ConfigError(f"--lesions: {part!r}: expected a number after the colon, as in liver:2")
    count = int(number or 1)
    if name == PRIMARY and count > 1:
        raise ConfigError("--lesions: a phantom has one primary at most")
    return Wanted(name=name, count=count, draw=_draw(name))


def _draw(name: str) -> Draw | None:
    if name == PRIMARY:
        return None
    if name == MASS:
        return mass_focus
    if name in REGIONAL or name in DISTANT_STATIONS:
        return partial(node_focus, name)
    row = next((each for each in ORGAN_SITES if each.organ == name), None)
    if row is None:
        organs = ", ".join(each.organ for each in ORGAN_SITES)
        stations = ", ".join((*REGIONAL, *DISTANT_STATIONS))
        raise ConfigError(
            f"--lesions: unknown site {name!r}; expected {PRIMARY}, {MASS}, an organ ({organs}) "
            f"or a station ({stations})"
        )
    return partial(organ_focus, row)
