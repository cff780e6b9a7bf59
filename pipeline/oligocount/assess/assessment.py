"""Findings and facts to an assessment: counts, verdicts, classes, alternatives, flags."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from oligocount import count, decide
from oligocount.assess.alternatives import read_otherwise
from oligocount.assess.answers import Answers
from oligocount.assess.critical import critical_sets
from oligocount.assess.probability import settled, verdict_probabilities
from oligocount.count import Readings
from oligocount.decide import Library
from oligocount.domain.census import Scenarios
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding
from oligocount.domain.provenance import Caveat
from oligocount.domain.report import Assessment, Counts, Decision, Verdict
from oligocount.settings import Settings

_LESION_DOUBTS = {"EQUIVOCAL"}  # the doubts that lesion probabilities speak of


def assess(
    findings: Sequence[Finding],
    facts: ClinicalFacts,
    settings: Settings,
    library: Library | None = None,
) -> Assessment:
    """All that counting and the definitions say of one patient; the same for the same input.

    `library` defaults to the shipped definitions that the settings name.
    """
    library = library or library_of(settings)
    readings = count.read_findings(findings, facts, settings.count)
    scenarios = count.count(readings, facts, settings.count)
    answers = Answers(library, facts, scenarios)
    verdicts = tuple(_verdicts(readings, facts, settings, answers))
    others = read_otherwise(findings, facts, settings.count, answers=answers)
    is_late = count.is_metachronous(facts, settings.count)
    estro_eortc = decide.classify(scenarios.base, facts, is_metachronous=is_late)
    flags = (
        *count.site_flags(findings, facts, scenarios),
        *decide.clinical_flags(scenarios, facts, verdicts),
        *others.flags,
        *decide.eligibility_flags(library.studies, scenarios, facts, is_metachronous=is_late),
    )
    return Assessment(
        counts=_counts(scenarios),
        verdicts=verdicts,
        studies=answers.studies(),
        estro_eortc=estro_eortc,
        alternatives=others.changes,
        critical_sets=critical_sets(readings, facts, settings, library),
        statements=decide.statement_notes(
            scenarios.base,
            facts,
            is_metachronous=is_late,
            class_known=not estro_eortc.still_possible,
            several_verdicts=len({each.decision for each in verdicts}) > 1,
        ),
        flags=tuple(dict.fromkeys(flags)),
        ledger=count.keep_ledger(findings, scenarios),
        caveats=tuple(_caveats(scenarios)),
    )


def verdicts_of(
    readings: Sequence[Readings], facts: ClinicalFacts, settings: Settings
) -> dict[str, Decision]:
    """Each definition's decision alone, settled by probability where the settings say so."""
    scenarios = count.count(readings, facts, settings.count)
    answers = Answers(replace(library_of(settings), studies=()), facts, scenarios)
    verdicts = _verdicts(readings, facts, settings, answers)
    return {each.definition: each.decision for each in verdicts}


def library_of(settings: Settings) -> Library:
    """The shipped definitions that the settings name."""
    return decide.read_library(settings.decide.protocols, settings.decide.policies_in_force)


def _verdicts(
    readings: Sequence[Readings],
    facts: ClinicalFacts,
    settings: Settings,
    answers: Answers,
) -> Iterator[Verdict]:
    scenarios, library = answers.scenarios, answers.library
    probabilities = verdict_probabilities(readings, facts, settings, library)
    is_lesion_doubt = {each.code for each in scenarios.doubts} <= _LESION_DOUBTS
    for definition in library.definitions:
        verdict = decide.judge(definition, answers.bits[definition.id], scenarios, facts)
        probability = probabilities.get(definition.id, {})
        verdict = replace(verdict, probability=probability)
        yield _settle(verdict, probability, settings) if is_lesion_doubt else verdict


def _settle(verdict: Verdict, probability: Mapping[str, float], settings: Settings) -> Verdict:
    """The verdict, no longer open where what contradicts it is too unlikely to matter."""
    allowed = settings.decide.max_dissent_probability
    decision = settled(probability, max_dissent=allowed)
    if verdict.decision is not Decision.INDETERMINATE or decision is None:
        return verdict
    share = probability[decision.value]
    reason = f"{verdict.reason} {decision.value} with probability {share:.3f}, which settles it."
    return replace(verdict, decision=decision, reason=reason)


def _caveats(scenarios: Scenarios) -> Iterator[Caveat]:
    for doubt in scenarios.doubts:
        if doubt.code == "THINNED":
            yield Caveat(code="READINGS_THINNED", text=f"{doubt.text.capitalize()}.")


def _counts(scenarios: Scenarios) -> Counts:
    base = scenarios.base
    totals = [census.n for census in scenarios.all]
    return Counts(
        v=base.v,
        s=base.s,
        r=base.r,
        n=base.n,
        o=base.o,
        m=base.m,
        n_low=min(totals),
        n_high=max(totals),
        by_organ=base.by_organ,
        by_station=dict.fromkeys(base.stations, 1),
    )
