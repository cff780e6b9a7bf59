"""The probability of each verdict, from the probability of each lesion."""

from collections.abc import Mapping, Sequence

from oligocount import count, decide
from oligocount.count import Readings
from oligocount.decide import Definition, Library
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.report import Decision
from oligocount.settings import Settings


def verdict_probabilities(
    readings: Sequence[Readings],
    facts: ClinicalFacts,
    settings: Settings,
    library: Library,
) -> Mapping[str, Mapping[str, float]]:
    """For each definition the probability of each decision; they sum to one.

    Lesions are independent; what other doubts leave open is INDETERMINATE. Empty where the
    probabilities do not say enough (see `count.weigh`).
    """
    weighted = count.weigh(
        readings,
        facts,
        settings.count,
        resolution=library.resolution,
        max_states=settings.decide.max_probability_states,
    )
    if weighted is None:
        return {}
    return {each.id: _probabilities(each, weighted, facts) for each in library.definitions}


def settled(probability: Mapping[str, float], *, max_dissent: float) -> Decision | None:
    """The decision that all others together contradict no more than `max_dissent` allows."""
    for decision, share in probability.items():
        if max_dissent and decision != Decision.INDETERMINATE.value and share >= 1 - max_dissent:
            return Decision(decision)
    return None


def _probabilities(
    definition: Definition, weighted: Sequence[count.Weighted], facts: ClinicalFacts
) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in weighted:
        bits = decide.possible_in_any(definition, each.censuses, facts)
        decision = decide.decision_of(bits).value
        found[decision] = found.get(decision, 0.0) + each.probability
    return found
