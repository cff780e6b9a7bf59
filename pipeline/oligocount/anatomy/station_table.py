"""Stations as data: names in three systems, standing by system and primary, distances."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from oligocount.domain.anatomy import NodalClass, Side, Station, StationEntry
from oligocount.errors import ConfigError
from oligocount.plain_yaml import read_shipped_yaml
from oligocount.resources import shipped_folder

_CLASSES = {
    "regional": NodalClass.REGIONAL,
    "nonregional": NodalClass.NONREGIONAL,
    "unclear": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StationTable:
    """Entries by region name in the order of the file, and the rules' distances in mm."""

    entries: Mapping[str, StationEntry]
    mm: Mapping[str, float]


def load_station_table() -> StationTable:
    """The shipped table. Raises ConfigError when the file is not as expected."""
    file = shipped_folder("configs") / "anatomy" / "stations.yaml"
    try:
        content = read_shipped_yaml(file)
        regional, flags = content["regional"], content["flags"]
        entries = {
            str(name): _entry(str(name), values, regional, flags)
            for name, values in content["regions"].items()
        }
        return StationTable(entries=entries, mm={k: float(v) for k, v in content["mm"].items()})
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{file}: expected regions, flags, regional and mm: {error!r}") from error


def _entry(
    name: str, values: dict[str, Any], regional: dict[str, Any], flags: dict[str, str]
) -> StationEntry:
    return StationEntry(
        name=name,
        station=Station(ajcc8=values["ajcc8"], jes=values["jes"], iaslc=values["iaslc"]),
        side=Side(values["side"]) if values["side"] else None,
        title=values["title"],
        regional=_standings(values["group"], regional),
        flags={str(flag): flags[flag] for flag in values["flags"]},
    )


def _standings(group: str, regional: dict[str, Any]) -> dict[tuple[str, str], NodalClass | None]:
    standings = {}
    for system, groups in regional.items():
        given = groups[group]
        by_location = given if isinstance(given, dict) else {"any": given}
        for location, word in by_location.items():
            standings[(system, str(location))] = _CLASSES[word]
    return standings
