"""Truth tables of every criterion, the unknown row included."""

import pytest

from decide.builders import census, organs
from oligocount.decide.criteria import all_true, any_true, organ_table, requirement
from oligocount.domain.census import OrganTally
from oligocount.domain.facts import ClinicalFacts, PrimaryStatus

T, F, U = True, False, None
FACTS = ClinicalFacts()


@pytest.mark.parametrize(
    ("answers", "every", "some"),
    [
        # answers      all  any
        ((),           T,   F),
        ((T,),         T,   T),
        ((F,),         F,   F),
        ((U,),         U,   U),
        ((T, T),       T,   T),
        ((T, F),       F,   T),
        ((F, F),       F,   F),
        ((T, U),       U,   T),
        ((U, T),       U,   T),
        ((F, U),       F,   U),
        ((U, F),       F,   U),
        ((U, U),       U,   U),
    ],
)  # fmt: skip
def test_kleene_logic(answers, every, some) -> None:
    assert every is all_true(answers)
    assert some is any_true(answers)


NUMBERS = [
    ("V", {"v": 3}),
    ("S", {"s": 3}),
    ("R", {"r": 3}),
    ("N", {"n": 3}),
    ("O", {"o": 3}),
    ("M", {"m": 3}),
    ("distant", {"v": 1, "s": 2}),
    ("organs", {"organs": organs(liver=4, lung=1, bone=2)}),
    ("brain", {"brain": 3}),
    ("nodes", {"nodes": 3}),
    ("sites_excluding_RPLN", {"sites_excluding_rpln": 3}),
    ("N_nodes_as_one", {"v": 2, "s": 2, "r": 1, "n": 5}),
]


@pytest.mark.parametrize(("name", "values"), NUMBERS)
@pytest.mark.parametrize(
    ("bound", "limit", "outcome"),
    [
        ("max", 2, F),
        ("max", 3, T),
        ("max", 4, T),
        ("min", 2, T),
        ("min", 3, T),
        ("min", 4, F),
    ],
)
def test_a_number_meets_its_limit_up_to_equality(name, values, bound, limit, outcome) -> None:
    each = requirement(f"{name}_{bound}", limit)
    assert outcome is each.test(census(**values), FACTS)
    assert each.observe(census(**values), FACTS) == 3
    assert each.required == limit
    assert each.name == f"{name}_{bound}"


def test_nodes_as_one_do_not_shrink_a_patient_without_nodes() -> None:
    assert requirement("N_nodes_as_one_max", 3).observe(census(n=4, v=4), FACTS) == 4
    assert requirement("N_nodes_as_one_max", 3).observe(census(n=1, v=0, s=1), FACTS) == 1


@pytest.mark.parametrize(
    ("name", "largest", "has_unknown", "outcome"),
    [
        # limit 50          largest  unknown  outcome
        ("diameter_max_mm",   49.9,  F,       T),
        ("diameter_max_mm",   50.0,  F,       T),
        ("diameter_max_mm",   50.1,  F,       F),
        ("diameter_max_mm",   50.1,  T,       F),
        ("diameter_max_mm",   49.9,  T,       U),
        ("diameter_max_mm",   None,  T,       U),
        ("diameter_max_mm",   None,  F,       T),
        ("diameter_below_mm", 49.9,  F,       T),
        ("diameter_below_mm", 50.0,  F,       F),
        ("diameter_below_mm", 50.0,  T,       F),
        ("diameter_below_mm", 49.9,  T,       U),
    ],
)  # fmt: skip
def test_diameter(name, largest, has_unknown, outcome) -> None:
    seen = census(diameter_mm=largest, has_unknown_diameter=has_unknown)
    each = requirement(name, 50)
    assert outcome is each.test(seen, FACTS)
    assert each.observe(seen, FACTS) == largest
    assert each.required == 50
    assert each.name == name


