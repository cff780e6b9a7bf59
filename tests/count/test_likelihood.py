"""Weighted readings against every outcome counted one by one."""

# ruff: noqa: E501 - tables are read across

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest

from assess.builders import FACTS, node, organ
from count.builders import SETTINGS, facts, symbols
from oligocount import count
from oligocount.domain.census import Resolution
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding

FINE = Resolution(cap=99, table_organs=99, sees_diameter=True, sees_nodes=True)
COARSE = Resolution(cap=6, table_organs=1, sees_diameter=False, sees_nodes=False)


def weighed(
    *findings: Finding,
    resolution: Resolution = FINE,
    told: ClinicalFacts = FACTS,
    max_states: int = 10_000,
) -> tuple[count.Weighted, ...] | None:
    readings = count.read_findings(findings, told, SETTINGS)
    return count.weigh(readings, told, SETTINGS, resolution=resolution, max_states=max_states)


def shares(*findings: Finding, cap: int = 99, **options) -> dict[str, float]:
    """The probability of each six symbols, none above the cap."""
    found: Counter[str] = Counter()
    for each in weighed(*findings, **options) or ():
        numbers = [min(int(each), cap) for each in symbols(each.censuses[0])]
        found["".join(map(str, numbers))] += each.probability
    return dict(found)


def by_counting(*findings: Finding, cap: int = 99) -> dict[str, float]:
    found: Counter[str] = Counter()
    for outcome in product((False, True), repeat=len(findings)):
        chance = 1.0
        for is_there, each in zip(outcome, findings, strict=True):
            chance *= each.probability if is_there else 1 - each.probability
        present = [each for is_there, each in zip(outcome, findings, strict=True) if is_there]
        readings = count.read_findings(present, FACTS, SETTINGS)
        census = count.count(readings, FACTS, SETTINGS).base
        found["".join(str(min(int(each), cap)) for each in symbols(census))] += chance
    return {key: share for key, share in found.items() if share}


PATIENTS = {
    "one": [organ(1, probability=0.3)],
    "alike": [organ(1, probability=0.3), organ(2, probability=0.6), organ(3, probability=0.9)],
    "two sides": [organ(1, probability=0.3), organ(2, side="R", probability=0.6)],
    "organs": [organ(1, probability=0.3), organ(2, "liver", None, probability=0.5), organ(3, "bone", None, probability=0.7)],
    "one station": [node(1, probability=0.3), node(2, probability=0.5)],
    "stations": [node(1, probability=0.3), node(2, "104R", probability=0.5), node(3, "16a2", probability=0.8)],
    "mixed": [organ(1, probability=0.2), node(2, probability=0.4), node(3, "7", "regional", probability=0.6)],
    "serosa": [organ(1, "pleura", None, probability=0.4), organ(2, "peritoneum", None, probability=0.7)],
    "treatable": [organ(1, probability=0.4, treatable=False), organ(2, probability=0.7)],
    "station twice": [node(1, probability=0.4, treatable=False), node(2, probability=0.7), node(3, "16a2", probability=0.2)],
}  # fmt: skip


@pytest.mark.parametrize("resolution", [FINE, COARSE])
@pytest.mark.parametrize("name", PATIENTS)
def test_shares_are_those_of_every_outcome(name, resolution) -> None:
    expected = by_counting(*PATIENTS[name])
    assert shares(*PATIENTS[name], resolution=resolution) == pytest.approx(expected)


def test_what_looks_the_same_is_one_state() -> None:
    lungs = [organ(number, probability=0.5) for number in range(1, 9)]
    assert len(weighed(*lungs, resolution=COARSE)) == 7  # none to five, six or more
    assert len(weighed(*lungs)) == 9
    assert shares(*lungs, resolution=COARSE, cap=6) == pytest.approx(by_counting(*lungs, cap=6))


def test_organs_beyond_the_tables_are_only_many() -> None:
    four = [organ(number, name, None, probability=0.5) for number, name in enumerate(("lung", "liver", "bone", "adrenal"), start=1)]  # fmt: skip
    assert len(weighed(*four)) == 16
    assert len(weighed(*four, resolution=COARSE)) < 16


def test_sizes_and_nodes_are_forgotten_where_nobody_looks() -> None:
    lungs = [
        organ(1, probability=0.5, diameter_mm=10.0),
        organ(2, probability=0.5, diameter_mm=60.0),
    ]
    assert len(weighed(*lungs, resolution=COARSE)) == 3
    assert len(weighed(*lungs)) == 4
    nodes = [node(1, probability=0.5, n_nodes=1), node(2, probability=0.5, n_nodes=4)]
    assert len(weighed(*nodes, resolution=COARSE)) == 2
    assert len(weighed(*nodes, resolution=replace(COARSE, sees_nodes=True))) == 4


def test_certain_lesions_leave_one_reading() -> None:
    (only,) = weighed(organ(1), organ(2, probability=1.0), organ(3, "liver", None, probability=0.0))
    assert only.probability == 1.0
    assert symbols(only.censuses[0]) == "200212"


def test_an_equivocal_lesion_counts_by_its_probability() -> None:
    assert shares(organ(1, status="equivocal", probability=0.25)) == pytest.approx(
        {"000000": 0.75, "100111": 0.25}
    )


@pytest.mark.parametrize(
    "findings",
    [
        [organ(1, status="equivocal")],
        [organ(1, probability=0.5), organ(2, status="equivocal")],
        [node(1, "10L", None, probability=0.5)],
    ],
)
def test_where_probabilities_do_not_say_enough_there_is_none(findings) -> None:
    assert weighed(*findings) is None


def test_too_many_states_give_none() -> None:
    organs = [organ(number, name, None, probability=0.5) for number, name in enumerate(("lung", "liver"), start=1)]  # fmt: skip
    assert weighed(*organs, max_states=3) is None
    assert len(weighed(*organs, max_states=4)) == 4


def test_unknown_timing_gives_both_censuses() -> None:
    unknown = facts(months_from_primary_diagnosis=None)
    (only,) = weighed(node(1, "7", "regional"), told=unknown)
    assert [symbols(each) for each in only.censuses] == ["000000", "001111"]
