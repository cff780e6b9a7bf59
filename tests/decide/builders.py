"""A census that fulfils the shipped definitions; a test breaks one part."""

from dataclasses import replace
from typing import Any

from oligocount.config import load_settings
from oligocount.decide import Library, read_library
from oligocount.domain.census import Census, Doubt, OrganTally, Scenarios

LIBRARY: Library = read_library(load_settings().decide.protocols)
BY_ID = {each.id: each for each in (*LIBRARY.definitions, *LIBRARY.studies, *LIBRARY.variants)}

ONE_LIVER_LESION = Census(
    v=1,
    s=0,
    r=0,
    n=1,
    o=1,
    m=1,
    items=(),
    by_organ={"liver": 1},
    stations=(),
    organs={"liver": OrganTally(lesions=1, is_bilateral=False, is_bilobar=False)},
    treatable=True,
    serosal=0,
    brain=0,
    nodes=0,
    sites_excluding_rpln=1,
    diameter_mm=20.0,
    has_unknown_diameter=False,
)


def census(**changes: Any) -> Census:
    return replace(ONE_LIVER_LESION, **changes)


def organs(**lesions: int) -> dict[str, OrganTally]:
    return {
        name: OrganTally(lesions=number, is_bilateral=False, is_bilobar=False)
        for name, number in lesions.items()
    }


def scenarios(*censuses: Census, doubts: tuple[Doubt, ...] = ()) -> Scenarios:
    return Scenarios(base=censuses[0], all=censuses, doubts=doubts)
