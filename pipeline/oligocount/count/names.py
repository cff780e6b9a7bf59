"""The words of counting: organs that pair or collapse, and what a station's name says."""

import re

from oligocount.domain.anatomy import Side, Station

PAIRED = frozenset({"lung", "adrenal", "kidney", "ovary"})
SEROSAL = frozenset({"pleura", "peritoneum", "pericardium", "meninges"})
LOCOREGIONAL = frozenset({"oesophagus", "anastomosis", "gastric_conduit"})  # NCT03904927
CAN_BE_DIFFUSE = SEROSAL | {"bone_marrow", "bone"}
SEROSA, MARROW, NODE = "serosa", "bone_marrow", "lymph_node"
NOT_AN_ORGAN = LOCOREGIONAL | {NODE}

_SIDE = re.compile(r"[_ ]?(L|R)$")
_SUPRACLAVICULAR = ("104", "supraclavicular")
_CERVICAL = (*_SUPRACLAVICULAR, "100", "102", "103")
_SIDED = (*_CERVICAL, "axillary", "internal_mammary", "iliac", "inguinal")
_RETROPERITONEAL = ("16", "13", "14", "para-aortic", "intra-aortocaval", "interaortocaval")
_OFF_MAP = ("5", "6", "10", "109", "113", "114")
_ADJOINING = ("cardiophrenic", "109", "113", "114")
_PERIGASTRIC = ("4", "4d", "4sa", "4sb", "10")


def family(station: str) -> str:
    """The station without its side: 104 for 104L, axillary for axillary_L."""
    return _SIDE.sub("", station)


def is_supraclavicular(station: str) -> bool:
    """104 in JES, levels IV low and Vb."""
    return family(station) in _SUPRACLAVICULAR


def is_cervical(station: str) -> bool:
    """Neck nodes that JES calls regional, or did, where the primary is cervical."""
    return family(station).startswith(_CERVICAL)


def is_retroperitoneal(station: str) -> bool:
    """RPLN of FLOT3 and RENAISSANCE; for nonregional stations only (AJCC 16 is paracardial)."""
    return family(station).startswith(_RETROPERITONEAL)


def is_adjoining(station: str) -> bool:
    """Supraclavicular, or distant and beside the oesophageal region (statement 5)."""
    return is_supraclavicular(station) or family(station) in _ADJOINING


def is_retrocrural(station: Station) -> bool:
    """AJCC 15, which holds the nodes behind the crura that JES may call 16a1."""
    return family(station.key) == "15" or family(station.key).startswith("16a1")


def is_off_map(station: Station) -> bool:
    """On the AJCC 7 map and not on the 8th: read as regional."""
    return family(station.key) in _OFF_MAP


def is_perigastric(station: Station) -> bool:
    """JES 4 and 10, which some centres call regional for a junction tumour."""
    return family(station.key) in _PERIGASTRIC


def sided_station(station: str, side: Side | None) -> str:
    """The name by which stations are told apart: left and right differ where the neck does."""
    name = station.replace("supraclavicular", "104")
    if family(name) != name or side not in (Side.LEFT, Side.RIGHT):
        return name
    return f"{name}{_joint(name)}{side.value}" if name.startswith(_SIDED) else name


def both_sides(station: str) -> tuple[str, ...]:
    """The two names that a sided station without a side can have; itself otherwise."""
    if family(station) != station or not station.startswith(_SIDED):
        return (station,)
    return (f"{station}{_joint(station)}L", f"{station}{_joint(station)}R")


def _joint(station: str) -> str:
    return "" if station[-1].isdigit() else "_"