@pytest.mark.parametrize(
    ("nodes", "has_unknown", "outcome"),
    [(1, F, T), (2, F, F), (1, T, U), (2, T, F), (0, F, T)],
)
def test_at_most_one_node(nodes, has_unknown, outcome) -> None:
    seen = census(nodes=nodes, has_unknown_nodes=has_unknown)
    each = requirement("nodes_max", 1)
    assert outcome is each.test(seen, FACTS)
    assert each.observe(seen, FACTS) == (None if has_unknown else nodes)
    assert (each.name, each.required) == ("nodes_max", 1)


@pytest.mark.parametrize("state", [T, F, U])
def test_all_treatable_is_what_the_census_says(state) -> None:
    each = requirement("all_treatable", limit=True)
    assert state is each.test(census(treatable=state), FACTS)
    assert state is each.observe(census(treatable=state), FACTS)
    assert (each.name, each.required) == ("all_treatable", True)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (PrimaryStatus.CONTROLLED, T),
        (PrimaryStatus.RESECTED, T),
        (PrimaryStatus.UNCONTROLLED, F),
        (PrimaryStatus.UNTREATED, F),
        (None, U),
    ],
)
def test_controlled_primary(status, outcome) -> None:
    facts = ClinicalFacts(primary_status=status)
    each = requirement("controlled_primary", limit=True)
    assert outcome is each.test(census(), facts)
    assert (status and status.value) == each.observe(census(), facts)
    assert (each.name, each.required) == ("controlled_primary", True)


def liver(lesions: int, *, is_bilobar: bool | None) -> dict[str, OrganTally]:
    return {"liver": OrganTally(lesions=lesions, is_bilateral=False, is_bilobar=is_bilobar)}


def lung(lesions: int, *, is_bilateral: bool | None) -> dict[str, OrganTally]:
    return {"lung": OrganTally(lesions=lesions, is_bilateral=is_bilateral, is_bilobar=False)}


TABLE = {
    "liver": {"unilobar_max": 3, "bilobar_max": 2},
    "lung": {"unilateral_max": 3},
    "adrenal": {"unilateral_max": "any", "bilateral_max": "any"},
    "bone": {"max": 1},
    "kidney": {"bilateral_max": 2},
}


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (liver(3, is_bilobar=False), T),
        (liver(4, is_bilobar=False), F),
        (liver(2, is_bilobar=True), T),
        (liver(3, is_bilobar=True), F),
        (liver(2, is_bilobar=None), T),
        (liver(3, is_bilobar=None), U),
        (liver(4, is_bilobar=None), F),
        (lung(3, is_bilateral=False), T),
        (lung(4, is_bilateral=False), F),
        (lung(2, is_bilateral=True), F),
        (lung(2, is_bilateral=None), U),
        (lung(4, is_bilateral=None), F),
        (organs(bone=1), T),
        (organs(bone=2), F),
        (organs(spleen=1), F),
        (organs(bone=1, spleen=1), F),
        ({"adrenal": OrganTally(lesions=9, is_bilateral=True, is_bilobar=None)}, T),
        ({}, T),
        ({"kidney": OrganTally(lesions=2, is_bilateral=True, is_bilobar=False)}, T),
        ({"kidney": OrganTally(lesions=2, is_bilateral=False, is_bilobar=False)}, F),
    ],
)
def test_organ_table(found, outcome) -> None:
    each = organ_table(TABLE, unlisted=False)
    assert outcome is each.test(census(organs=found), FACTS)


def test_an_unknown_organ_may_be_in_the_table_or_not() -> None:
    each = organ_table(TABLE, unlisted=False)
    assert each.test(census(organs={"unknown": organs(x=1)["x"]}), FACTS) is None
    assert each.test(census(organs={"unknown#3": organs(x=9)["x"]}), FACTS) is None


def test_an_organ_that_the_table_is_silent_on_can_stay_unknown() -> None:
    each = organ_table(TABLE, unlisted=None)
    assert each.test(census(organs=organs(spleen=1)), FACTS) is None
    assert each.test(census(organs=organs(spleen=1, bone=2)), FACTS) is False
    assert each.observe(census(organs=organs(spleen=1, bone=2)), FACTS) == "spleen 1, bone 2"
    assert (each.name, each.required) == ("organ_table", "organ-specific numbers")
    assert sorted(each.row_limits) == [1, 2, 2, 3, 3]
