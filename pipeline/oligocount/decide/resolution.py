"""How finely definitions look: what a reading may forget without changing any answer."""

from collections.abc import Iterable, Iterator

from oligocount.decide.criteria import Requirement
from oligocount.decide.definition import Definition
from oligocount.domain.census import Resolution

_NO_LIMIT = 1 << 30


def resolution_of(definitions: Iterable[Definition]) -> Resolution:
    """The coarsest resolution at which every one of the definitions still answers the same."""
    sets = [each for definition in definitions for each in _requirement_sets(definition)]
    every = [each for one in sets for each in one]
    return Resolution(
        cap=1 + max((_largest_count(each) for each in every), default=0),
        table_organs=max((_table_organs(one) for one in sets), default=0),
        sees_diameter=any(each.name.startswith("diameter") for each in every),
        sees_nodes=any(each.name.startswith("nodes") for each in every),
    )


def _requirement_sets(definition: Definition) -> Iterator[tuple[Requirement, ...]]:
    for branches in definition.branches.values():
        for branch in branches:
            yield (*definition.require, *branch.require)


def _largest_count(requirement: Requirement) -> int:
    """The largest number that the requirement compares a count with."""
    if requirement.name == "organ_table":
        return max(requirement.row_limits, default=0)
    is_count = type(requirement.required) is int and not requirement.name.startswith("diameter")
    return int(requirement.required) if is_count else 0


def _table_organs(requirements: Iterable[Requirement]) -> int:
    """With how many organs the organ table can still be reached."""
    by_name = {each.name: each.required for each in requirements}
    if "organ_table" not in by_name:
        return 0
    return int(by_name.get("organs_max", _NO_LIMIT))
