"""Verdicts with their criteria and a sentence that says why."""

from collections.abc import Iterator, Sequence

from oligocount.decide.criteria import Requirement, all_true, any_true
from oligocount.decide.definition import Branch, Definition, Serosal
from oligocount.decide.engine import decision_of, decisions_of
from oligocount.domain.census import Census, Scenarios
from oligocount.domain.facts import ClinicalFacts, Histology, PrimaryLocation
from oligocount.domain.report import Criterion, Decision, Verdict


def judge(definition: Definition, bits: int, scenarios: Scenarios, facts: ClinicalFacts) -> Verdict:
    """The verdict that `bits` leaves over all readings, with the criteria of the reported one."""
    left = decisions_of(bits)
    decision = decision_of(bits)
    return Verdict(
        definition=definition.id,
        decision=decision,
        best=left[-1],
        worst=left[0],
        criteria=tuple(_criteria(definition, scenarios.base, facts)),
        reason=_reason(definition, decision, left, scenarios, facts),
        source=definition.source,
    )


def _criteria(definition: Definition, census: Census, facts: ClinicalFacts) -> Iterator[Criterion]:
    excluded = _excluded(definition, census)
    yield Criterion(
        name="no_exclusion",
        observed=", ".join(excluded) or None,
        required=True,
        outcome=not excluded,
    )
    yield Criterion(
        name="distant_min", observed=census.distant, required=1, outcome=census.distant > 0
    )
    if census.serosal and definition.solitary_serosal is not Serosal.ACCEPT:
        yield Criterion(
            name="no_solitary_serosal",
            observed=census.serosal,
            required=0,
            outcome=None if definition.solitary_serosal is Serosal.REVIEW else False,
        )
    for each in definition.require:
        if each.name != "distant_min":
            yield _criterion(each, census, facts)
    branches = _branches(definition, facts)
    for branch in branches:
        for each in branch.require:
            yield _criterion(each, census, facts, branch.name if len(branches) > 1 else None)


def _criterion(
    requirement: Requirement, census: Census, facts: ClinicalFacts, branch: str | None = None
) -> Criterion:
    return Criterion(
        name=f"{branch}.{requirement.name}" if branch else requirement.name,
        observed=requirement.observe(census, facts),
        required=requirement.required,
        outcome=requirement.test(census, facts),
    )


def _branches(definition: Definition, facts: ClinicalFacts) -> tuple[Branch, ...]:
    return tuple(branch for group in definition.groups(facts.histology) for branch in group)


def _excluded(definition: Definition, census: Census) -> list[str]:
    return [each for each in census.exclusions if each in definition.exclusions]


def _reason(
    definition: Definition,
    decision: Decision,
    left: Sequence[Decision],
    scenarios: Scenarios,
    facts: ClinicalFacts,
) -> str:
    census = scenarios.base
    if decision is Decision.INDETERMINATE:
        open_points = "; ".join(_open_points(definition, scenarios, facts))
        return f"{left[0].value} at worst, {left[-1].value} at best: {open_points}."
    if decision is Decision.NOT_M1:
        return "No distant lesion counts: local or regional disease only."
    if decision is Decision.NOT_APPLICABLE:
        return f"The definition does not cover {_uncovered(definition, census, facts)}."
    if decision is Decision.OLIGO:
        return f"Fulfilled: {_fulfilled(definition, census, facts)}."
    return f"Not fulfilled: {'; '.join(_failures(definition, census, facts))}."


def _uncovered(definition: Definition, census: Census, facts: ClinicalFacts) -> str:
    if facts.primary_location is PrimaryLocation.GASTRIC and not definition.covers_gastric_primary:
        return "a gastric primary"
    return "brain lesions" if census.brain and not definition.covers_brain else "this histology"


def _open_points(
    definition: Definition, scenarios: Scenarios, facts: ClinicalFacts
) -> Iterator[str]:
    for doubt in scenarios.doubts:
        ids = ", ".join(map(str, doubt.lesions))
        yield f"{doubt.text} ({ids})" if ids else doubt.text
    if len(definition.groups(facts.histology)) > 1:
        is_mixed = facts.histology is Histology.MIXED
        yield "mixed histology, both rules apply" if is_mixed else "histology unknown"
    is_serosal = any(census.serosal for census in scenarios.all)
    if is_serosal and definition.solitary_serosal is Serosal.REVIEW:
        yield "a serosal lesion that is not diffuse needs review"
    for each in _criteria(definition, scenarios.base, facts):
        if each.outcome is None and each.name not in ("all_treatable", "no_solitary_serosal"):
            yield f"{each.name} cannot be known"


def _fulfilled(definition: Definition, census: Census, facts: ClinicalFacts) -> str:
    branches = _branches(definition, facts)
    held = next(
        (each for each in branches if all_true(r.test(census, facts) for r in each.require)),
        branches[0],
    )
    met = [_in_words(each, census, facts) for each in (*definition.require, *held.require)]
    return ", ".join(met)


def _failures(definition: Definition, census: Census, facts: ClinicalFacts) -> Iterator[str]:
    excluded = _excluded(definition, census)
    if excluded:
        yield f"{', '.join(excluded)} is excluded"
        return
    for each in definition.require:
        if each.test(census, facts) is False:
            yield _in_words(each, census, facts)
    if census.serosal and definition.solitary_serosal is Serosal.REJECT:
        yield "a serosal lesion is not admitted"
    branches = _branches(definition, facts)
    if any_true(all_true(r.test(census, facts) for r in each.require) for each in branches):
        return
    for branch in branches:
        failed = [each for each in branch.require if each.test(census, facts) is False]
        words = ", ".join(_in_words(each, census, facts) for each in failed)
        yield f"{branch.name}: {words}" if len(branches) > 1 else words


def _in_words(requirement: Requirement, census: Census, facts: ClinicalFacts) -> str:
    observed, required = requirement.observe(census, facts), requirement.required
    number, _, bound = requirement.name.rpartition("_")
    if bound in ("max", "min"):
        least_most = "at most" if bound == "max" else "at least"
        return f"{number} {observed} ({least_most} {required})"
    if requirement.name == "all_treatable":
        return f"every lesion treatable: {'yes' if observed else 'no'}"
    return f"{requirement.name} {observed} (required {required})"
