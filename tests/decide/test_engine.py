"""In which order a definition looks, and what remains open."""

# ruff: noqa: E501 - tables are read across

from dataclasses import replace

import pytest

from decide.builders import BY_ID, census, organs
from oligocount.decide.engine import (
    decision_of,
    decisions_of,
    possible,
    possible_in_any,
    study_result_of,
)
from oligocount.domain.census import Census
from oligocount.domain.facts import ClinicalFacts, Histology, PrimaryLocation
from oligocount.domain.report import Decision, StudyResult

SCC = ClinicalFacts(histology=Histology.SCC)
AC = ClinicalFacts(histology=Histology.AC)
GASTRIC = ClinicalFacts(histology=Histology.AC, primary_location=PrimaryLocation.GASTRIC)
NOTHING = census(v=0, n=0, o=0, m=0, organs={}, by_organ={}, sites_excluding_rpln=0)
FOUR_LUNG = census(v=4, n=4, m=4, organs=organs(lung=4))
DIFFUSE = ("diffuse_serosal",)
ONE_STATION = census(v=0, s=1, organs={}, stations=("104L",), nodes=1, by_organ={"lymph_node": 1})


def answer(name: str, seen: Census, facts: ClinicalFacts = SCC) -> str:
    return decision_of(possible(BY_ID[name], seen, facts)).value


@pytest.mark.parametrize("name", ["CN2025", "OMEC_MAIN", "OMEC_ORGAN", "ESTRO_ASTRO"])
def test_what_a_definition_looks_at_first(name) -> None:
    """Not covered, then excluded, then no distant lesion, then the numbers."""
    assert answer(name, census()) == "OLIGO"
    assert answer(name, census(v=9, n=9, o=9, m=9, organs=organs(lung=9))) == "NOT_OLIGO"
    assert answer(name, NOTHING) == "NOT_M1"
    assert answer(name, replace(NOTHING, exclusions=DIFFUSE)) == "NOT_OLIGO"
    assert answer(name, census(exclusions=("diffuse_marrow",))) == "NOT_OLIGO"
    assert answer(name, replace(NOTHING, exclusions=DIFFUSE), GASTRIC) == "NOT_APPLICABLE"


def test_regional_nodes_alone_are_no_distant_disease_however_they_count() -> None:
    assert answer("CN2025", replace(NOTHING, r=1, n=1, o=1, m=1)) == "NOT_M1"
    assert answer("ESO13", replace(NOTHING, r=1, n=1, o=1, m=1)) == "NOT_M1"


@pytest.mark.parametrize(
    ("name", "decision"),
    [
        ("CN2025", "OLIGO"),
        ("ESTRO_ASTRO", "OLIGO"),
        ("OMEC_MAIN", "NOT_APPLICABLE"),
        ("OMEC_ORGAN", "NOT_APPLICABLE"),
        ("ESO13", "OLIGO"),
    ],
)
def test_omec_does_not_cover_brain(name, decision) -> None:
    seen = census(brain=1, organs=organs(brain=1), by_organ={"brain": 1})
    assert answer(name, seen) == decision


def test_a_study_counts_numbers_whatever_the_primary() -> None:
    assert answer("ESO13", census(), GASTRIC) == "OLIGO"


