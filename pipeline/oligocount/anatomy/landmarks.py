"""Named levels of one patient, each with its fall-backs in order, the method and a confidence.

A fall-back from another landmark is never surer than that landmark. What nothing tells is
absent. An answer that stands on the wrong side of a level found before is passed over (a split
of the airway in the nose is no carina); where every rule answers so, the first stays with half
its confidence. Rules after IASLC (PMC4367620), AJCC 8 and the project's own geometry.
"""

from dataclasses import dataclass, replace
from itertools import chain

from oligocount.anatomy import levels_abdomen, levels_chest
from oligocount.anatomy.drawing import Drawing
from oligocount.anatomy.estimate import Estimate, Found, Rule
from oligocount.domain.anatomy import Landmark


@dataclass(frozen=True, slots=True)
class _Level:
    """A landmark's name with the rules that can give it, best first."""

    name: str
    rules: tuple[Rule, ...]


_DOWN = (
    "z_hyoid", "z_cricoid", "z_apex_r", "z_manubrium_top", "z_arch_top", "z_carina", "z_ipv",
    "z_hiatus", "z_egj", "z_coeliac", "z_lrv", "z_ima", "z_bif", "z_femur_top",
)  # fmt: skip
_SLACK_MM = 12.0  # neighbours in this order change places by about a vertebral disc

_LEVELS = tuple(_Level(name, rules) for name, rules in (*levels_chest.RULES, *levels_abdomen.RULES))


def find_landmarks(drawing: Drawing) -> dict[str, Landmark]:
    """Every landmark that some rule gives, by name. Heights are LPS z in mm."""
    found: Found = {}
    for level in _LEVELS:
        given = (each for rule in level.rules if (each := rule(drawing, found)) is not None)
        first = next(given, None)
        if first is None:
            continue
        fitting = (each for each in chain((first,), given) if _is_in_order(level.name, each, found))
        otherwise = replace(first, confidence=first.confidence / 2)
        found[level.name] = next(fitting, otherwise)
    return {
        name: Landmark(
            name=name,
            value_mm=float(each.value_mm),
            method=each.method,
            confidence=round(float(each.confidence), 2),
        )
        for name, each in found.items()
    }


def _is_in_order(name: str, estimate: Estimate, found: Found) -> bool:
    """Not above a level that is known to lie above it, nor below one that lies below."""
    if name not in _DOWN:
        return True
    above, below = _DOWN[: _DOWN.index(name)], _DOWN[_DOWN.index(name) + 1 :]
    z = estimate.value_mm
    return all(found[n].value_mm > z - _SLACK_MM for n in above if n in found) and all(
        found[n].value_mm < z + _SLACK_MM for n in below if n in found
    )
