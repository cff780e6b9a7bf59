"""Flags: short codes for what a person should know beside the verdicts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from oligocount.decide.definition import Definition, Eligibility
from oligocount.domain.census import Scenarios
from oligocount.domain.facts import ClinicalFacts, PrimaryStatus
from oligocount.domain.report import Decision, Verdict


def clinical_flags(
    scenarios: Scenarios, facts: ClinicalFacts, verdicts: Sequence[Verdict]
) -> Iterator[str]:
    """What the findings, the missing facts and the verdicts call attention to."""
    decisions = {each.definition: each.decision for each in verdicts}
    pair = {decisions.get("OMEC_MAIN"), decisions.get("OMEC_ORGAN")}
    if pair == {Decision.OLIGO, Decision.NOT_OLIGO}:
        yield "omec_main_vs_organ_discordant"
    if any(doubt.code == "TREATABILITY" for doubt in scenarios.doubts):
        yield "missing_treatability"
    if facts.histology is None:
        yield "missing_histology"
    if any(doubt.code == "TIMING" for doubt in scenarios.doubts):
        yield "missing_timing"
    if any(census.serosal for census in scenarios.all):
        yield "serosal_solitary_review"


def eligibility_flags(
    studies: Iterable[Definition],
    scenarios: Scenarios,
    facts: ClinicalFacts,
    *,
    is_metachronous: bool | None,
) -> Iterator[str]:
    """Conditions of studies, beside their numbers, that stated facts contradict."""
    if not scenarios.base.distant:
        return
    for study in studies:
        for reason in _contradictions(
            study.eligibility, scenarios, facts, is_metachronous=is_metachronous
        ):
            yield f"{reason}_not_eligible_{study.id}"


def _contradictions(
    eligibility: Eligibility,
    scenarios: Scenarios,
    facts: ClinicalFacts,
    *,
    is_metachronous: bool | None,
) -> Iterator[str]:
    timing: Mapping[bool | None, str] = {True: "metachronous", False: "synchronous"}
    status = facts.primary_status
    if eligibility.genuine_only and facts.prior_polymetastatic:
        yield "induced"
    if eligibility.controlled_primary and status is PrimaryStatus.UNCONTROLLED:
        yield "uncontrolled_primary"
    if eligibility.primary_resected and status not in (None, PrimaryStatus.RESECTED):
        yield "unresected_primary"
    if eligibility.treatment_naive and (
        status not in (None, PrimaryStatus.UNTREATED) or facts.on_active_systemic_therapy
    ):
        yield "treated"
    if eligibility.biopsy_proven and facts.other.get("biopsy_done") is False:
        yield "no_biopsy"
    if eligibility.her2_negative and facts.other.get("her2_positive") is True:
        yield "her2_positive"
    if eligibility.all_treatable and scenarios.base.treatable is False:
        yield "untreatable_lesion"
    if eligibility.timing and timing.get(is_metachronous, eligibility.timing[0]) not in (
        eligibility.timing
    ):
        yield timing[is_metachronous]
