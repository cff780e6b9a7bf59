"""How far a count depends on settings, as it is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueEffect:
    """The least and most lesions at one value of a setting, whatever the other settings."""

    value: float
    n_min: int
    n_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingEffect:
    """What one setting does to the count: each value tried, the one in force among them."""

    setting: str
    as_set: float
    values: tuple[ValueEffect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountInterval:
    """The least and most lesions over a grid of settings, and how often each verdict holds.

    `n_by_settings` maps N to the number of combinations that count so many; `verdicts` maps a
    definition to each decision's share of the `n_settings` combinations.
    """

    n_min: int
    n_max: int
    n_settings: int
    n_by_settings: Mapping[int, int]
    effects: tuple[SettingEffect, ...]
    verdicts: Mapping[str, Mapping[str, float]]

    def block(self) -> dict[str, Any]:
        """The block `count_interval` of result.json."""
        return {
            "N_min": self.n_min,
            "N_max": self.n_max,
            "n_settings": self.n_settings,
            "N_by_settings": {str(n): times for n, times in self.n_by_settings.items()},
            "grid": [
                {
                    "setting": effect.setting,
                    "as_set": effect.as_set,
                    "values": [
                        {"value": each.value, "N_min": each.n_min, "N_max": each.n_max}
                        for each in effect.values
                    ],
                }
                for effect in self.effects
            ],
            "verdicts": {name: dict(shares) for name, shares in self.verdicts.items()},
        }
