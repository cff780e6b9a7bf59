"""How finely definitions look."""

from dataclasses import replace

from decide.builders import BY_ID, LIBRARY
from oligocount.decide.resolution import resolution_of


def test_the_shipped_definitions_tell_up_to_five_and_one_organ_table() -> None:
    seen = LIBRARY.resolution
    assert (seen.cap, seen.table_organs) == (6, 1)
    assert not seen.sees_diameter
    assert not seen.sees_nodes


def test_a_diameter_limit_is_no_count() -> None:
    seen = resolution_of([BY_ID["ESO13"]])
    assert (seen.cap, seen.table_organs, seen.sees_diameter) == (5, 0, True)


def test_nodes_are_looked_at_where_a_rule_counts_them() -> None:
    assert resolution_of([BY_ID["CN2025_A5"]]).sees_nodes


def test_an_organ_table_without_a_limit_on_organs_is_read_for_any_number_of_them() -> None:

    omec = BY_ID["OMEC_ORGAN"]
    branch = omec.branches[None][0]
    without = replace(
        branch, require=tuple(each for each in branch.require if each.name != "organs_max")
    )
    seen = resolution_of([replace(omec, branches={None: (without,)})])
    assert seen.table_organs > 1000
    assert seen.cap == 4


def test_nothing_to_look_at_is_the_coarsest() -> None:
    seen = resolution_of([])
    assert (seen.cap, seen.table_organs) == (1, 0)
