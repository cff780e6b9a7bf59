"""The site that a reader names, as the entries of result.json say it."""

from collections.abc import Mapping
from typing import Any

from oligocount.anatomy.station_table import load_station_table
from oligocount.domain.anatomy import NodalClass, Site, StationEntry
from oligocount.domain.facts import ClinicalFacts
from oligocount.errors import ConfigError
from oligocount.locate.nodes import node_site

_NODE = "lymph_node"
_ORGANS = frozenset(
    {
        "lung", "liver", "bone", "adrenal", "brain", "kidney", "spleen", "pancreas", "thyroid",
        "ovary", "gallbladder", "bowel", "stomach", "soft_tissue", "breast", "heart", "prostate",
        "head_neck", "pleura", "peritoneum", "pericardium", "meninges", "bone_marrow", "other",
        "oesophagus", "anastomosis", "gastric_conduit",
    }
)  # fmt: skip
_DECIDED = {"organ_overlap": None, "runner_up": None, "station_margin_mm": None}


def named_site(
    told: Mapping[str, Any], facts: ClinicalFacts, *, system: str, where: str
) -> dict[str, Any]:
    """The fields of a lesion that the named organ or station sets; none where neither is named.

    A reader's site leaves no runner-up. A station of the shipped table knows its names and its
    class; any other needs `nodal_class`. Raises ConfigError that names the edit (`where`).
    """
    if "organ" in told:
        organ = str(told["organ"])
        if organ not in _ORGANS:
            known = ", ".join(sorted(_ORGANS))
            raise ConfigError(f"{where}: organ {organ!r}; expected one of {known}")
        return {**_DECIDED, **_organ_fields(organ)}
    if "station" in told:
        return {**_DECIDED, **_station_fields(told, facts, system, where)}
    return {}


def kind_of(organ: str | None) -> str:
    """What a lesion of that organ is taken for."""
    if organ == _NODE:
        return "node"
    return "primary" if organ == "oesophagus" else "organ"


def _organ_fields(organ: str) -> dict[str, Any]:
    return {
        "kind": kind_of(organ),
        "organ": organ,
        "organ_system": organ,
        "structure": None,
        "side": None,
        "lobe": None,
        "station": None,
        "nodal_class": None,
    }


def _station_fields(
    told: Mapping[str, Any], facts: ClinicalFacts, system: str, where: str
) -> dict[str, Any]:
    name = str(told["station"])
    entry = _entry(name)
    if entry is None and "nodal_class" not in told:
        raise ConfigError(
            f"{where}: station {name!r} is not of the shipped map; state its nodal_class"
        )
    site = node_site(entry, facts, system) if entry else Site(organ=_NODE, organ_system=_NODE)
    station = site.station
    names = (
        {"ajcc8": station.ajcc8, "jes": station.jes, "iaslc": station.iaslc}
        if station
        else {"ajcc8": name, "jes": None, "iaslc": None}
    )
    return {
        "kind": "node",
        "organ": _NODE,
        "organ_system": _NODE,
        "structure": site.structure,
        "side": site.side.value if site.side else None,
        "lobe": None,
        "station": names,
        "nodal_class": _class_word(site.nodal_class),
    }


def _entry(name: str) -> StationEntry | None:
    """The station of that name in any of the three systems; AJCC's name goes first."""
    entries = load_station_table().entries
    if name in entries:
        return entries[name]
    every = list(entries.values())
    return next(
        (
            each
            for system in ("ajcc8", "jes", "iaslc")
            for each in every
            if getattr(each.station, system) == name
        ),
        None,
    )


def _class_word(nodal_class: NodalClass | None) -> str | None:
    return nodal_class.value if nodal_class else None
