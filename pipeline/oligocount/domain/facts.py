"""What only people know about the patient. None always means unknown, never no."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum


class Histology(Enum):
    """Histology of the primary."""

    SCC = "SCC"
    AC = "AC"
    MIXED = "mixed"


class PrimaryLocation(Enum):
    """Where the primary lies (AJCC/UICC 8; EGJ_I and EGJ_II by Siewert)."""

    CERVICAL = "cervical"
    UPPER = "upper"
    MIDDLE = "middle"
    LOWER = "lower"
    EGJ_I = "EGJ_I"
    EGJ_II = "EGJ_II"
    GASTRIC = "gastric"


class PrimaryStatus(Enum):
    """What has happened to the primary."""

    UNTREATED = "untreated"
    CONTROLLED = "controlled"
    UNCONTROLLED = "uncontrolled"
    RESECTED = "resected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalFacts:
    """Facts for counting, verdicts and classes; `other` holds those of the 13 statements."""

    histology: Histology | None = None
    primary_location: PrimaryLocation | None = None
    primary_status: PrimaryStatus | None = None
    months_from_primary_diagnosis: float | None = None
    prior_polymetastatic: bool | None = None
    prior_oligometastatic: bool | None = None
    on_active_systemic_therapy: bool | None = None
    any_lesion_progressing: bool | None = None
    other: Mapping[str, bool | float | str | None] = field(default_factory=dict)

    def as_told(self) -> dict[str, bool | float | str | None]:
        """The facts by their names, those of `other` among them, as a file would give them."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        other = told.pop("other")
        plain = {k: v.value if isinstance(v, Enum) else v for k, v in told.items()}
        return {**plain, **other}
