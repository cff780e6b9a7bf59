"""What a verdict tells beside its decision."""

# ruff: noqa: E501 - tables are read across

from dataclasses import replace

import pytest

from decide.builders import BY_ID, census, organs, scenarios
from oligocount.decide.criteria import requirement
from oligocount.decide.definition import Branch, Serosal
from oligocount.decide.engine import possible_in_any
from oligocount.decide.verdict import judge
from oligocount.domain.census import Census, Doubt
from oligocount.domain.facts import ClinicalFacts, Histology, PrimaryLocation, PrimaryStatus
from oligocount.domain.report import Verdict

SCC = ClinicalFacts(histology=Histology.SCC)
AC = ClinicalFacts(histology=Histology.AC)


def verdict(
    name: str, *seen: Census, facts: ClinicalFacts = SCC, doubts: tuple[Doubt, ...] = ()
) -> Verdict:
    found = scenarios(*seen, doubts=doubts)
    bits = possible_in_any(BY_ID[name], found.all, facts)
    return judge(BY_ID[name], bits, found, facts)


def criteria(told: Verdict) -> dict[str, tuple]:
    return {each.name: (each.observed, each.required, each.outcome) for each in told.criteria}


def test_criteria_of_the_squamous_rule() -> None:
    told = verdict("CN2025", census(n=6, v=6, o=2, m=4, treatable=None))
    assert criteria(told) == {
        "no_exclusion": (None, True, True),
        "distant_min": (6, 1, True),
        "all_treatable": (None, True, None),
        "N_max": (6, 5, False),
        "O_max": (2, 3, True),
        "M_max": (4, 3, False),
    }
    assert told.definition == "CN2025"
    assert told.source == "statement 1"


def test_criteria_of_a_rule_with_branches_name_the_branch() -> None:
    told = verdict("CN2025", census(serosal=2, exclusions=("diffuse_serosal",)), facts=AC)
    found = criteria(told)
    assert found["no_exclusion"] == ("diffuse_serosal", True, False)
    assert found["no_solitary_serosal"] == (2, 0, None)
    assert found["one_organ.organs_max"] == (1, 1, True)
    assert found["one_station.V_max"] == (1, 0, False)


def test_distant_min_is_told_once_and_fails_without_distant_disease() -> None:
    told = verdict("ESTRO_ASTRO", census(v=0, n=0))
    assert [each.name for each in told.criteria].count("distant_min") == 1
    assert criteria(told)["distant_min"] == (0, 1, False)


def test_best_and_worst_span_the_readings() -> None:
    told = verdict("CN2025", census(v=0, n=0), census(), census(n=9))
    assert (told.decision.value, told.best.value, told.worst.value) == (
        "INDETERMINATE",
        "NOT_M1",
        "NOT_OLIGO",
    )


@pytest.mark.parametrize(
    ("name", "seen", "facts", "reason"),
    [
        ("CN2025", census(), SCC, "Fulfilled: every lesion treatable: yes, N 1 (at most 5), O 1 (at most 3), M 1 (at most 3)."),
        ("CN2025", census(), AC, "Fulfilled: every lesion treatable: yes, organs 1 (at most 1), N 1 (at most 3), S 0 (at most 0), R 0 (at most 0)."),
        ("CN2025", census(v=0, s=1, organs={}), AC, "Fulfilled: every lesion treatable: yes, V 0 (at most 0), S 1 (at most 1), R 0 (at most 0)."),
        ("CN2025", census(n=6, m=4), SCC, "Not fulfilled: N 6 (at most 5), M 4 (at most 3)."),
        ("CN2025", census(treatable=False), SCC, "Not fulfilled: every lesion treatable: no."),
        ("CN2025", census(treatable=False, n=6), SCC, "Not fulfilled: every lesion treatable: no; N 6 (at most 5)."),
        ("CN2025", census(s=1, n=2), AC, "Not fulfilled: one_organ: S 1 (at most 0); one_station: V 1 (at most 0)."),
        ("CN2025", census(exclusions=("diffuse_serosal", "diffuse_marrow")), SCC, "Not fulfilled: diffuse_serosal, diffuse_marrow is excluded."),
        ("CN2025", census(v=0, n=0), SCC, "No distant lesion counts: local or regional disease only."),
        ("OMEC_MAIN", census(brain=1), SCC, "The definition does not cover brain lesions."),
        ("OMEC_MAIN", census(brain=1), replace(SCC, primary_location=PrimaryLocation.GASTRIC), "The definition does not cover a gastric primary."),
        ("OMEC_ORGAN", census(organs=organs(liver=9)), SCC, "Not fulfilled: one_organ: organ_table liver 9 (required organ-specific numbers); one_station: V 1 (at most 0)."),
        ("ESTRO_ASTRO", census(), SCC, "Fulfilled: distant 1 (at least 1), N 1 (at most 5), every lesion treatable: yes."),
        ("ESO13", census(diameter_mm=62.0), SCC, "Not fulfilled: diameter_max_mm 62.0 (required 50)."),
    ],
)  # fmt: skip
def test_the_reason_says_what_decided(name, seen, facts, reason) -> None:
    assert reason == verdict(name, seen, facts=facts).reason


