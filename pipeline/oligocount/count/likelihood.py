"""Lesion probabilities to weighted readings of a patient: exact where lesions are independent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oligocount.count.census import take_census
from oligocount.count.readings import Readings
from oligocount.count.scenarios import censuses_of
from oligocount.domain.census import Census, Item, Resolution, Role
from oligocount.domain.facts import ClinicalFacts
from oligocount.settings import CountPolicies, CountSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighted:
    """Readings that look the same to the definitions, with their probability.

    More than one census where the timing of regional nodes is unknown.
    """

    probability: float
    censuses: tuple[Census, ...]


def weigh(
    readings: Sequence[Readings],
    facts: ClinicalFacts,
    settings: CountSettings,
    *,
    resolution: Resolution,
    max_states: int,
) -> tuple[Weighted, ...] | None:
    """Every reading that lesion probabilities leave, merged as far as `resolution` allows.

    A malignant lesion without a probability is certain. None where probabilities do not
    say enough: an equivocal lesion has none, a site is open, or more than `max_states` readings.
    """
    told = []
    for each in readings:
        probability = _probability(each)
        if probability is None or each.is_frontier:
            return None
        told.append((_item(each, resolution), probability))
    states = _fold(told, resolution, settings.policies, max_states)
    if states is None:
        return None
    return tuple(
        Weighted(probability=probability, censuses=censuses_of(items, facts, settings))
        for probability, items in states
    )


def _probability(readings: Readings) -> float | None:
    if readings.probability is None and not readings.is_equivocal:
        return 1.0
    return readings.probability


def _item(readings: Readings, resolution: Resolution) -> Item:
    """The first-choice item, without what no definition looks at."""
    first = next(option for option in readings.options if option is not None)
    return first.blurred(resolution)


def _fold(
    items: Sequence[tuple[Item, float]],
    resolution: Resolution,
    policies: CountPolicies,
    max_states: int,
) -> list[tuple[float, tuple[Item, ...]]] | None:
    """Add one group of equal items after the other; states that look the same become one.

    Groups of one organ system follow each other, so that what is known of a finished system
    is its totals, and of the current one its count.
    """
    states: dict[object, tuple[float, tuple[Item, ...]]] = {(): (1.0, ())}
    for item, numbers in _groups(items, resolution.cap):
        merged: dict[object, tuple[float, tuple[Item, ...]]] = {}
        for weight, present in states.values():
            for number, chance in enumerate(numbers):
                if not chance:
                    continue
                now = (*present, *(item,) * number)
                key = _appearance(now, item, resolution, policies)
                before = merged.get(key, (0.0, now))
                merged[key] = (before[0] + weight * chance, before[1])
        states = merged
        if len(states) > max_states:
            return None
    return list(states.values())


def _groups(items: Sequence[tuple[Item, float]], cap: int) -> Iterator[tuple[Item, list[float]]]:
    """Each distinct item with the probability of 0, 1, 2, ... of it being there."""
    grouped: dict[Item, list[float]] = {}
    for item, probability in items:
        grouped.setdefault(item, []).append(probability)
    for item in sorted(grouped, key=lambda each: (each.system, each.half, each.station or "")):
        yield item, _numbers(grouped[item], cap if item.role is Role.ORGAN else 1)


def _numbers(probabilities: Sequence[float], cap: int) -> list[float]:
    """The Poisson-binomial distribution; the last entry is `cap` or more."""
    numbers = [1.0]
    for probability in probabilities:
        grown = [0.0] * (len(numbers) + 1)
        for number, chance in enumerate(numbers):
            grown[number] += chance * (1.0 - probability)
            grown[number + 1] += chance * probability
        if len(grown) > cap + 1:
            grown[cap] += grown.pop()
        numbers = grown
    return numbers


def _appearance(
    items: tuple[Item, ...], last: Item, resolution: Resolution, policies: CountPolicies
) -> object:
    """All of a reading that a definition could still tell, whatever follows the `last` group."""
    census = take_census(items, is_metachronous=True, policies=policies)
    cap = resolution.cap
    tables: object = "many"
    if len(census.organs) <= resolution.table_organs:
        tables = frozenset(
            (organ, min(tally.lesions, cap), tally.is_bilateral, tally.is_bilobar)
            for organ, tally in census.organs.items()
        )
    current = [item for item in items if item.system == last.system and item.role is Role.ORGAN]
    places = {(item.half, item.side, item.lobe) for item in current}
    return (
        *(min(number, cap) for number in (census.v, census.s, census.n, census.o, census.m)),
        census.r,
        min(census.sites_excluding_rpln, cap),
        min(census.brain, cap),
        min(census.nodes, cap),
        census.has_unknown_nodes,
        census.serosal > 0,
        census.treatable,
        census.exclusions,
        census.diameter_mm,
        census.has_unknown_diameter,
        tables,
        min(len(current), cap),
        frozenset(places),
        last.station in census.stations,
    )
