"""Decision-critical lesions: the smallest sets that, read otherwise, change a verdict."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from math import comb

from oligocount import count, decide
from oligocount.count import Readings
from oligocount.decide import Definition, Library
from oligocount.domain.census import Item
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.report import CriticalSet, Decision
from oligocount.settings import Settings


def critical_sets(
    readings: Sequence[Readings],
    facts: ClinicalFacts,
    settings: Settings,
    library: Library,
) -> tuple[CriticalSet, ...]:
    """For every verdict the smallest sets of lesions that flip it, most doubtful lesions first.

    A counted lesion is rejected, an equivocal one accepted, one near a frontier moved; all
    others stay as reported. The most doubtful are equivocal, then near a frontier, then those
    whose probability is nearest to one half. The search ends at `max_critical_set` lesions, or
    before a size that has more than `max_readings` sets.
    """
    search = _Search(readings, facts, settings, library)
    ordered = sorted(readings, key=_certainty)
    found: dict[tuple[int, ...], dict[str, Decision]] = {}
    open_definitions = list(library.definitions)
    for size in range(1, settings.decide.max_critical_set + 1):
        if not open_definitions or comb(len(ordered), size) > settings.count.max_readings:
            break
        flipped = set()
        for chosen in combinations(ordered, size):
            flips = search.flips(chosen, open_definitions)
            if flips:
                found[tuple(each.finding for each in chosen)] = flips
                flipped |= set(flips)
        open_definitions = [each for each in open_definitions if each.id not in flipped]
    return tuple(CriticalSet(lesions=ids, flips=flips) for ids, flips in found.items())


def _certainty(readings: Readings) -> tuple[bool, bool, float, int]:
    probability = 1.0 if readings.probability is None else readings.probability
    return (
        not readings.is_equivocal,
        not readings.is_frontier,
        abs(probability - 0.5),
        readings.finding,
    )


class _Search:
    """Answers once for every set of readings that looks the same to the definitions."""

    def __init__(
        self,
        readings: Sequence[Readings],
        facts: ClinicalFacts,
        settings: Settings,
        library: Library,
    ) -> None:
        self._facts = facts
        self._count = settings.count
        self._definitions = library.definitions
        resolution = library.resolution
        self._base = {each.finding: each.options[0] for each in readings}
        self._looks = {
            option: option.blurred(resolution)
            for each in readings
            for option in each.options
            if option is not None
        }
        numbers = {look: number for number, look in enumerate(dict.fromkeys(self._looks.values()))}
        self._numbers = {option: numbers[look] for option, look in self._looks.items()}
        self._answers: dict[tuple[int, ...], dict[str, int]] = {}
        self._now = self._answer(self._base)

    def flips(
        self, chosen: Sequence[Readings], definitions: Sequence[Definition]
    ) -> dict[str, Decision]:
        """What the verdicts become if every one of the chosen is read otherwise."""
        flips: dict[str, Decision] = {}
        for options in product(*map(_otherwise, chosen)):
            changed = dict(zip((each.finding for each in chosen), options, strict=True))
            answer = self._answer(self._base | changed)
            for each in definitions:
                if answer[each.id] != self._now[each.id]:
                    flips.setdefault(each.id, decide.decision_of(answer[each.id]))
        return flips

    def _answer(self, read: Mapping[int, Item | None]) -> dict[str, int]:
        items = [item for item in read.values() if item is not None]
        key = tuple(sorted(self._numbers[item] for item in items))
        if key not in self._answers:
            looks = [self._looks[item] for item in items]
            censuses = count.censuses_of(looks, self._facts, self._count)
            self._answers[key] = {
                each.id: decide.possible_in_any(each, censuses, self._facts)
                for each in self._definitions
            }
        return self._answers[key]


def _otherwise(readings: Readings) -> tuple[Item | None, ...]:
    """Every reading but the first; a certain lesion can be rejected."""
    others = readings.options[1:]
    return others if None in readings.options else (*others, None)
