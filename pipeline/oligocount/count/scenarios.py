"""Findings and facts to every reading of the patient that they leave open."""

import math
from collections.abc import Iterator, Sequence
from itertools import product

from oligocount.count.census import take_census
from oligocount.count.readings import Reading, Readings
from oligocount.domain.census import Census, Doubt, Item, Resolution, Role, Scenarios
from oligocount.domain.facts import ClinicalFacts, PrimaryStatus
from oligocount.settings import CountSettings

_TREATED = (PrimaryStatus.RESECTED, PrimaryStatus.CONTROLLED)


def count(readings: Sequence[Readings], facts: ClinicalFacts, settings: CountSettings) -> Scenarios:
    """Every census that readings and facts leave possible; the first is the reported one.

    Equivocal lesions in and out, sites near a frontier on both sides, unknown timing both ways.
    Above `max_readings` combinations, equivocal lesions move together and then all open
    questions do: enough for limits that are upper limits, and said in a doubt.
    """
    choices, is_thinned = _combinations(readings, settings.max_readings)
    censuses = tuple(
        census for items in _present(choices) for census in censuses_of(items, facts, settings)
    )
    return Scenarios(
        base=censuses[0],
        all=censuses,
        doubts=tuple(_doubts(readings, censuses, is_thinned=is_thinned)),
    )


def distinct_censuses(
    readings: Sequence[Readings],
    facts: ClinicalFacts,
    settings: CountSettings,
    *,
    resolution: Resolution,
) -> tuple[Census, ...]:
    """Every census that readings and facts leave possible, those that look the same only once.

    Whatever sees no more than `resolution` answers these as it answers all of `count`. Where
    even so there are more than `max_readings`, they are those of `count`.
    """
    blurred = [
        [option and option.blurred(resolution) for option in each.options] for each in readings
    ]
    looks = tuple(dict.fromkeys(look for options in blurred for look in options if look))
    place = {look: number for number, look in enumerate(looks)}
    most = tuple(resolution.cap if look.role is Role.ORGAN else 1 for look in looks)
    states = {(0,) * len(looks)}  # how often each look is there
    for options in blurred:
        chosen = {None if look is None else place[look] for look in options}
        states = {_one_more(state, number, most) for state in states for number in chosen}
        if len(states) > settings.max_readings:
            return count(readings, facts, settings).all
    return tuple(
        census for state in states for census in censuses_of(_items(looks, state), facts, settings)
    )


def _items(looks: Sequence[Item], state: tuple[int, ...]) -> list[Item]:
    return [look for look, times in zip(looks, state, strict=True) for _ in range(times)]


def _one_more(state: tuple[int, ...], number: int | None, most: tuple[int, ...]) -> tuple[int, ...]:
    if number is None or state[number] == most[number]:
        return state
    return (*state[:number], state[number] + 1, *state[number + 1 :])


def censuses_of(
    items: Sequence[Item], facts: ClinicalFacts, settings: CountSettings
) -> tuple[Census, ...]:
    """The census of one choice of readings; two where unknown timing matters, the lower first."""
    timings = regional_timings(facts, settings)
    if not any(item.role is Role.REGIONAL for item in items):
        timings = timings[:1]
    return tuple(
        take_census(items, is_metachronous=timing, policies=settings.policies) for timing in timings
    )


def regional_timings(facts: ClinicalFacts, settings: CountSettings) -> tuple[bool, ...]:
    """Whether positive regional nodes are metachronous; both answers where it is unknown."""
    if settings.policies.regional_timing == "treatment_status":
        if facts.primary_status in _TREATED:
            return (True,)
        return (False,) if facts.primary_status is PrimaryStatus.UNTREATED else (False, True)
    later = is_metachronous(facts, settings)
    return (False, True) if later is None else (later,)


def is_metachronous(facts: ClinicalFacts, settings: CountSettings) -> bool | None:
    """Whether metastases came later than the synchronous interval; None where unknown."""
    months = facts.months_from_primary_diagnosis
    if months is None:
        stated = facts.other.get("timing")
        return stated == "metachronous" if stated in ("synchronous", "metachronous") else None
    if settings.policies.exactly_six_months == "metachronous":
        return months >= settings.synchronous_max_months
    return months > settings.synchronous_max_months


def _combinations(
    readings: Sequence[Readings], most: int
) -> tuple[Iterator[tuple[Reading, ...]], bool]:
    """Choices of one reading for each finding, the base first, and whether some were left out."""
    if math.prod(len(each.options) for each in readings) <= most:
        return product(*(each.options for each in readings)), False
    sites = [_site_options(each) for each in readings]
    if 2 * math.prod(map(len, sites)) <= most:
        return _equivocal_together(readings, product(*sites)), True
    extremes = [(options[0], options[-1]) for options in sites]
    both_ends: Iterator[tuple[Reading, ...]] = zip(*extremes, strict=True)
    return _equivocal_together(readings, both_ends), True


def _site_options(readings: Readings) -> tuple[Reading, ...]:
    return readings.options[1:] if readings.options[0] is None else readings.options


def _equivocal_together(
    readings: Sequence[Readings], choices: Iterator[tuple[Reading, ...]]
) -> Iterator[tuple[Reading, ...]]:
    """Each choice twice: without the findings that may be absent, and with them."""
    for choice in choices:
        pairs = zip(readings, choice, strict=True)
        yield tuple(None if each.options[0] is None else option for each, option in pairs)
        yield choice


def _present(choices: Iterator[tuple[Reading, ...]]) -> Iterator[tuple[Item, ...]]:
    for choice in choices:
        yield tuple(item for item in choice if item is not None)


def _doubts(
    readings: Sequence[Readings], censuses: Sequence[Census], *, is_thinned: bool
) -> Iterator[Doubt]:
    equivocal = tuple(each.finding for each in readings if each.is_equivocal)
    frontier = tuple(each.finding for each in readings if each.is_frontier)
    untold = {
        item.finding for census in censuses for item in census.items if item.treatable is None
    }
    if equivocal:
        yield Doubt(code="EQUIVOCAL", text="equivocal lesions", lesions=equivocal)
    if frontier:
        yield Doubt(code="FRONTIER", text="lesions that may lie elsewhere", lesions=frontier)
    if untold:
        lesions = tuple(sorted(untold))
        yield Doubt(code="TREATABILITY", text="treatability not stated", lesions=lesions)
    if len({census.r for census in censuses if _has_regional(census)}) > 1:
        yield Doubt(code="TIMING", text="timing of regional nodes unknown")
    if is_thinned:
        yield Doubt(code="THINNED", text="too many open questions to read each on its own")


def _has_regional(census: Census) -> bool:
    return any(item.role is Role.REGIONAL for item in census.items)
