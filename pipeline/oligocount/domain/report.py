"""Counts and verdicts, as they are told."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from oligocount.domain.provenance import Caveat


class Decision(Enum):
    """What a definition says of a patient."""

    OLIGO = "OLIGO"
    NOT_OLIGO = "NOT_OLIGO"
    INDETERMINATE = "INDETERMINATE"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NOT_M1 = "NOT_M1"


class StudyResult(Enum):
    """What the numeric block of a study's inclusion criteria says of a patient."""

    PASS = "PASS"  # noqa: S105 - the published word, no secret
    FAIL = "FAIL"
    NOT_M1 = "NOT_M1"
    INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The published symbols of the reported reading, and the range of n over all readings.

    v distant organ lesions, s nonregional stations, r regional contribution, n = v + s + r,
    o organs, m most in one organ system. The sum over `by_organ` is n, over `by_station` s.
    """

    v: int
    s: int
    r: int
    n: int
    o: int
    m: int
    n_low: int
    n_high: int
    by_organ: Mapping[str, int]
    by_station: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One condition of a definition; `outcome` None = cannot be known."""

    name: str
    observed: int | float | bool | str | None
    required: int | float | bool | str | None
    outcome: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One definition's answer with its best and worst case and the criteria behind it.

    `probability` of each decision follows from the lesions' probabilities; empty where a
    lesion that matters has none.
    """

    definition: str
    decision: Decision
    best: Decision
    worst: Decision
    criteria: tuple[Criterion, ...]
    reason: str
    source: str
    probability: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EstroEortc:
    """One of the nine classes (number 1..9), or those that are still possible.

    `name` is None where there is no distant disease to classify or the disease is excluded,
    and INDETERMINATE where a missing fact leaves several classes.
    """

    number: int | None
    name: str | None
    still_possible: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What became of one lesion in the reported counts."""

    lesion: int
    counted: bool
    counted_as: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalSet:
    """Lesions whose acceptance or rejection, together, changes verdicts; `flips` says to what."""

    lesions: tuple[int, ...]
    flips: Mapping[str, Decision]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementNote:
    """A note for the multidisciplinary team. It informs, it never decides."""

    n: int
    flag: str
    text: str
    quality: str
    agreement_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """All that counting and definitions say of one patient.

    `alternatives` maps a named policy or variant to what it changes: verdicts, studies and
    counts by name, or one value where the variant is a definition of its own.
    """

    counts: Counts
    verdicts: tuple[Verdict, ...]
    studies: Mapping[str, StudyResult]
    estro_eortc: EstroEortc
    alternatives: Mapping[str, str | Mapping[str, str | int]]
    critical_sets: tuple[CriticalSet, ...]
    statements: tuple[StatementNote, ...]
    flags: tuple[str, ...]
    ledger: tuple[LedgerEntry, ...]
    caveats: tuple[Caveat, ...] = ()

    @property
    def decision_critical_lesions(self) -> tuple[int, ...]:
        """Lesions of the critical sets, in the order in which a reader should look at them."""
        return tuple(dict.fromkeys(one for each in self.critical_sets for one in each.lesions))

    def blocks(self) -> dict[str, Any]:
        """The blocks of result.json, by their names there; `lesions` maps an id to its entry."""
        return {
            "counts": _counts(self.counts),
            "verdicts": {each.definition: _verdict(each) for each in self.verdicts},
            "studies": {name: result.value for name, result in self.studies.items()},
            "estro_eortc": {
                "class": self.estro_eortc.number,
                "name": self.estro_eortc.name,
                "still_possible": list(self.estro_eortc.still_possible),
            },
            "alternatives": {
                name: dict(change) if isinstance(change, Mapping) else change
                for name, change in self.alternatives.items()
            },
            "decision_critical_lesions": list(self.decision_critical_lesions),
            "decision_critical_sets": [
                {
                    "lesions": list(each.lesions),
                    "flips": {name: decision.value for name, decision in each.flips.items()},
                }
                for each in self.critical_sets
            ],
            "statements": [asdict(each) for each in self.statements],
            "flags": list(self.flags),
            "lesions": {each.lesion: _entry(each) for each in self.ledger},
        }


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        **{symbol: getattr(counts, symbol.lower()) for symbol in "VSRNOM"},
        "N_low": counts.n_low,
        "N_high": counts.n_high,
        "by_organ": dict(counts.by_organ),
        "by_station": dict(counts.by_station),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "decision": verdict.decision.value,
        "best": verdict.best.value,
        "worst": verdict.worst.value,
        "criteria": [asdict(each) for each in verdict.criteria],
        "reason": verdict.reason,
        "source": verdict.source,
        "probability": dict(verdict.probability),
    }


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {
        "counted": entry.counted,
        "counted_as": entry.counted_as,
        "reason": entry.reason,
    }
