"""How far a count depends on settings: the cheap stages again, over a grid of settings."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from oligocount.assess.decider import Decider
from oligocount.assess.grid import Axis, axes, variations
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.interval import CountInterval, SettingEffect, ValueEffect
from oligocount.domain.lesion import Finding
from oligocount.domain.report import Decision
from oligocount.settings import Settings
from oligocount.settings_segment import SegmentSettings

Find = Callable[[SegmentSettings], Sequence[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What one combination of settings counts and decides."""

    values: Mapping[str, float]
    n: int
    decisions: Mapping[str, Decision]


def count_interval(find: Find, facts: ClinicalFacts, settings: Settings) -> CountInterval | None:
    """The count and the verdicts under every combination of settings of the grid.

    `find` gives the findings that some way to segment leads to; it is asked once for each, in
    an order in which neighbours share most. None where the grid leaves nothing to vary.
    """
    among = axes(settings)
    if not among:
        return None
    found: dict[SegmentSettings, Sequence[Finding]] = {}
    judge, outcomes = Decider(facts=facts), []
    for values, varied in variations(settings, among):
        if varied.segment not in found:
            found[varied.segment] = find(varied.segment)
        n, decisions = judge(found[varied.segment], varied)
        outcomes.append(_Outcome(values=values, n=n, decisions=decisions))
    return _summary(outcomes, among)


def _summary(outcomes: Sequence[_Outcome], among: Sequence[Axis]) -> CountInterval:
    totals = Counter(each.n for each in outcomes)
    return CountInterval(
        n_min=min(totals),
        n_max=max(totals),
        n_settings=len(outcomes),
        n_by_settings=dict(sorted(totals.items())),
        effects=tuple(_effect(axis, outcomes) for axis in among),
        verdicts={name: _shares(name, outcomes) for name in outcomes[0].decisions},
    )


def _effect(axis: Axis, outcomes: Sequence[_Outcome]) -> SettingEffect:
    by_value = {
        value: [each.n for each in outcomes if each.values[axis.name] == value]
        for value in axis.values
    }
    return SettingEffect(
        setting=axis.name,
        as_set=axis.as_set,
        values=tuple(
            ValueEffect(value=value, n_min=min(counts), n_max=max(counts))
            for value, counts in by_value.items()
        ),
    )


def _shares(name: str, outcomes: Sequence[_Outcome]) -> dict[str, float]:
    held = Counter(each.decisions[name].value for each in outcomes)
    return {decision: times / len(outcomes) for decision, times in held.most_common()}
