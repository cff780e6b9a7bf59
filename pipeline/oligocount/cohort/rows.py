"""One result.json and its place in the ledger to rows of the cohort's tables."""

from collections.abc import Iterator, Mapping
from typing import Any

from oligocount.cohort.ledger import Attempt

_COUNTS = ("V", "S", "R", "N", "O", "M", "N_low", "N_high")
_NUMBERS = ("V", "S", "R", "N", "O", "M", "mtv_ml", "tlg")
_ORGAN = "organ: "
_LESION = (
    "id", "kind", "status", "probability", "organ", "organ_system", "structure", "side", "lobe",
    "nodal_class", "counted", "counted_as", "reason", "volume_ml", "longest_diameter_mm",
    "suv_max", "suv_peak", "suv_mean", "mtv_ml", "tlg", "organ_overlap", "station_margin_mm",
)  # fmt: skip


def case_row(
    case_id: str, attempt: Attempt | None, result: Mapping[str, Any] | None, folder: str
) -> dict[str, Any]:
    """The row of `cases`: how it was run, and what was found when it is done."""
    row: dict[str, Any] = {"case_id": case_id, "state": "waiting", "attempts": 0}
    if attempt is not None:
        row |= {
            "state": attempt.outcome.state.value,
            "error_class": attempt.outcome.error_class,
            "error": attempt.outcome.error,
            "attempts": attempt.attempt,
            "seconds": attempt.outcome.seconds,
            "peak_mib": attempt.outcome.peak_mib,
        }
    return row if result is None else row | {"folder": folder} | _found(result)


def refused_row(place: str, reason: str) -> dict[str, Any]:
    """The row of a line of the manifest that cannot run."""
    return {
        "case_id": place,
        "state": "refused",
        "attempts": 0,
        "error_class": "Refused",
        "error": reason,
    }


def stage_rows(attempt: Attempt) -> Iterator[dict[str, Any]]:
    """The rows of `stages`, in the order in which they ran."""
    for stage, seconds in attempt.outcome.stage_seconds.items():
        peak_mib = attempt.outcome.stage_peak_mib.get(stage)
        yield {
            "case_id": attempt.case_id,
            "stage": stage,
            "seconds": seconds,
            "peak_mib": peak_mib,
        }


def lesion_rows(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of `lesions`."""
    for lesion in result.get("lesions", ()):
        station = lesion.get("station") or {}
        x_mm, y_mm, z_mm = lesion.get("centroid_lps_mm") or (None, None, None)
        yield {
            "case_id": result["case_id"],
            **{name: lesion.get(name) for name in _LESION},
            **{f"station_{system}": station.get(system) for system in ("ajcc8", "jes", "iaslc")},
            "x_mm": x_mm,
            "y_mm": y_mm,
            "z_mm": z_mm,
        }


def verdict_rows(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of `verdicts`: every definition, then every study."""
    for name, verdict in (result.get("verdicts") or {}).items():
        yield {
            "case_id": result["case_id"],
            "definition": name,
            "source": "definition",
            **{key: verdict.get(key) for key in ("decision", "best", "worst", "reason")},
        }
    for name, decision in (result.get("studies") or {}).items():
        yield {
            "case_id": result["case_id"],
            "definition": name,
            "source": "study",
            "decision": decision,
        }


def reading_rows(machine: Mapping[str, Any], reader: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of `readings`: what both versions of a case know; an organ absent from one is 0."""
    before, after = _numbers(machine), _numbers(reader)
    for subject in before | after:
        pair = {"machine": before.get(subject), "reader": after.get(subject)}
        if subject.startswith(_ORGAN):
            pair = {who: number or 0 for who, number in pair.items()}
        if None not in pair.values():
            yield {"case_id": machine["case_id"], "subject": subject, **pair}


def reader_verdict_rows(
    machine: Mapping[str, Any], reader: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """The rows of `reader_verdicts`: every definition and study that both versions answer."""
    after = {row["definition"]: row["decision"] for row in verdict_rows(reader)}
    for row in verdict_rows(machine):
        if row["definition"] in after:
            yield {
                "case_id": machine["case_id"],
                "definition": row["definition"],
                "machine": row["decision"],
                "reader": after[row["definition"]],
            }


def _numbers(result: Mapping[str, Any]) -> dict[str, float | None]:
    found = _found(result)
    organs = (result.get("counts") or {}).get("by_organ") or {}
    return {name: found[name] for name in _NUMBERS} | {
        f"{_ORGAN}{organ}": number for organ, number in organs.items()
    }


def _found(result: Mapping[str, Any]) -> dict[str, Any]:
    counts = result.get("counts") or {}
    clinical = result.get("clinical") or {}
    inputs = result.get("inputs") or {}
    estro_eortc = result.get("estro_eortc") or {}
    lesions = result.get("lesions") or []
    counted = [one for one in lesions if one.get("counted")]
    tumour = [one for one in lesions if one.get("counted") or one.get("kind") == "primary"]
    return {
        "review": result.get("status"),
        "pet_series_uid": _pet_uid(inputs),
        "suv_route": (inputs.get("suv") or {}).get("route"),
        "histology": clinical.get("histology"),
        "primary_location": clinical.get("primary_location"),
        **{name: counts.get(name) for name in _COUNTS},
        "n_foci": len(lesions),
        "n_counted": len(counted),
        "suv_max": max((one.get("suv_max") or 0.0 for one in counted), default=None),
        "mtv_ml": sum(one.get("mtv_ml") or 0.0 for one in tumour),
        "tlg": sum(one.get("tlg") or 0.0 for one in tumour),
        "estro_eortc_class": estro_eortc.get("class"),
        "estro_eortc_name": estro_eortc.get("name"),
        "decision_critical": result.get("decision_critical_lesions") or [],
        "flags": result.get("flags") or [],
        "caveats": [one["code"] for one in result.get("caveats") or []],
    }


def _pet_uid(inputs: Mapping[str, Any]) -> str | None:
    series = inputs.get("series") or ()
    chosen = (one for one in series if one.get("chosen") and one.get("role") == "pet")
    return next((one["uid"] for one in chosen), None)
