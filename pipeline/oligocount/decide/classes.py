"""The nine ESTRO-EORTC classes (Guckenberger 2020), and those still possible where facts lack."""

from collections.abc import Iterator
from itertools import product

from oligocount.domain.census import Census
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.report import EstroEortc

CLASSES = (
    "de_novo_synchronous",
    "metachronous_oligorecurrence",
    "metachronous_oligoprogression",
    "repeat_oligorecurrence",
    "repeat_oligoprogression",
    "repeat_oligopersistence",
    "induced_oligorecurrence",
    "induced_oligoprogression",
    "induced_oligopersistence",
)
_INDETERMINATE = "INDETERMINATE"


def classify(census: Census, facts: ClinicalFacts, *, is_metachronous: bool | None) -> EstroEortc:
    """The class that the patient has if called oligometastatic.

    No class without a distant lesion, nor with an excluded (diffuse) pattern. A missing fact
    leaves every class that its answers lead to.
    """
    if not census.distant or census.exclusions:
        return EstroEortc(number=None, name=None)
    left = sorted(set(_reachable(facts, is_metachronous=is_metachronous)))
    if len(left) == 1:
        return EstroEortc(number=left[0], name=CLASSES[left[0] - 1])
    names = tuple(CLASSES[number - 1] for number in left)
    return EstroEortc(number=None, name=_INDETERMINATE, still_possible=names)


def _reachable(facts: ClinicalFacts, *, is_metachronous: bool | None) -> Iterator[int]:
    questions = (
        facts.prior_polymetastatic,
        facts.prior_oligometastatic,
        is_metachronous,
        facts.on_active_systemic_therapy,
        facts.any_lesion_progressing,
    )
    answers = [(False, True) if each is None else (each,) for each in questions]
    for was_poly, was_oligo, is_late, is_on_therapy, is_progressing in product(*answers):
        if not was_poly and not was_oligo:
            yield (3 if is_on_therapy else 2) if is_late else 1
            continue
        first = 7 if was_poly else 4
        if not is_on_therapy:
            yield first
        else:
            yield first + 1 if is_progressing else first + 2
