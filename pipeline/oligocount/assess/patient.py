"""One patient as plain data to findings and facts.

Two forms: the worked-cases form, where a lesion's missing status is malignant, and result.json.
In both a lesion is taken as treatable where nothing is written; null and "unknown" are unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from oligocount.domain.anatomy import NodalClass, Side, Site, Station
from oligocount.domain.facts import ClinicalFacts, Histology, PrimaryLocation, PrimaryStatus
from oligocount.domain.lesion import Finding, Kind, RunnerUp, Status

_LONG = {
    "cls": "nodal_class",
    "nodes": "n_nodes",
    "d": "longest_diameter_mm",
    "st": "status",
    "tr": "treatable",
    "p": "probability",
    "months": "months_from_primary_diagnosis",
    "prior_poly": "prior_polymetastatic",
    "prior_oligo": "prior_oligometastatic",
    "on_therapy": "on_active_systemic_therapy",
    "progressing": "any_lesion_progressing",
    "scheme": "nodal_scheme",
}
_ORGANS = {
    "node": "lymph_node",
    "primary": "oesophagus",
    "esophagus": "oesophagus",
    "mesentery": "peritoneum",  # the consensus says mesentery where others say peritoneum
    "muscle": "soft_tissue",
    "skin": "soft_tissue",
    "subcutis": "soft_tissue",
    "pleural_effusion": "pleura",
    "pericardial_effusion": "pericardium",
    "ascites": "peritoneum",
}
_EFFUSIONS = ("pleural_effusion", "pericardial_effusion", "ascites")  # malignant = diffuse
_CLASSES = {"reg": NodalClass.REGIONAL, "non": NodalClass.NONREGIONAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """What counting and definitions need of one patient."""

    case_id: str
    findings: tuple[Finding, ...]
    facts: ClinicalFacts


def patient_from_case(case: Mapping[str, Any], defaults: Mapping[str, Any]) -> Patient:
    """A case of the worked-cases form (configs/patients.schema.json), already checked."""
    primary = case.get("primary") or {}
    told = {
        "histology": case.get("histology"),
        "primary_location": primary.get("location"),
        **({"primary_status": primary["status"]} if "status" in primary else {}),
    }
    own = {key: value for key, value in told.items() if value is not None}
    context = {**_spelled_out(defaults), **own, **_spelled_out(case.get("context") or {})}
    lesions = [_spelled_out(each) for each in case["lesions"]]
    return Patient(
        case_id=str(case["id"]),
        findings=tuple(_finding(each, number) for number, each in enumerate(lesions, start=1)),
        facts=facts_from(context),
    )


def patient_from_result(result: Mapping[str, Any]) -> Patient:
    """A result.json: its lesions, and its clinical facts where it has any."""
    return Patient(
        case_id=str(result["case_id"]),
        findings=tuple(map(_finding_of_result, result["lesions"])),
        facts=facts_from(_spelled_out(result.get("clinical") or {})),
    )


def facts_from(told: Mapping[str, Any]) -> ClinicalFacts:
    """Facts by their long names; what is not one of the fixed ones goes to `other`."""
    known = {key: _known(value) for key, value in told.items()}
    fixed = {
        "histology": _as(Histology, known.pop("histology", None)),
        "primary_location": _as(PrimaryLocation, known.pop("primary_location", None)),
        "primary_status": _as(PrimaryStatus, known.pop("primary_status", None)),
    }
    for name in (
        "months_from_primary_diagnosis",
        "prior_polymetastatic",
        "prior_oligometastatic",
        "on_active_systemic_therapy",
        "any_lesion_progressing",
    ):
        fixed[name] = known.pop(name, None)
    return ClinicalFacts(**fixed, other=known)


def _finding(lesion: Mapping[str, Any], number: int) -> Finding:
    site = str(lesion["site"])
    organ = _organ(site)
    treatable = lesion.get("treatable", True)
    runner_up = lesion.get("runner_up")
    return Finding(
        id=lesion.get("id", number),
        kind=_kind(organ),
        status=Status.EQUIVOCAL if lesion.get("second_primary") else _status(lesion),
        site=_site(lesion, organ),
        probability=lesion.get("probability"),
        longest_diameter_mm=_known(lesion.get("longest_diameter_mm")),
        n_nodes=_known(lesion.get("n_nodes", 1)),
        treatable=_known(treatable),
        diffuse=bool(lesion.get("diffuse")) or site in _EFFUSIONS,
        runner_up=_runner_up(_spelled_out(runner_up)) if runner_up else None,
    )


def _finding_of_result(lesion: Mapping[str, Any]) -> Finding:
    runner_up = lesion.get("runner_up")
    return Finding(
        id=lesion["id"],
        kind=Kind(lesion["kind"]),
        status=Status(lesion["status"]),
        site=_site(lesion, lesion.get("organ")),
        probability=lesion.get("probability"),
        longest_diameter_mm=lesion.get("longest_diameter_mm"),
        n_nodes=_known(lesion.get("n_nodes", 1)),
        treatable=_known(lesion.get("treatable", True)),
        diffuse=bool(lesion.get("diffuse")),
        runner_up=_runner_up(runner_up) if runner_up else None,
        set_aside=lesion.get("set_aside"),
    )


def _kind(organ: str | None) -> Kind:
    if organ == "lymph_node":
        return Kind.NODE
    return Kind.PRIMARY if organ == "oesophagus" else Kind.ORGAN


def _status(lesion: Mapping[str, Any]) -> Status:
    told = lesion.get("status", Status.MALIGNANT.value)
    return Status(told) if _known(told) else Status.EQUIVOCAL


def _organ(site: str | None) -> str | None:
    return _ORGANS.get(site, site) if site and _known(site) and site != "None" else None


def _site(told: Mapping[str, Any], organ: str | None) -> Site:
    lobe = _known(told.get("lobe"))
    return Site(
        organ=organ,
        organ_system=told.get("organ_system") or organ,
        structure=told.get("structure"),
        side=_as(Side, _known(told.get("side"))),
        lobe=None if lobe == "caudate" else lobe,
        station=_station(_known(told.get("station"))),
        nodal_class=_nodal_class(_known(told.get("nodal_class"))),
    )


def _station(told: str | int | Mapping[str, str | None] | None) -> Station | None:
    if told is None:
        return None
    if isinstance(told, Mapping):
        return Station(ajcc8=told.get("ajcc8"), jes=told.get("jes"), iaslc=told.get("iaslc"))
    return Station(ajcc8=str(told), jes=None, iaslc=None)


def _nodal_class(told: str | None) -> NodalClass | None:
    return None if told is None else _CLASSES.get(told) or NodalClass(told)


def _runner_up(told: Mapping[str, Any]) -> RunnerUp:
    organ = _organ(told.get("organ") or told.get("site"))
    if organ is None and told.get("station"):
        organ = "lymph_node"
    return RunnerUp(
        site=_site(told, organ),
        overlap=told.get("overlap"),
        margin_mm=_known(told.get("margin_mm")),
    )


def _known(value: Any) -> Any:
    return None if value == "unknown" else value


def _as(kind: Any, value: Any) -> Any:
    return None if value is None else kind(value)


def _spelled_out(told: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_pairs(told))


def _pairs(told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in told.items():
        yield _LONG.get(key, key), value