# What one change to a patient with one treatable liver lesion does to each rule.
@pytest.mark.parametrize(
    ("changes", "scc", "ac", "omec", "estro"),
    [
        ({"n": 5, "v": 5, "o": 3, "m": 3, "organs": organs(liver=5)}, "OLIGO", "NOT_OLIGO", "NOT_OLIGO", "OLIGO"),
        ({"n": 6, "v": 3, "o": 1, "m": 3}, "NOT_OLIGO", "NOT_OLIGO", "OLIGO", "NOT_OLIGO"),
        ({"o": 4}, "NOT_OLIGO", "OLIGO", "OLIGO", "OLIGO"),
        ({"m": 4}, "NOT_OLIGO", "OLIGO", "OLIGO", "OLIGO"),
        ({"v": 3, "n": 3}, "OLIGO", "OLIGO", "OLIGO", "OLIGO"),
        ({"v": 4, "n": 4, "m": 3}, "OLIGO", "NOT_OLIGO", "NOT_OLIGO", "OLIGO"),
        ({"s": 1}, "OLIGO", "NOT_OLIGO", "NOT_OLIGO", "OLIGO"),
        ({"r": 1}, "OLIGO", "NOT_OLIGO", "OLIGO", "OLIGO"),
        ({"organs": organs(liver=1, lung=1)}, "OLIGO", "NOT_OLIGO", "NOT_OLIGO", "OLIGO"),
        ({"treatable": False}, "NOT_OLIGO", "NOT_OLIGO", "OLIGO", "NOT_OLIGO"),
        ({"treatable": None}, "INDETERMINATE", "INDETERMINATE", "OLIGO", "INDETERMINATE"),
        ({"treatable": None, "o": 4}, "NOT_OLIGO", "INDETERMINATE", "OLIGO", "INDETERMINATE"),
        ({"serosal": 1}, "INDETERMINATE", "INDETERMINATE", "INDETERMINATE", "OLIGO"),
        ({"serosal": 1, "n": 6, "v": 4}, "NOT_OLIGO", "NOT_OLIGO", "NOT_OLIGO", "NOT_OLIGO"),
        ({"serosal": 1, "treatable": False}, "NOT_OLIGO", "NOT_OLIGO", "INDETERMINATE", "NOT_OLIGO"),
    ],
)  # fmt: skip
def test_rules_by_histology(changes, scc, ac, omec, estro) -> None:
    seen = census(**changes)
    assert answer("CN2025", seen, SCC) == scc
    assert answer("CN2025", seen, AC) == ac
    assert answer("OMEC_MAIN", seen, SCC) == omec
    assert answer("OMEC_MAIN", seen, AC) == omec
    assert answer("ESTRO_ASTRO", seen, SCC) == estro


def test_one_station_is_the_other_branch_of_adenocarcinoma_and_omec() -> None:
    two = replace(ONE_STATION, s=2, n=2)
    for name in ("CN2025", "OMEC_MAIN", "OMEC_ORGAN"):
        assert answer(name, ONE_STATION, AC) == "OLIGO"
        assert answer(name, two, AC) == "NOT_OLIGO"
    assert answer("CN2025", replace(ONE_STATION, r=1, n=2), AC) == "NOT_OLIGO"
    assert answer("CN2025", two, SCC) == "OLIGO"


@pytest.mark.parametrize("histology", [None, Histology.MIXED])
@pytest.mark.parametrize(
    ("seen", "decision"),
    [(census(), "OLIGO"), (census(s=1), "INDETERMINATE"), (census(n=6, v=6), "NOT_OLIGO")],
)
def test_open_histology_asks_both_rules(histology, seen, decision) -> None:
    assert answer("CN2025", seen, ClinicalFacts(histology=histology)) == decision


def test_readings_unite_and_only_agreement_is_an_answer() -> None:
    definition = BY_ID["CN2025"]
    assert possible_in_any(definition, (census(), census()), SCC) == possible(
        definition, census(), SCC
    )
    bits = possible_in_any(definition, (census(), FOUR_LUNG, NOTHING), SCC)
    assert decision_of(bits) is Decision.INDETERMINATE
    assert decisions_of(bits) == (Decision.NOT_OLIGO, Decision.OLIGO, Decision.NOT_M1)


@pytest.mark.parametrize(
    ("seen", "result"),
    [
        (census(), StudyResult.PASS),
        (FOUR_LUNG, StudyResult.FAIL),
        (NOTHING, StudyResult.NOT_M1),
        (census(diameter_mm=None, has_unknown_diameter=True), StudyResult.INDETERMINATE),
        (census(exclusions=DIFFUSE), StudyResult.FAIL),
        (census(serosal=1), StudyResult.PASS),
        (census(treatable=False), StudyResult.PASS),
    ],
)
def test_studies_speak_their_own_words(seen, result) -> None:
    assert study_result_of(possible(BY_ID["ESO13"], seen, SCC)) is result


