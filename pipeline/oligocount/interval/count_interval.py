"""How far a count depends on settings: the cheap stages again, one setting changed at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from oligocount.assess import assess
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding
from oligocount.settings import SegmentSettings, Settings

Find = Callable[[Settings], Sequence[Finding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountInterval:
    """The least and most lesions over all settings tried, and how often each verdict holds.

    `by_setting` maps a changed setting (`segment.connectivity 6`) to its N; the first entry is
    the case as set. `verdicts` maps a definition to decisions and the number of settings.
    """

    lowest: int
    highest: int
    by_setting: Mapping[str, int]
    verdicts: Mapping[str, Mapping[str, int]]


def count_interval(find: Find, facts: ClinicalFacts, settings: Settings) -> CountInterval:
    """Count and judge under every variation of the settings that `count.interval` lists.

    `find` gives the findings that some settings lead to; it is asked once for each different
    way to segment, as margins of counting need no new findings.
    """
    found: dict[SegmentSettings, Sequence[Finding]] = {}
    totals: dict[str, int] = {}
    verdicts: dict[str, dict[str, int]] = {}
    for name, varied in variations(settings):
        if varied.segment not in found:
            found[varied.segment] = find(varied)
        assessment = assess(found[varied.segment], facts, varied)
        totals[name] = assessment.counts.n
        for each in assessment.verdicts:
            held = verdicts.setdefault(each.definition, {})
            held[each.decision.value] = held.get(each.decision.value, 0) + 1
    return CountInterval(
        lowest=min(totals.values()),
        highest=max(totals.values()),
        by_setting=totals,
        verdicts=verdicts,
    )


def variations(settings: Settings) -> Iterator[tuple[str, Settings]]:
    """The settings as they are, then each with one value of the grid that is not theirs."""
    yield "as set", settings
    grid, segment = settings.count.interval, settings.segment
    for each in grid.connectivity:
        yield from _other(settings, "connectivity", each, segment)
    for volume in grid.min_volume_ml:
        yield from _other(settings, "min_volume_ml", volume, segment)
    for share in grid.share_of_maximum:
        if share != segment.network.share_of_maximum:
            changed = replace(
                segment,
                network=replace(segment.network, share_of_maximum=share),
                threshold=replace(segment.threshold, share_of_maximum=share),
            )
            yield f"segment.share_of_maximum {share:g}", replace(settings, segment=changed)
    for name in ("prominence", "join_gap_mm"):
        for value in getattr(grid, name):
            if value != getattr(segment.split, name):
                field: Any = {name: value}
                changed = replace(segment, split=replace(segment.split, **field))
                yield f"segment.split.{name} {value:g}", replace(settings, segment=changed)
    for margin in grid.frontier_margin_mm:
        if margin != settings.count.frontier_margin_mm:
            counted = replace(settings.count, frontier_margin_mm=margin)
            yield f"count.frontier_margin_mm {margin:g}", replace(settings, count=counted)


def _other(
    settings: Settings, name: str, value: float, segment: SegmentSettings
) -> Iterator[tuple[str, Settings]]:
    if value != getattr(segment, name):
        field: Any = {name: value}
        changed = replace(segment, **field)
        yield f"segment.{name} {value:g}", replace(settings, segment=changed)