def test_an_open_verdict_says_what_is_open() -> None:
    doubts = (
        Doubt(code="EQUIVOCAL", text="equivocal lesions", lesions=(2, 5)),
        Doubt(code="TIMING", text="timing of regional nodes unknown"),
    )
    told = verdict("CN2025", census(), census(n=9, serosal=1), doubts=doubts)
    assert told.reason == (
        "NOT_OLIGO at worst, OLIGO at best: equivocal lesions (2, 5); timing of regional nodes "
        "unknown; a serosal lesion that is not diffuse needs review."
    )


@pytest.mark.parametrize(
    ("histology", "words"),
    [(None, "histology unknown"), (Histology.MIXED, "mixed histology, both rules apply")],
)
def test_an_open_histology_is_told(histology, words) -> None:
    told = verdict("CN2025", census(s=1), facts=ClinicalFacts(histology=histology))
    assert told.reason == f"NOT_OLIGO at worst, OLIGO at best: {words}."


def test_a_criterion_that_cannot_be_known_is_told() -> None:
    seen = census(diameter_mm=None, has_unknown_diameter=True)
    told = verdict("ESO13", seen)
    assert told.reason.endswith(": diameter_max_mm cannot be known.")


def test_a_rejected_serosal_lesion_is_told() -> None:
    strict = replace(BY_ID["CN2025"], solitary_serosal=Serosal.REJECT)
    found = scenarios(census(serosal=1))
    told = judge(strict, possible_in_any(strict, found.all, SCC), found, SCC)
    assert told.reason == "Not fulfilled: a serosal lesion is not admitted."
    assert criteria(told)["no_solitary_serosal"] == (1, 0, False)


def controlled(facts: ClinicalFacts, seen: Census, name: str = "CN2025") -> Verdict:
    """A definition that asks for a controlled primary too."""
    asked = replace(BY_ID[name], require=(requirement("controlled_primary", limit=True),))
    found = scenarios(seen)
    return judge(asked, possible_in_any(asked, found.all, facts), found, facts)


def test_a_fact_that_a_definition_asks_for_is_told() -> None:
    resected = replace(SCC, primary_status=PrimaryStatus.RESECTED)
    untreated = replace(SCC, primary_status=PrimaryStatus.UNTREATED)
    told = controlled(resected, census())
    assert told.reason.startswith("Fulfilled: controlled_primary resected (required True), N 1")
    told = controlled(untreated, census())
    assert told.reason == "Not fulfilled: controlled_primary untreated (required True)."
    assert criteria(told)["controlled_primary"] == ("untreated", True, False)
    told = controlled(SCC, census())
    assert told.reason.endswith(": controlled_primary cannot be known.")


def test_a_fact_asked_for_in_a_branch_is_told() -> None:
    wanted = (requirement("controlled_primary", limit=True), requirement("N_max", 5))
    branch = Branch(name="only", require=wanted)
    asked = replace(BY_ID["CN2025"], require=(), branches={None: (branch,)})
    for status, reason in (
        (PrimaryStatus.RESECTED, "Fulfilled: controlled_primary resected (required True), N 1 (at most 5)."),
        (PrimaryStatus.UNTREATED, "Not fulfilled: controlled_primary untreated (required True)."),
    ):  # fmt: skip
        facts = replace(SCC, primary_status=status)
        found = scenarios(census())
        told = judge(asked, possible_in_any(asked, found.all, facts), found, facts)
        assert told.reason == reason


def test_a_histology_that_is_not_covered_is_told() -> None:
    squamous = {Histology.SCC: BY_ID["CN2025"].branches[Histology.SCC]}
    asked = replace(BY_ID["CN2025"], branches=squamous)
    found = scenarios(census(brain=1))
    told = judge(asked, possible_in_any(asked, found.all, AC), found, AC)
    assert told.decision.value == "NOT_APPLICABLE"
    assert told.reason == "The definition does not cover this histology."


def test_treatability_and_serosa_are_told_once_as_doubts() -> None:
    doubts = (Doubt(code="TREATABILITY", text="treatability not stated", lesions=(1,)),)
    told = verdict("CN2025", census(treatable=None, serosal=1), doubts=doubts)
    assert told.reason == (
        "NOT_OLIGO at worst, OLIGO at best: treatability not stated (1); "
        "a serosal lesion that is not diffuse needs review."
    )


def test_a_serosal_lesion_that_is_accepted_is_no_failure() -> None:
    told = verdict("ESTRO_ASTRO", census(serosal=1, n=6))
    assert told.reason == "Not fulfilled: N 6 (at most 5)."
