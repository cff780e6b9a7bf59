"""Counts and verdicts, as they are told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Decision(Enum):
    """What a definition says of a patient."""

    OLIGO = "OLIGO"
    NOT_OLIGO = "NOT_OLIGO"
    INDETERMINATE = "INDETERMINATE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NOT_M1 = "NOT_M1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One condition of a definition; `outcome` None = cannot be known."""

    name: str
    observed: int | float | bool | str | None
    required: int | float | bool | str | None
    outcome: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One definition's answer with its best and worst case and the criteria behind it."""

    definition: str
    decision: Decision
    best: Decision
    worst: Decision
    criteria: tuple[Criterion, ...]
    reason: str
    source: str
    probability: Mapping[str, float] = field(default_factory=dict)
