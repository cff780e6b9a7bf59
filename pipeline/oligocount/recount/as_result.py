"""The reader's version as a result with images and maps, from which pages and objects are drawn."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from oligocount.anatomy.station_table import load_station_table
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.domain.anatomy import Anatomy, OrganMap
from oligocount.domain.lesion import Finding, Lesion, LesionMap, LocatedLesion, SeenMeasures
from oligocount.domain.provenance import Caveat, ModelInfo, Provenance
from oligocount.domain.quality import ScanQuality
from oligocount.domain.result import CaseStatus, Result
from oligocount.domain.study import Role, Series, Study, SuvRoute
from oligocount.domain.volume import Geometry, LabelMap
from oligocount.geometry.resample import resample_labels
from oligocount.recount.case import Case
from oligocount.recount.images import CaseImages, shown_with
from oligocount.recount.kept_map import read_kept_map
from oligocount.recount.recount import ReaderVersion

_NOT_SEEN = float("nan")  # what a lesion beyond the PET measures on it


def as_result(case: Case, version: ReaderVersion, images: CaseImages) -> Result:
    """The result that the version's document tells, on the images.

    Raises InputError for a map or a document that a run does not write.
    """
    shown, labels = shown_with(images, version.labels)
    document, entries = version.document, version.document["lesions"]
    models = tuple(ModelInfo(**each) for each in document["provenance"]["models"])
    probability = {each["id"]: each["probability"] for each in entries}
    return Result(
        case_id=document["case_id"],
        status=CaseStatus(document["status"]),
        study=images.study or _study(document),
        pet_grid=version.labels.geometry,
        images=shown,
        suv_route=SuvRoute(**_with_caveats(document["inputs"]["suv"])),
        quality=ScanQuality(**_tuples(document["inputs"]["quality"])),
        lesion_map=LesionMap(labels=labels, probability=probability, model=_finder(models)),
        anatomy=_anatomy(case, models[0], labels.geometry),
        lesions=tuple(map(_located, entries, version.findings)),
        assessment=version.assessment,
        facts=version.facts,
        provenance=Provenance(**{**document["provenance"], "models": models}),
        caveats=_caveats(document),
    )


def _finder(models: tuple[ModelInfo, ...]) -> ModelInfo:
    """Who found the lesions: a run lists the organs' model, then theirs, then those of MRI."""
    return models[1] if len(models) > 1 else models[0]


def _study(document: Mapping[str, Any]) -> Study:
    series = document["inputs"]["series"]
    return Study(
        case_id=document["case_id"],
        series=tuple(
            Series(**{**each, "role": Role(each["role"]), "files": ()}) for each in series
        ),
        tracer=None,
    )


def _anatomy(case: Case, model: ModelInfo, grid: Geometry) -> Anatomy:
    """The machine's maps on the grid; a case without a map of organs has an empty one."""
    organs = read_kept_map(case.folder, "organs")
    stations = read_kept_map(case.folder, "stations")
    vocabulary = load_vocabulary()
    empty = LabelMap(array=np.zeros(grid.shape, np.uint8), geometry=grid)
    organs = empty if organs is None else resample_labels(organs, grid)
    return Anatomy(
        organs=OrganMap(labels=organs, known=frozenset(organs.names.values()), model=model),
        stations=None if stations is None else resample_labels(stations, grid),
        station_entries=load_station_table().entries,
        structures={name: vocabulary.structure(name) for name in organs.names.values()},
    )


def _located(entry: Mapping[str, Any], finding: Finding) -> LocatedLesion:
    measured: dict[str, Any] = {name: entry[name] for name in _MEASURED}
    on_pet = {name: _NOT_SEEN if entry[name] is None else entry[name] for name in _ON_PET}
    seen = entry.get("mr")
    return LocatedLesion(
        lesion=Lesion(
            **measured | on_pet,
            centroid_lps_mm=tuple(entry["centroid_lps_mm"]),
            modality=tuple(entry["modality"]),
            mr=None if seen is None else SeenMeasures(**seen),
        ),
        finding=finding,
        overlap=entry["organ_overlap"],
        margin_mm=entry["station_margin_mm"],
        reason=entry["evidence"],
        caveats=_caveats(entry),
    )


_MEASURED = ("id", "volume_ml", "longest_diameter_mm", "suv_peak", "probability")
_ON_PET = ("suv_max", "suv_mean", "mtv_ml", "tlg")


def _caveats(told: Mapping[str, Any]) -> tuple[Caveat, ...]:
    return tuple(Caveat(**each) for each in told.get("caveats", ()))


def _with_caveats(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, "caveats": _caveats(told)}


def _tuples(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}
