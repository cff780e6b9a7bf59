"""One rule's answer for a landmark, and the fall-back from another landmark."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from oligocount.anatomy.drawing import Drawing


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coordinate in mm, how it was found, how sure (0..1)."""

    value_mm: float
    method: str
    confidence: float


Found = dict[str, Estimate]
Rule = Callable[[Drawing, Found], Estimate | None]
_AGREEMENT_MM = 15.0  # rules that disagree by this much halve the confidence


def beside(name: str, offset_mm: float, confidence: float) -> Rule:
    """A rule: another landmark plus an offset, with its confidence times `confidence`."""

    def rule(_drawing: Drawing, found: Found) -> Estimate | None:
        if name not in found:
            return None
        other = found[name]
        return Estimate(
            other.value_mm + offset_mm, f"{name} {offset_mm:+.0f} mm", other.confidence * confidence
        )

    return rule


def top_of(*stems: str, offset_mm: float = 0.0, confidence: float = 0.9) -> Rule:
    """A rule: the top of a structure plus an offset; not where the scan cuts it."""

    def rule(drawing: Drawing, _found: Found) -> Estimate | None:
        if not drawing.has(*stems):
            return None
        top = drawing.top_mm(drawing.main_run(drawing.mask(*stems)))
        if top >= float(drawing.frame.z_mm[-1]):
            return None
        value = top + offset_mm
        trust = min(confidence, confidence * drawing.trust(*stems))
        return Estimate(value, f"top of {stems[0]} {offset_mm:+.0f} mm", trust)

    return rule


def bottom_of(*stems: str, offset_mm: float = 0.0, confidence: float = 0.9) -> Rule:
    """A rule: the bottom of a structure plus an offset; not where the scan cuts it."""

    def rule(drawing: Drawing, _found: Found) -> Estimate | None:
        if not drawing.has(*stems):
            return None
        bottom = drawing.bottom_mm(drawing.main_run(drawing.mask(*stems)))
        if bottom <= float(drawing.frame.z_mm[0]):
            return None
        value = bottom + offset_mm
        trust = min(confidence, confidence * drawing.trust(*stems))
        return Estimate(value, f"bottom of {stems[0]} {offset_mm:+.0f} mm", trust)

    return rule


def consensus(*rules: Rule) -> Rule:
    """A rule: the median of several independent rules, surer where they agree."""

    def rule(drawing: Drawing, found: Found) -> Estimate | None:
        given = [each for one in rules if (each := one(drawing, found)) is not None]
        if len(given) < 2:
            return None
        values = [each.value_mm for each in given]
        doubt = 1.0 / (1.0 + float(np.ptp(values)) / _AGREEMENT_MM)
        best = max(each.confidence for each in given)
        method = "median of " + "; ".join(f"{g.method} {g.value_mm:.0f}" for g in given)
        return Estimate(float(np.median(values)), method, best * (0.5 + 0.5 * doubt))

    return rule
