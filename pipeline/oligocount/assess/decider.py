"""N and the decisions alone, for many variants of one patient: what looks alike is asked once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from oligocount import count, decide
from oligocount.assess.assessment import library_of, verdicts_of
from oligocount.count import Readings
from oligocount.domain.census import Item, Resolution
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding
from oligocount.domain.report import Decision
from oligocount.settings import Settings

Outcome = tuple[int, dict[str, Decision]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Says of findings what `assess` would, but the reported N and the decisions alone."""

    facts: ClinicalFacts
    known: dict[Any, Outcome] = field(default_factory=dict)

    def __call__(self, findings: Sequence[Finding], settings: Settings) -> Outcome:
        """The reported N, and each definition's decision.

        Readings that look the same to the definitions are read once, so that none has to be
        left out where `assess` would; margins may differ from call to call, policies may not.
        """
        readings = count.read_findings(findings, self.facts, settings.count)
        if settings.decide.max_dissent_probability:
            verdicts = verdicts_of(readings, self.facts, settings)
            return _reported(readings, self.facts, settings), verdicts
        looks = _looks(readings, library_of(settings).resolution)
        if looks not in self.known:
            self.known[looks] = (
                _reported(readings, self.facts, settings),
                _decisions(readings, self.facts, settings),
            )
        return self.known[looks]


def _looks(readings: Sequence[Readings], resolution: Resolution) -> frozenset[Any]:
    """How many findings leave which readings open, as far as definitions can tell."""
    seen = Counter(tuple(_blurred(each, resolution)) for each in readings)
    return frozenset(seen.items())


def _blurred(readings: Readings, resolution: Resolution) -> tuple[Item | None, ...]:
    return tuple(each and each.blurred(resolution) for each in readings.options)


def _reported(readings: Sequence[Readings], facts: ClinicalFacts, settings: Settings) -> int:
    base = [each.options[0] for each in readings if each.options[0] is not None]
    census, *_ = count.censuses_of(base, facts, settings.count)
    return census.n


def _decisions(
    readings: Sequence[Readings], facts: ClinicalFacts, settings: Settings
) -> dict[str, Decision]:
    library = library_of(settings)
    censuses = count.distinct_censuses(
        readings, facts, settings.count, resolution=library.resolution
    )
    return {
        each.id: decide.decision_of(decide.possible_in_any(each, censuses, facts))
        for each in library.definitions
    }
