"""Named levels of one patient, each with its fall-backs in order, the method and a confidence.

A fall-back from another landmark is never surer than that landmark. What nothing tells is
absent. Rules after IASLC (PMC4367620), AJCC 8 and the project's own geometry.
"""

from dataclasses import dataclass

from oligocount.anatomy import levels_abdomen, levels_chest
from oligocount.anatomy.drawing import Drawing
from oligocount.anatomy.estimate import Found, Rule
from oligocount.domain.anatomy import Landmark


@dataclass(frozen=True, slots=True)
class _Level:
    """A landmark's name with the rules that can give it, best first."""

    name: str
    rules: tuple[Rule, ...]


_LEVELS = tuple(_Level(name, rules) for name, rules in (*levels_chest.RULES, *levels_abdomen.RULES))


def find_landmarks(drawing: Drawing) -> dict[str, Landmark]:
    """Every landmark that some rule gives, by name. Heights are LPS z in mm."""
    found: Found = {}
    for level in _LEVELS:
        for rule in level.rules:
            estimate = rule(drawing, found)
            if estimate is not None:
                found[level.name] = estimate
                break
    return {
        name: Landmark(
            name=name,
            value_mm=float(each.value_mm),
            method=each.method,
            confidence=round(float(each.confidence), 2),
        )
        for name, each in found.items()
    }
