"""Findings and facts to an assessment: counts, verdicts, classes, alternatives, flags."""

from collections.abc import Sequence

from oligocount import count, decide
from oligocount.assess.alternatives import read_otherwise
from oligocount.decide import Library
from oligocount.domain.census import Scenarios
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding
from oligocount.domain.report import Assessment, Counts, StudyResult
from oligocount.settings import Settings


def assess(
    findings: Sequence[Finding],
    facts: ClinicalFacts,
    settings: Settings,
    library: Library | None = None,
) -> Assessment:
    """All that counting and the definitions say of one patient; the same for the same input.

    `library` defaults to the shipped definitions that the settings name.
    """
    library = library or decide.read_library(
        settings.decide.protocols, settings.decide.policies_in_force
    )
    scenarios = count.count(findings, facts, settings.count)
    verdicts = tuple(decide.judge(each, scenarios, facts) for each in library.definitions)
    others = read_otherwise(findings, facts, settings.count, scenarios=scenarios, library=library)
    is_late = count.is_metachronous(facts, settings.count)
    flags = (
        *count.site_flags(findings, facts, scenarios),
        *decide.clinical_flags(scenarios, facts, verdicts),
        *others.flags,
        *decide.eligibility_flags(library.studies, scenarios, facts, is_metachronous=is_late),
    )
    return Assessment(
        counts=_counts(scenarios),
        verdicts=verdicts,
        studies=_studies(library, scenarios, facts),
        estro_eortc=decide.classify(scenarios.base, facts, is_metachronous=is_late),
        alternatives=others.changes,
        critical_sets=(),
        statements=(),
        flags=tuple(dict.fromkeys(flags)),
        ledger=count.keep_ledger(findings, scenarios),
    )


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


def _studies(
    library: Library, scenarios: Scenarios, facts: ClinicalFacts
) -> dict[str, StudyResult]:
    return {
        each.id: decide.study_result_of(decide.possible_in_any(each, scenarios.all, facts))
        for each in library.studies
    }
