"""Where things are: organ maps, landmarks, station maps, and the site of a lesion."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.volume import LabelMap


class Side(Enum):
    """The patient's side."""

    LEFT = "L"
    RIGHT = "R"
    MIDLINE = "M"


class NodalClass(Enum):
    """Regional or not, under the staging system in use."""

    REGIONAL = "regional"
    NONREGIONAL = "nonregional"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrganMap:
    """Organs on the PET grid. Label names are TotalSegmentator's where it has them.

    `confidence` maps a name to 0..1; a name that is missing there is as trusted as the map.
    `known` lists every structure that this provider could have drawn: absence of a structure
    that is not in `known` says nothing about the patient. `border_mm` is how far a drawn border may
    be off; 0 for a map that is taken as it is given.
    """

    labels: LabelMap
    known: frozenset[str]
    model: ModelInfo
    confidence: Mapping[str, float] = field(default_factory=dict)
    caveats: tuple[Caveat, ...] = ()
    border_mm: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Landmark:
    """A named level or line: `value_mm` in LPS along one axis, how it was found, how sure."""

    name: str
    value_mm: float
    method: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One nodal station in three systems; None where a system has no such station."""

    ajcc8: str | None
    jes: str | None
    iaslc: str | None

    @property
    def key(self) -> str:
        """The name used for counting: AJCC 8 where it has one, else JES, else IASLC."""
        return self.ajcc8 or self.jes or self.iaslc or "LN_unassigned"


_COELIAC = frozenset({"9", "8a", "8p", "11p", "18", "19", "20", "7"})


def is_coeliac_frontier(one: Station, other: Station) -> bool:
    """A coeliac-region station against para-aortic 16: no landmark between them is sharp."""
    names = (one.jes or one.key, other.jes or other.key)
    aortic = [name.startswith(("16a", "16b")) for name in names]
    return aortic[0] != aortic[1] and any(name in _COELIAC for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a lesion is: an organ or a nodal station.

    `organ` is a word of the counting vocabulary (lung, liver, bone, ..., lymph_node,
    oesophagus, other) or None when unknown. `structure` is the finest name that the map
    gives (vertebrae_T8, lung_upper_lobe_left).
    """

    organ: str | None
    organ_system: str | None
    structure: str | None = None
    side: Side | None = None
    lobe: str | None = None
    station: Station | None = None
    nodal_class: NodalClass | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """What a structure's name means for counting, and what it does with FDG in health.

    `organ` None: no organ lesion lives there (vessel, airway, canal). `uptake` is a word of
    configs/anatomy/organs.yaml. `snomed` is a SNOMED CT concept.
    """

    name: str
    organ: str | None
    organ_system: str | None
    side: Side | None = None
    uptake: str = "quiet"
    snomed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StationEntry:
    """One region of a station map: its station in each system, side and standing.

    `regional` maps (staging system, primary location or "any") to the nodal class, None where
    the system itself is unclear. `flags` maps the codes that a lesion there carries into the
    result to what they mean.
    """

    name: str
    station: Station
    side: Side | None
    title: str
    regional: Mapping[tuple[str, str], NodalClass | None]
    flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anatomy:
    """The organ map with all that follows from it.

    `stations` is on the grid of the organ map; its names are keys of `station_entries`.
    `structures` tells for each name of the organ map what it means.
    """

    organs: OrganMap
    landmarks: Mapping[str, Landmark] = field(default_factory=dict)
    stations: LabelMap | None = None
    station_entries: Mapping[str, StationEntry] = field(default_factory=dict)
    structures: Mapping[str, Structure] = field(default_factory=dict)
    caveats: tuple[Caveat, ...] = ()
