"""The result as the document of result.json, which configs/result.schema.json describes."""

import json
import math
from dataclasses import asdict
from typing import Any

from oligocount.domain.anatomy import Site
from oligocount.domain.lesion import LocatedLesion, RunnerUp
from oligocount.domain.result import Result
from oligocount.domain.study import Series, SuvRoute

SCHEMA_VERSION = "1.0"
_SIGNIFICANT_DIGITS = 6


def result_document(result: Result) -> dict[str, Any]:
    """The document, ready for JSON: numbers to six significant digits, nothing non-finite."""
    assessment = result.assessment.blocks()
    per_lesion = assessment.pop("lesions")
    document = {
        "schema_version": SCHEMA_VERSION,
        "case_id": result.case_id,
        "status": result.status.value,
        "inputs": {
            "series": [series_document(one) for one in result.study.series],
            "suv": suv_document(result.suv_route),
            "quality": asdict(result.quality),
        },
        "clinical": result.facts.as_told(),
        "lesions": [{**_lesion(one), **per_lesion[one.lesion.id]} for one in result.lesions],
        **assessment,
        "count_interval": result.interval.block() if result.interval else None,
        "caveats": [asdict(one) for one in result.all_caveats],
        "provenance": asdict(result.provenance),
    }
    plain: dict[str, Any] = _plain(document)
    return plain


def to_json(document: dict[str, Any]) -> str:
    """The document as text."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def series_document(series: Series) -> dict[str, Any]:
    """One item of inputs.series."""
    return {
        "uid": series.uid,
        "modality": series.modality,
        "role": series.role.value,
        "description": series.description,
        "chosen": series.chosen,
        "reason": series.reason,
        "n_instances": series.n_instances,
    }


def suv_document(route: SuvRoute) -> dict[str, Any]:
    """The part inputs.suv."""
    return asdict(route)


def _lesion(located: LocatedLesion) -> dict[str, Any]:
    lesion, finding = located.lesion, located.finding
    site = _site(finding.site)
    return {
        "id": lesion.id,
        "kind": finding.kind.value,
        "status": finding.status.value,
        "probability": lesion.probability,
        "centroid_lps_mm": list(lesion.centroid_lps_mm),
        "volume_ml": lesion.volume_ml,
        "longest_diameter_mm": lesion.longest_diameter_mm,
        "suv_max": lesion.suv_max,
        "suv_peak": lesion.suv_peak,
        "suv_mean": lesion.suv_mean,
        "mtv_ml": lesion.mtv_ml,
        "tlg": lesion.tlg,
        **site,
        "organ_overlap": located.overlap,
        "runner_up": _runner_up(finding.runner_up),
        "station_margin_mm": located.margin_mm,
        "n_nodes": finding.n_nodes,
        "diffuse": finding.diffuse,
        "treatable": finding.treatable,
        "evidence": located.reason,
        "modality": list(lesion.modality),
        "mr": None if lesion.mr is None else asdict(lesion.mr),
        "set_aside": finding.set_aside,
        "caveats": [asdict(one) for one in located.caveats],
    }


def _site(site: Site) -> dict[str, Any]:
    station = site.station
    return {
        "organ": site.organ,
        "organ_system": site.organ_system,
        "structure": site.structure,
        "side": site.side.value if site.side else None,
        "lobe": site.lobe,
        "station": station and {"ajcc8": station.ajcc8, "jes": station.jes, "iaslc": station.iaslc},
        "nodal_class": site.nodal_class.value if site.nodal_class else None,
    }


def _runner_up(runner_up: RunnerUp | None) -> dict[str, Any] | None:
    if runner_up is None:
        return None
    return {
        **_site(runner_up.site),
        "overlap": runner_up.overlap,
        "margin_mm": runner_up.margin_mm,
    }


def _plain(value: Any) -> Any:
    """Containers as dict and list, floats rounded, numbers that are none as null."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return float(f"{value:.{_SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
    return value
