"""How far a count depends on settings: the cheap stages of one case again, over a grid."""

from oligocount.interval.count_interval import CountInterval, count_interval, variations
from oligocount.interval.refinder import refinder

__all__ = ["CountInterval", "count_interval", "refinder", "variations"]
