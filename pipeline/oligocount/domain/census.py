"""What is counted in one fully specified reading of a patient: the input of every definition."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

UNKNOWN_ORGAN = "unknown"  # with #id where several lesions may lie in different ones


class Role(Enum):
    """How a lesion enters the counts."""

    ORGAN = "organ"  # one each
    STATION = "station"  # one a nonregional station, whatever the number of nodes
    REGIONAL = "regional"  # all together: 0 synchronous, 1 metachronous


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """How finely a set of definitions looks at a census; beyond it readings look the same.

    No count above `cap` is told from `cap`; rows of organ tables are read for at most
    `table_organs` organs; diameters and numbers of nodes are looked at or not.
    """

    cap: int
    table_organs: int
    sees_diameter: bool
    sees_nodes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One lesion under one reading. `half` is the organ, or its half where pairs are split."""

    finding: int
    role: Role
    organ: str
    system: str
    half: str
    side: str | None = None
    lobe: str | None = None
    station: str | None = None
    n_nodes: int | None = 1
    diameter_mm: float | None = None
    treatable: bool | None = None
    exclusion: str | None = None
    is_serosal: bool = False

    def blurred(self, resolution: Resolution) -> "Item":
        """The item without its identity and without what no definition looks at."""
        return replace(
            self,
            finding=0,
            diameter_mm=self.diameter_mm if resolution.sees_diameter else 0.0,
            n_nodes=self.n_nodes if resolution.sees_nodes else 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganTally:
    """Lesions of one organ; None = the side or the lobe of one of several is unknown."""

    lesions: int
    is_bilateral: bool | None
    is_bilobar: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Counts by the published symbols, and the facts about counted lesions that rules ask for.

    v distant organ lesions, s nonregional stations, r regional contribution (0 or 1),
    n = v + s + r, o distinct organs (nodes are one), m most in one organ system.
    `treatable` is None when no counted lesion is known untreatable and one is unknown. `nodes`
    in nonregional stations are at least so many where a number is unknown.
    """

    v: int
    s: int
    r: int
    n: int
    o: int
    m: int
    items: tuple[Item, ...]
    by_organ: Mapping[str, int]
    stations: tuple[str, ...]
    organs: Mapping[str, OrganTally]
    treatable: bool | None
    serosal: int
    brain: int
    nodes: int
    sites_excluding_rpln: int
    diameter_mm: float | None
    has_unknown_diameter: bool
    has_unknown_nodes: bool = False
    exclusions: tuple[str, ...] = ()
    has_only_adjoining_nodes: bool = False

    @property
    def distant(self) -> int:
        """Distant lesions: without any there is no M1 disease to classify."""
        return self.v + self.s


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One thing that is not known, in words, with the lesions that it concerns."""

    code: str
    text: str
    lesions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenarios:
    """Every reading of a patient that the findings and facts leave open.

    `base` is the one that is reported: equivocal lesions left out, first-choice sites.
    `all` holds it and every other; `doubts` says why there is more than one.
    """

    base: Census
    all: tuple[Census, ...]
    doubts: tuple[Doubt, ...] = field(default=())
