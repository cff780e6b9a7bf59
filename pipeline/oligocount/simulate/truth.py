"""What is true of a phantom: its foci in the form of result.json, and facts that fit them."""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from oligocount.domain.anatomy import NodalClass
from oligocount.domain.lesion import Kind
from oligocount.plain_yaml import read_shipped_yaml
from oligocount.resources import shipped_folder
from oligocount.simulate.phantom import LesionTruth, Phantom

_SYSTEMS = ("ajcc8", "jes", "iaslc")
_LEVELS = {"8U": "upper", "8M": "middle", "8Lo": "lower"}  # AJCC 8: thirds by paraoesophageal level


def truth_document(phantom: Phantom, case_id: str) -> dict[str, Any]:
    """Every focus of the phantom: lesions as malignant, confounders as physiologic.

    `oligocount decide` reads it. `treatable` is true: the phantom's patient can be treated.
    """
    return {
        "schema_version": "1.0",
        "case_id": case_id,
        "phantom": {"seed": phantom.seed, "description": phantom.description},
        "clinical": clinical_facts(phantom),
        "lesions": [_lesion(one) for one in phantom.truth],
    }


def clinical_facts(phantom: Phantom) -> dict[str, Any]:
    """Facts that fit the phantom: its primary where it is, or resected some months ago."""
    dice = np.random.default_rng([phantom.seed, 30])
    may_be_gland = dice.random() < 0.5
    months_after = int(dice.integers(7, 48))
    primary = next((one for one in phantom.truth if one.kind is Kind.PRIMARY), None)
    location = None if primary is None else _location(phantom, primary)
    histology = "AC" if may_be_gland and location in (None, "lower") else "SCC"
    facts: dict[str, Any] = {
        "histology": histology,
        "primary_status": "resected" if primary is None else "untreated",
        "months_from_primary_diagnosis": months_after if primary is None else 0,
        "prior_polymetastatic": False,
        "prior_oligometastatic": False,
        "on_active_systemic_therapy": False,
        "all_lesions_treatable": True,
        "fdg_petct_done": True,
    }
    return facts if location is None else {**facts, "primary_location": location}


def shown_sex(phantom: Phantom) -> str | None:
    """`M` with a prostate in the scan, `F` with a bladder and none, None where neither is in it."""
    if phantom.organs.mask("prostate").any():
        return "M"
    return "F" if phantom.organs.mask("urinary_bladder").any() else None


def _location(phantom: Phantom, primary: LesionTruth) -> str | None:
    """The third of the oesophagus at the primary's centre; None below the last level."""
    geometry = phantom.stations.geometry
    height = float(geometry.to_index(np.array(primary.centroid_lps_mm))[0])
    reach = {}
    for level in _LEVELS:
        slices = np.flatnonzero(phantom.stations.mask(level).any(axis=(1, 2)))
        if slices.size:
            reach[level] = (float(slices[0]), float(slices[-1]))
    if "8U" in reach and height > reach["8U"][1]:
        return "cervical"
    inside = (level for level, (low, high) in reach.items() if low <= height <= high)
    return next((_LEVELS[level] for level in inside), None)


def _lesion(one: LesionTruth) -> dict[str, Any]:
    physiologic = one.kind is Kind.PHYSIOLOGIC
    return {
        "id": one.id,
        "kind": one.kind.value,
        "status": "benign" if physiologic else "malignant",
        "probability": 0.0 if physiologic else 1.0,
        "centroid_lps_mm": [round(each, 2) for each in one.centroid_lps_mm],
        "volume_ml": round(one.volume_ml, 4),
        "longest_diameter_mm": round(one.diameter_mm, 2),
        "suv_max": round(one.suv_max, 4),
        "suv_true": round(one.suv_true, 4),
        "organ": one.organ,
        "organ_system": None if one.organ is None else _organ_systems().get(one.organ, one.organ),
        "structure": one.structure,
        "side": one.side.value if one.side else None,
        "lobe": one.lobe,
        "station": None if one.station is None else _station(one.station),
        "nodal_class": one.nodal_class.value if one.nodal_class else None,
        "n_nodes": 1,
        "diffuse": False,
        "treatable": True,
        "counted": _is_counted(one),
    }


def _is_counted(one: LesionTruth) -> bool:
    """Distant lesions and nodes count; the primary, its regional nodes and mimics do not."""
    if one.kind is Kind.NODE:
        return one.nodal_class is NodalClass.NONREGIONAL
    return one.kind is Kind.ORGAN


@functools.cache
def _organ_systems() -> dict[str, str]:
    """Organ word to organ system, as counting has them (configs/anatomy/organs.yaml)."""
    return {
        each["organ"]: each["system"] for each in _anatomy("organs")["structures"] if each["organ"]
    }


def _station(name: str) -> dict[str, str | None]:
    """The station in three systems; null where the regions of this name disagree."""
    regions: Mapping[str, Mapping[str, Any]] = _anatomy("stations")["regions"]
    meant = [regions[name]] if name in regions else []
    meant = meant or [each for each in regions.values() if each["ajcc8"] == name]
    told = {system: {each[system] for each in meant} for system in _SYSTEMS}
    known = {system: each.pop() if len(each) == 1 else None for system, each in told.items()}
    return known if meant else {**known, "ajcc8": name}


@functools.cache
def _anatomy(name: str) -> dict[str, Any]:
    file = shipped_folder("configs") / "anatomy" / f"{name}.yaml"
    content: dict[str, Any] = read_shipped_yaml(file)
    return content
