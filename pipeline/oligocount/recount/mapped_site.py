"""The site of a lesion that a reader drew without naming it: what the case's maps say there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.volume import Geometry
from oligocount.errors import ConfigError
from oligocount.geometry.resample import resample_labels
from oligocount.recount.kept_map import read_kept_map
from oligocount.recount.sites import kind_of, named_site

_UNKNOWN: Mapping[str, Any] = {
    "kind": "organ",
    "organ": None,
    "organ_system": None,
    "structure": None,
    "side": None,
    "lobe": None,
    "station": None,
    "nodal_class": None,
}


def mapped_site(
    folder: Path,
    mask: NDArray[np.bool_],
    geometry: Geometry,
    facts: ClinicalFacts,
    system: str,
) -> dict[str, Any]:
    """The organ that holds most of the mask, else the station that does, else unknown."""
    structure = _most(folder, "organs", mask, geometry)
    meaning = load_vocabulary().structure(structure) if structure else None
    if structure and meaning and meaning.organ not in (None, "soft_tissue", "other"):
        return {
            **_UNKNOWN,
            "kind": kind_of(meaning.organ),
            "organ": meaning.organ,
            "organ_system": meaning.organ_system,
            "structure": structure,
            "side": meaning.side.value if meaning.side else None,
        }
    station = _most(folder, "stations", mask, geometry)
    if station:
        try:
            return named_site({"station": station}, facts, system=system, where=station)
        except ConfigError:  # a map of other stations than ours
            return dict(_UNKNOWN)
    if meaning and meaning.organ == "soft_tissue":
        return {**_UNKNOWN, "organ": "soft_tissue", "organ_system": "soft_tissue"}
    return dict(_UNKNOWN)


def _most(folder: Path, stem: str, mask: NDArray[np.bool_], geometry: Geometry) -> str | None:
    """The named label with most voxels of the mask, None where it is outside the map."""
    labels = read_kept_map(folder, stem)
    if labels is None:
        return None
    inside = np.bincount(resample_labels(labels, geometry).array[mask].ravel(), minlength=1)
    inside[0] = 0
    return labels.names.get(int(inside.argmax())) if inside.any() else None
