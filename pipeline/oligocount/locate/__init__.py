"""Lesion and maps to a located lesion: site, evidence, runner-up, and the reason in words."""

from oligocount.geometry.memory import Memory
from oligocount.locate.locate import locate, place
from oligocount.locate.measure import measure

__all__ = ["Memory", "locate", "measure", "place"]
