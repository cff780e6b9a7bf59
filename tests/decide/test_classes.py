"""The tree of Guckenberger 2020, every branch and every missing answer."""

from itertools import product

import pytest

from decide.builders import census
from oligocount.decide import classify
from oligocount.decide.classes import CLASSES
from oligocount.domain.facts import ClinicalFacts

Y, N, X = True, False, None  # X: whatever it is


TREE = [
    # poly oligo late therapy progressing  class
    (N, N, N, X, X, 1),
    (N, N, Y, N, X, 2),
    (N, N, Y, Y, X, 3),
    (N, Y, X, N, X, 4),
    (N, Y, X, Y, Y, 5),
    (N, Y, X, Y, N, 6),
    (Y, X, X, N, X, 7),
    (Y, X, X, Y, Y, 8),
    (Y, X, X, Y, N, 9),
]


def answered(*answers: bool | None, seen=None):
    poly, oligo, late, therapy, progressing = answers
    facts = ClinicalFacts(
        prior_polymetastatic=poly,
        prior_oligometastatic=oligo,
        on_active_systemic_therapy=therapy,
        any_lesion_progressing=progressing,
    )
    return classify(seen or census(), facts, is_metachronous=late)


@pytest.mark.parametrize("row", TREE)
def test_a_question_that_the_tree_does_not_ask_changes_nothing(row) -> None:
    *answers, number = row
    expected = (number, CLASSES[number - 1], ())
    free = [(True, False, None) if each is X else (each,) for each in answers]
    for filled in product(*free):
        found = answered(*filled)
        assert expected == (found.number, found.name, found.still_possible)


@pytest.mark.parametrize("answers", tuple(product((True, False, None), repeat=5)))
def test_missing_answers_leave_exactly_the_classes_that_filling_them_reaches(answers) -> None:
    filled = product(*((True, False) if each is None else (each,) for each in answers))
    reached = sorted({answered(*each).number for each in filled})
    found = answered(*answers)
    if len(reached) == 1:
        assert (reached[0], ()) == (found.number, found.still_possible)
    else:
        assert found.number is None
        assert found.name == "INDETERMINATE"
        assert tuple(CLASSES[number - 1] for number in reached) == found.still_possible


def test_no_class_without_distant_disease_or_with_diffuse_disease() -> None:
    nothing = answered(N, N, N, N, N, seen=census(v=0, n=0))
    diffuse = answered(N, N, N, N, N, seen=census(exclusions=("diffuse_marrow",)))
    assert (nothing.number, nothing.name, nothing.still_possible) == (None, None, ())
    assert (diffuse.number, diffuse.name, diffuse.still_possible) == (None, None, ())
    assert answered(N, N, N, N, N, seen=census(v=0, s=1)).number == 1
