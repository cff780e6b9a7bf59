"""Definitions × readings of a patient to verdicts.

A definition answers each reading with the set of decisions that are possible there; a set is
an integer of bits, so that readings unite by `|` and a decision is certain when one bit is left.
"""

from collections.abc import Iterable, Iterator

from oligocount.decide.criteria import all_true, any_true
from oligocount.decide.definition import Branch, Definition, Serosal
from oligocount.domain.census import Census
from oligocount.domain.facts import ClinicalFacts, PrimaryLocation
from oligocount.domain.report import Decision, StudyResult

# From worst to best: an answer that is nearer to local treatment is better; no M1 is best.
_ORDER = (
    Decision.NOT_APPLICABLE,
    Decision.NOT_OLIGO,
    Decision.OLIGO,
    Decision.NOT_M1,
)
_BIT = {decision: 1 << rank for rank, decision in enumerate(_ORDER)}
_OF_ANSWER = {
    True: _BIT[Decision.OLIGO],
    False: _BIT[Decision.NOT_OLIGO],
    None: _BIT[Decision.OLIGO] | _BIT[Decision.NOT_OLIGO],
}
_AS_STUDY = {
    Decision.OLIGO: StudyResult.PASS,
    Decision.NOT_OLIGO: StudyResult.FAIL,
    Decision.NOT_M1: StudyResult.NOT_M1,
    Decision.INDETERMINATE: StudyResult.INDETERMINATE,
}


def possible(definition: Definition, census: Census, facts: ClinicalFacts) -> int:
    """The decisions that are possible for one reading, as bits.

    Order: not covered, excluded, no distant lesion, then the requirements
    (2025 consensus, counting paragraph).
    """
    is_gastric = facts.primary_location is PrimaryLocation.GASTRIC
    if (is_gastric and not definition.covers_gastric_primary) or (
        census.brain and not definition.covers_brain
    ):
        return _BIT[Decision.NOT_APPLICABLE]
    if census.exclusions and not definition.exclusions.isdisjoint(census.exclusions):
        return _BIT[Decision.NOT_OLIGO]
    if not census.distant:
        return _BIT[Decision.NOT_M1]
    shared = all_true(_shared_answers(definition, census, facts))
    found = 0
    for branches in definition.groups(facts.histology):
        if not branches:
            found |= _BIT[Decision.NOT_APPLICABLE]
            continue
        fulfilled = any_true([_branch_answer(each, census, facts) for each in branches])
        found |= _OF_ANSWER[all_true((shared, fulfilled))]
    return found


def possible_in_any(
    definition: Definition, censuses: Iterable[Census], facts: ClinicalFacts
) -> int:
    """The decisions that are possible in at least one reading, as bits."""
    found = 0
    for census in censuses:
        found |= possible(definition, census, facts)
    return found


def decision_of(bits: int) -> Decision:
    """The one decision left, else INDETERMINATE."""
    return _BY_BITS[bits]


def study_result_of(bits: int) -> StudyResult:
    """The same in the words of studies."""
    return _AS_STUDY[decision_of(bits)]


def decisions_of(bits: int) -> tuple[Decision, ...]:
    """The decisions that are left, worst first."""
    return tuple(decision for decision in _ORDER if bits & _BIT[decision])


_BY_BITS = tuple(
    left[0] if len(left := decisions_of(bits)) == 1 else Decision.INDETERMINATE
    for bits in range(1 << len(_ORDER))
)


def _shared_answers(
    definition: Definition, census: Census, facts: ClinicalFacts
) -> Iterator[bool | None]:
    for each in definition.require:
        yield each.test(census, facts)
    if census.serosal and definition.solitary_serosal is not Serosal.ACCEPT:
        yield None if definition.solitary_serosal is Serosal.REVIEW else False


def _branch_answer(branch: Branch, census: Census, facts: ClinicalFacts) -> bool | None:
    return all_true([each.test(census, facts) for each in branch.require])
