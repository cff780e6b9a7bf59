"""The vocabulary of requirements: a name and a limit to a test of a census.

A test answers True, False, or None where what it needs is not known (Kleene's logic).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from oligocount.domain.census import UNKNOWN_ORGAN, Census, OrganTally
from oligocount.domain.facts import ClinicalFacts, PrimaryStatus

Observed = int | float | bool | str | None
Limit = int | float | bool | str

ANY = "any"  # a limit that any number meets


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One condition: what is observed, what is required, and the answer.

    `row_limits` are the numbers that the rows of an organ table compare with.
    """

    name: str
    required: Limit
    observe: Callable[[Census, ClinicalFacts], Observed]
    test: Callable[[Census, ClinicalFacts], bool | None]
    row_limits: tuple[int, ...] = ()


def all_true(answers: Iterable[bool | None]) -> bool | None:
    """False if any is False, else None if any is None, else True."""
    found: bool | None = True
    for answer in answers:
        if answer is False:
            return False
        if answer is None:
            found = None
    return found


def any_true(answers: Iterable[bool | None]) -> bool | None:
    """True if any is True, else None if any is None, else False."""
    found: bool | None = False
    for answer in answers:
        if answer is True:
            return True
        if answer is None:
            found = None
    return found


NUMBERS: Mapping[str, Callable[[Census], int]] = {
    "V": lambda census: census.v,
    "S": lambda census: census.s,
    "R": lambda census: census.r,
    "N": lambda census: census.n,
    "O": lambda census: census.o,
    "M": lambda census: census.m,
    "distant": lambda census: census.distant,
    "organs": lambda census: len(census.organs),
    "brain": lambda census: census.brain,
    "nodes": lambda census: census.nodes,
    "sites_excluding_RPLN": lambda census: census.sites_excluding_rpln,
    "N_nodes_as_one": lambda census: census.n - max(census.s + census.r - 1, 0),
}


def requirement(name: str, limit: Limit) -> Requirement:
    """The requirement of that name. The schema of protocols lists the names."""
    if name in _SPECIAL:
        return _SPECIAL[name](name, limit)
    number, _, bound = name.rpartition("_")
    observe = NUMBERS[number]
    if bound == "max":
        return Requirement(
            name=name,
            required=limit,
            observe=lambda census, _: observe(census),
            test=lambda census, _: observe(census) <= limit,  # type: ignore[operator]  # schema: a number
        )
    return Requirement(
        name=name,
        required=limit,
        observe=lambda census, _: observe(census),
        test=lambda census, _: observe(census) >= limit,  # type: ignore[operator]  # schema: a number
    )


def organ_table(
    table: Mapping[str, Mapping[str, int | str]], *, unlisted: bool | None
) -> Requirement:
    """Every organ meets its row; an organ without a row gives `unlisted`.

    An organ that is not known may be any of the table or none.
    """

    def test(census: Census, _: ClinicalFacts) -> bool | None:
        return all_true(answer(organ, tally) for organ, tally in census.organs.items())

    def answer(organ: str, tally: OrganTally) -> bool | None:
        if organ.startswith(UNKNOWN_ORGAN):
            return None
        return _meets_row(tally, table[organ]) if organ in table else unlisted

    return Requirement(
        name="organ_table",
        required="organ-specific numbers",
        observe=lambda census, _: _words(census),
        test=test,
        row_limits=tuple(
            limit for row in table.values() for limit in row.values() if isinstance(limit, int)
        ),
    )


def _meets_row(tally: OrganTally, row: Mapping[str, int | str]) -> bool | None:
    """Both ways where it is unknown whether two sides or lobes are taken."""
    if "max" in row:
        return _within(tally.lesions, row["max"])
    by_side = "unilateral_max" in row or "bilateral_max" in row
    one, both = ("unilateral_max", "bilateral_max") if by_side else ("unilobar_max", "bilobar_max")
    is_both = tally.is_bilateral if by_side else tally.is_bilobar
    if is_both is not None:
        return _within(tally.lesions, row.get(both if is_both else one))
    answers = {_within(tally.lesions, row.get(key)) for key in (one, both)}
    return answers.pop() if len(answers) == 1 else None


def _within(lesions: int, limit: int | str | None) -> bool:
    """A place that the table does not list is not within it."""
    return limit == ANY or (isinstance(limit, int) and lesions <= limit)


def _words(census: Census) -> str:
    return ", ".join(f"{organ} {tally.lesions}" for organ, tally in census.organs.items())


def _diameter(name: str, limit: Limit) -> Requirement:
    is_strict = name == "diameter_below_mm"

    def test(census: Census, _: ClinicalFacts) -> bool | None:
        largest = census.diameter_mm
        if largest is not None and (largest > limit or (is_strict and largest == limit)):  # type: ignore[operator]  # schema: a number
            return False
        return None if census.has_unknown_diameter else True

    return Requirement(
        name=name, required=limit, observe=lambda census, _: census.diameter_mm, test=test
    )


def _nodes_max(name: str, limit: Limit) -> Requirement:
    def test(census: Census, _: ClinicalFacts) -> bool | None:
        if census.nodes > limit:  # type: ignore[operator]  # schema: a number
            return False
        return None if census.has_unknown_nodes else True

    return Requirement(
        name=name,
        required=limit,
        observe=lambda census, _: None if census.has_unknown_nodes else census.nodes,
        test=test,
    )


def _all_treatable(name: str, limit: Limit) -> Requirement:
    return Requirement(
        name=name,
        required=limit,
        observe=lambda census, _: census.treatable,
        test=lambda census, _: census.treatable,
    )


def _controlled_primary(name: str, limit: Limit) -> Requirement:
    def test(_: Census, facts: ClinicalFacts) -> bool | None:
        status = facts.primary_status
        if status is None:
            return None
        return status in (PrimaryStatus.CONTROLLED, PrimaryStatus.RESECTED)

    return Requirement(
        name=name,
        required=limit,
        observe=lambda _, facts: facts.primary_status and facts.primary_status.value,
        test=test,
    )


_SPECIAL: Mapping[str, Callable[[str, Limit], Requirement]] = {
    "diameter_max_mm": _diameter,
    "diameter_below_mm": _diameter,
    "nodes_max": _nodes_max,
    "all_treatable": _all_treatable,
    "controlled_primary": _controlled_primary,
}
