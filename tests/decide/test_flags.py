"""Flags that verdicts, missing facts and studies raise."""

# ruff: noqa: E501 - tables are read across

import pytest

from decide.builders import BY_ID, LIBRARY, census, scenarios
from oligocount.decide import clinical_flags, eligibility_flags
from oligocount.domain.census import Doubt
from oligocount.domain.facts import ClinicalFacts, Histology, PrimaryStatus
from oligocount.domain.report import Decision, Verdict

SCC = ClinicalFacts(histology=Histology.SCC)
OLIGO, NOT, OPEN = Decision.OLIGO, Decision.NOT_OLIGO, Decision.INDETERMINATE


def verdicts(**decisions: Decision) -> list[Verdict]:
    return [
        Verdict(
            definition=name,
            decision=decision,
            best=decision,
            worst=decision,
            criteria=(),
            reason="",
            source="",
        )
        for name, decision in decisions.items()
    ]


@pytest.mark.parametrize(
    ("main", "organ", "is_raised"),
    [(OLIGO, NOT, True), (NOT, OLIGO, True), (OLIGO, OLIGO, False), (OPEN, NOT, False)],
)
def test_the_two_omec_rules_can_disagree(main, organ, is_raised) -> None:
    told = verdicts(OMEC_MAIN=main, OMEC_ORGAN=organ)
    flags = set(clinical_flags(scenarios(census()), SCC, told))
    assert is_raised == ("omec_main_vs_organ_discordant" in flags)


def test_missing_facts_are_flagged() -> None:
    doubts = (
        Doubt(code="TREATABILITY", text="", lesions=(1,)),
        Doubt(code="TIMING", text=""),
    )
    open_facts = clinical_flags(scenarios(census(), doubts=doubts), ClinicalFacts(), [])
    assert set(open_facts) == {"missing_treatability", "missing_timing", "missing_histology"}
    assert set(clinical_flags(scenarios(census()), SCC, [])) == set()


def test_a_serosal_lesion_in_any_reading_asks_for_review() -> None:
    found = scenarios(census(), census(serosal=1))
    assert "serosal_solitary_review" in set(clinical_flags(found, SCC, []))


def eligibility(
    name: str, facts: ClinicalFacts, *, late: bool | None = None, **changes
) -> set[str]:
    found = scenarios(census(**changes))
    return set(eligibility_flags([BY_ID[name]], found, facts, is_metachronous=late))


@pytest.mark.parametrize(
    ("name", "facts", "late", "flags"),
    [
        ("ESO13", ClinicalFacts(prior_polymetastatic=True), None, {"induced_not_eligible_ESO13"}),
        ("ESO13", ClinicalFacts(prior_polymetastatic=False), None, set()),
        ("ESO13", ClinicalFacts(), None, set()),
        ("ESO13", ClinicalFacts(primary_status=PrimaryStatus.UNCONTROLLED), None, {"uncontrolled_primary_not_eligible_ESO13"}),
        ("ESO13", ClinicalFacts(primary_status=PrimaryStatus.CONTROLLED), None, set()),
        ("SHI2021", ClinicalFacts(primary_status=PrimaryStatus.UNCONTROLLED, prior_polymetastatic=True), None, set()),
        ("MORINAGA2020", ClinicalFacts(primary_status=PrimaryStatus.UNTREATED), None, {"unresected_primary_not_eligible_MORINAGA2020"}),
        ("MORINAGA2020", ClinicalFacts(primary_status=PrimaryStatus.RESECTED), None, set()),
        ("MORINAGA2020", ClinicalFacts(), None, set()),
        ("LI2021", ClinicalFacts(), False, {"synchronous_not_eligible_LI2021"}),
        ("LI2021", ClinicalFacts(), True, set()),
        ("LI2021", ClinicalFacts(), None, set()),
        ("IWATSUKI2019", ClinicalFacts(), True, {"metachronous_not_eligible_IWATSUKI2019"}),
        ("IWATSUKI2019", ClinicalFacts(), False, set()),
        ("WU2024", ClinicalFacts(on_active_systemic_therapy=True), None, {"treated_not_eligible_WU2024"}),
        ("WU2024", ClinicalFacts(primary_status=PrimaryStatus.RESECTED), None, {"treated_not_eligible_WU2024"}),
        ("WU2024", ClinicalFacts(primary_status=PrimaryStatus.UNTREATED, on_active_systemic_therapy=False), None, set()),
        ("WU2024", ClinicalFacts(), None, set()),
        ("ESO13", ClinicalFacts(other={"biopsy_done": False}), None, {"no_biopsy_not_eligible_ESO13"}),
        ("ESO13", ClinicalFacts(other={"biopsy_done": True}), None, set()),
        ("LI2021", ClinicalFacts(other={"biopsy_done": False}), None, set()),
        ("EA2183", ClinicalFacts(other={"her2_positive": True}), None, {"her2_positive_not_eligible_EA2183"}),
        ("EA2183", ClinicalFacts(other={"her2_positive": False}), None, set()),
        ("FLOT3", ClinicalFacts(other={"her2_positive": True}), None, set()),
    ],
)  # fmt: skip
def test_stated_facts_that_contradict_a_study(name, facts, late, flags) -> None:
    assert eligibility(name, facts, late=late) == flags


def test_an_untreatable_lesion_contradicts_a_study_that_wants_all_treatable() -> None:
    flag = "untreatable_lesion_not_eligible_LIU2020"
    assert eligibility("LIU2020", ClinicalFacts(), treatable=False) == {flag}
    assert eligibility("LIU2020", ClinicalFacts(), treatable=None) == set()
    assert eligibility("ESO13", ClinicalFacts(), treatable=False) == set()


def test_without_distant_disease_no_study_is_spoken_of() -> None:
    found = scenarios(census(v=0, n=0))
    facts = ClinicalFacts(prior_polymetastatic=True)
    assert not list(eligibility_flags(LIBRARY.studies, found, facts, is_metachronous=False))
