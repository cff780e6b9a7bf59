"""Observations: one a lesion, one a count, one a verdict."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydicom.sr.coding import Code

from oligocount.domain.anatomy import Structure
from oligocount.domain.lesion import LocatedLesion
from oligocount.publish.dicom.codes import finding_site, finding_type, laterality
from oligocount.publish.dicom.lesions import lesion_name
from oligocount.publish.fhir.elements import Json, concept, note, own_concept, quantity

_SUVBW = Code("126401", "DCM", "SUVbw")
_VOLUME = Code("118565006", "SCT", "Volume")
_LONG_AXIS = Code("103339001", "SCT", "Long axis")
_METABOLIC_VOLUME = Code("126032", "DCM", "Metabolic Volume")
_GLYCOLYSIS = Code("126033", "DCM", "Total Lesion Glycolysis")
_SUV_UNIT = "{SUVbw}g/mL"
_MEASURES: tuple[tuple[str, Code, str, str], ...] = (
    ("suv_max", _SUVBW, "SUVmax", _SUV_UNIT),
    ("suv_peak", _SUVBW, "SUVpeak", _SUV_UNIT),
    ("suv_mean", _SUVBW, "SUVmean", _SUV_UNIT),
    ("mtv_ml", _METABOLIC_VOLUME, "Metabolic tumour volume", "mL"),
    ("tlg", _GLYCOLYSIS, "Total lesion glycolysis", "g"),
    ("longest_diameter_mm", _LONG_AXIS, "Longest diameter", "mm"),
    ("volume_ml", _VOLUME, "Volume", "mL"),
)
_COUNTS = {
    "N": "Counted in all", "V": "Distant organ lesions", "S": "Nonregional stations",
    "R": "Regional contribution", "O": "Organs", "M": "Most in one organ system",
}  # fmt: skip


def lesion_observation(
    located: LocatedLesion, entry: Mapping[str, Any], structures: Mapping[str, Structure]
) -> Json:
    """What was measured of a lesion, where it lies, and how it counts; `entry` of result.json."""
    site = finding_site(located.finding, structures)
    station = entry["station"] or {}
    place = next((key for key in station.values() if key), None) or entry["structure"]
    return {
        "code": concept(finding_type(located.finding), text=lesion_name(located)),
        **({"bodySite": concept(site, text=place)} if site or place else {}),
        "interpretation": [own_concept("status", entry["status"], entry["status"])],
        "component": [*_measures(entry), *_standing(located, entry)],
        "note": note([entry["reason"], entry["evidence"], *_words(entry["caveats"])]),
    }


def count_observation(counts: Mapping[str, Any]) -> Json:
    """The counts by their published symbols, with the range of N over all readings."""
    ranges = {"N_low": "Counted in all, lowest", "N_high": "Counted in all, highest"}
    return {
        "code": own_concept("count", "counts", "Lesion counts"),
        "component": [
            {"code": own_concept("count", symbol, text), "valueInteger": counts[symbol]}
            for symbol, text in {**_COUNTS, **ranges}.items()
        ],
    }


def verdict_observation(name: str, verdict: Mapping[str, Any]) -> Json:
    """One definition's answer with its best and worst case and the reason."""
    cases = {"best": "Best case", "worst": "Worst case"}
    return {
        "code": own_concept("definition", name, f"Oligometastatic by {name}"),
        "valueCodeableConcept": _decision(verdict["decision"]),
        "component": [
            {
                "code": own_concept("case", case, text),
                "valueCodeableConcept": _decision(verdict[case]),
            }
            for case, text in cases.items()
        ],
        "note": note([f"{verdict['reason']} ({verdict['source']})"]),
    }


def _measures(entry: Mapping[str, Any]) -> Iterator[Json]:
    for name, code, text, unit in _MEASURES:
        if entry[name] is not None:
            yield {"code": concept(code, text=text), "valueQuantity": quantity(entry[name], unit)}


def _standing(located: LocatedLesion, entry: Mapping[str, Any]) -> Iterator[Json]:
    """Whether it counts, on which side it lies, and its probability; nothing where unknown."""
    yield {"code": own_concept("count", "counted", "Counted"), "valueBoolean": entry["counted"]}
    side = laterality(located.finding.site.side)
    if side is not None:
        yield {
            "code": concept(Code("272741003", "SCT", "Laterality")),
            "valueCodeableConcept": concept(side),
        }
    if entry["probability"] is not None:
        yield {
            "code": own_concept("count", "probability", "Probability that it is a lesion"),
            "valueQuantity": quantity(entry["probability"], "1"),
        }


def _decision(decision: str) -> Json:
    return own_concept("decision", decision, decision.replace("_", " ").lower())


def _words(caveats: list[Mapping[str, str]]) -> list[str]:
    return [f"{each['code']}: {each['text']}" for each in caveats]