LIMITS = {  # N O M diameter, None = no limit: consensus tables 1 and 2
    "SHI2021": (5, 3, None, None),
    "ZHAO2023": (5, None, None, None),
    "LIU2020": (3, 2, None, 50),
    "ESO13": (4, 3, 3, 50),
    "LI2021": (5, 2, 3, None),
    "WU2024": (5, 3, None, None),
    "LIB2020": (5, 3, None, None),
    "MORINAGA2020": (5, 1, None, None),
    "CHEN2019": (3, None, None, None),
    "EA2183": (3, None, None, None),
    "IWATSUKI2019": (4, 1, None, None),
    "SCHMIDT2015": (None, 2, None, None),
    "PORT2012": (None, 1, None, None),
    "NCT03161522": (3, 1, None, None),
}


@pytest.mark.parametrize("name", LIMITS)
def test_every_study_passes_at_its_limits_and_fails_above_each(name) -> None:
    limits = dict(zip(("n", "o", "m", "diameter_mm"), LIMITS[name], strict=True))
    at_limit = {key: 99 if limit is None else limit for key, limit in limits.items()}
    assert answer(name, census(**at_limit)) == "OLIGO"
    for key, limit in limits.items():
        if limit is not None:
            assert answer(name, census(**at_limit | {key: limit + 1})) == "NOT_OLIGO"


@pytest.mark.parametrize("name", ["FLOT3", "RENAISSANCE"])
def test_retroperitoneal_nodes_are_no_site_for_two_surgical_trials(name) -> None:
    assert answer(name, census(n=9, o=9, sites_excluding_rpln=1)) == "OLIGO"
    assert answer(name, census(sites_excluding_rpln=2)) == "NOT_OLIGO"


@pytest.mark.parametrize(
    ("name", "seen", "decision"),
    [
        ("ESTRO_ASTRO_N3", census(n=3), "OLIGO"),
        ("ESTRO_ASTRO_N3", census(n=4), "NOT_OLIGO"),
        ("ESTRO_ASTRO_N3", census(treatable=False), "NOT_OLIGO"),
        ("EA2183_N5", census(n=5), "OLIGO"),
        ("EA2183_N5", census(n=6), "NOT_OLIGO"),
        ("NCT03161522_REGISTRY", census(v=2, s=4, n=6, o=3), "OLIGO"),
        ("NCT03161522_REGISTRY", census(v=3, s=4, n=7), "NOT_OLIGO"),
        ("ESO13_A8", census(diameter_mm=50.0), "NOT_OLIGO"),
        ("LIU2020_A8", census(diameter_mm=49.9), "OLIGO"),
        ("CN2025_A9", census(serosal=1), "OLIGO"),
        ("OMEC_MAIN_A9", census(serosal=1), "OLIGO"),
        ("OMEC1_REVIEW_VARIANT", census(v=2, brain=2, organs=organs(brain=2)), "OLIGO"),
        ("OMEC1_REVIEW_VARIANT", census(v=3, brain=3, organs=organs(brain=3)), "NOT_OLIGO"),
        ("OMEC1_REVIEW_VARIANT", census(organs=organs(bone=1)), "INDETERMINATE"),
    ],
)
def test_variants(name, seen, decision) -> None:
    assert answer(name, seen) == decision


def test_variants_of_the_adenocarcinoma_rule() -> None:
    three_nodes = replace(ONE_STATION, nodes=3)
    assert answer("CN2025_A5", ONE_STATION, AC) == "OLIGO"
    assert answer("CN2025_A5", three_nodes, AC) == "NOT_OLIGO"
    assert answer("CN2025_A5", three_nodes, SCC) == "OLIGO"
    assert answer("CN2025_A6", census(r=1, n=2), AC) == "OLIGO"
    assert answer("CN2025_A6", census(r=1, n=2, s=1), AC) == "NOT_OLIGO"
