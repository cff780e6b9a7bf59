"""Counting with the shipped settings, one policy changed at a time."""

from dataclasses import replace
from typing import Any

from assess.builders import FACTS
from oligocount import count
from oligocount.config import load_settings
from oligocount.domain.census import Census, Scenarios
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding
from oligocount.settings import CountSettings

SETTINGS = load_settings().count


def with_policy(**policies: str) -> CountSettings:
    return replace(SETTINGS, policies=replace(SETTINGS.policies, **policies))


def counted(
    *findings: Finding, facts: ClinicalFacts = FACTS, settings: CountSettings = SETTINGS
) -> Scenarios:
    readings = count.read_findings(findings, facts, settings)
    return count.count(readings, facts, settings)


def symbols(census: Census) -> str:
    """The six symbols in one word: V S R N O M."""
    return "".join(str(getattr(census, each)) for each in "vsrnom")


def facts(**changes: Any) -> ClinicalFacts:
    return replace(FACTS, **changes)
