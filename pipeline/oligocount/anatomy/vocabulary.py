"""Structure names to the words of counting: read once from configs/anatomy/organs.yaml."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import yaml

from oligocount.domain.anatomy import Side, Structure
from oligocount.errors import ConfigError
from oligocount.plain_yaml import read_shipped_yaml
from oligocount.resources import shipped_folder

_UNKNOWN: dict[str, Any] = {"organ": "other", "system": "other", "uptake": "quiet", "snomed": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All structure patterns in order, other tools' words, and the network's channels."""

    entries: tuple[dict[str, Any], ...]
    aliases: dict[str, str]
    network: tuple[str, ...]

    def structure(self, name: str) -> Structure:
        """What a structure name means; a name that no pattern knows is organ `other`."""
        entry = next((e for e in self.entries if _matches(name, e["match"])), _UNKNOWN)
        return Structure(
            name=name,
            organ=entry["organ"],
            organ_system=entry["system"],
            side=side_of(name),
            uptake=entry["uptake"],
            snomed=entry["snomed"],
        )

    def canonical(self, name: str) -> str:
        """Another tool's word for a structure as this vocabulary writes it."""
        plain = name.strip().replace(" ", "_").replace("-", "_")
        known = any(_matches(plain, entry["match"]) for entry in self.entries)
        return self.aliases.get(plain.lower(), plain if known else plain.lower())


def load_vocabulary() -> Vocabulary:
    """The shipped vocabulary. Raises ConfigError when the file is not as expected."""
    file = shipped_folder("configs") / "anatomy" / "organs.yaml"
    try:
        content = read_shipped_yaml(file)
        return Vocabulary(
            entries=tuple(content["structures"]),
            aliases=dict(content["aliases"]),
            network=tuple(content["network"]),
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigError(f"{file}: expected network, structures and aliases: {error}") from error


def side_of(name: str) -> Side | None:
    """The side that a structure name states, as in rib_left_4 or kidney_right."""
    parts = name.split("_")
    if "left" in parts:
        return Side.LEFT
    return Side.RIGHT if "right" in parts else None


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
