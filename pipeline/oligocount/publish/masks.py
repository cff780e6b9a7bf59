"""Label maps as NIfTI with a JSON of names beside them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oligocount.domain.anatomy import Anatomy
from oligocount.domain.result import Result
from oligocount.domain.volume import LabelMap
from oligocount.geometry.place import place_labels
from oligocount.publish.nifti import nifti_gz


def write_masks(folder: Path, result: Result) -> None:
    """lesions.nii.gz on the PET's grid stands in the folder, with organs and stations if known.

    A lesion's voxels carry its id. A provider that could not draw stations leaves no station
    file: an empty one would say that there are none.
    """
    grid = result.pet_grid
    write_label_map(folder / "lesions.nii.gz", place_labels(lesion_labels(result), grid))
    organs = place_labels(result.anatomy.organs.labels, grid)
    _write_named(folder, "organs", organs, _organ_facts(result.anatomy))
    if result.anatomy.stations is not None:
        _write_named(folder, "stations", place_labels(result.anatomy.stations, grid), {})


def lesion_labels(result: Result) -> LabelMap:
    """The lesion map with the listed lesions alone."""
    labels = result.lesion_map.labels
    ids = [one.lesion.id for one in result.lesions]
    listed = np.where(np.isin(labels.array, ids), labels.array, 0)
    return LabelMap(array=listed, names=labels.names, geometry=labels.geometry)


def write_label_map(file: Path, labels: LabelMap) -> None:
    """The label map stands in the file, in the smallest unsigned integers that hold it."""
    largest = int(labels.array.max(initial=0))
    array = labels.array.astype(np.min_scalar_type(largest))
    file.write_bytes(nifti_gz(array, labels.geometry))


def _write_named(folder: Path, stem: str, labels: LabelMap, facts: Mapping[str, Any]) -> None:
    write_label_map(folder / f"{stem}.nii.gz", labels)
    names = {str(label): name for label, name in sorted(labels.names.items())}
    text = json.dumps({"labels": names, **facts}, indent=1, ensure_ascii=False)
    (folder / f"{stem}.json").write_text(text + "\n", "utf-8")


def _organ_facts(anatomy: Anatomy) -> dict[str, Any]:
    organs = anatomy.organs
    return {
        "known": sorted(organs.known),
        "confidence": dict(sorted(organs.confidence.items())),
        "model": {"name": organs.model.name, "version": organs.model.version},
    }
