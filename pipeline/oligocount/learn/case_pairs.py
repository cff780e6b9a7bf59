"""Finds what belongs together for evaluation: two masks, two cases, or two folders of either.

A case is a folder with `lesions.nii.gz` and `result.json` (what `oligocount run` writes) or
`truth_lesions.nii.gz` and `truth.json` (what `oligocount phantom` writes).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from oligocount.domain.volume import LabelMap
from oligocount.errors import InputError
from oligocount.intake.nifti import read_nifti_labels
from oligocount.learn.overlap import AUTOPET_CONNECTIVITY

_MASKS = ("truth_lesions.nii.gz", "lesions.nii.gz")
_RECORDS = ("truth.json", "result.json")
_BATCH_CASES = "cases"  # where `oligocount batch` puts them in its folder
_NIFTI = (".nii.gz", ".nii")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """The truth and the prediction of one patient; records where both are cases."""

    case_id: str
    truth: LabelMap
    predicted: LabelMap
    true_record: dict[str, Any] | None
    predicted_record: dict[str, Any] | None


def read_pairs(truth: Path, predicted: Path) -> Iterator[Pair]:
    """Each patient of the truth with its prediction, by name.

    Raises InputError when something is not there: a patient without prediction is an error, not
    a patient without lesions.
    """
    for one in (truth, predicted):
        if not one.exists():
            raise InputError(f"{one}: no such file or folder")
    if truth.is_file() or _mask_of(truth):
        yield _pair(_stem(truth), truth, predicted)
        return
    names = sorted(
        one.name for one in truth.iterdir() if one.name.endswith(_NIFTI) or _mask_of(one)
    )
    if not names:
        raise InputError(f"{truth}: expected masks (.nii.gz) or cases with one of {_MASKS}")
    predicted = predicted / _BATCH_CASES if (predicted / _BATCH_CASES).is_dir() else predicted
    for name in names:
        if not (predicted / name).exists():
            raise InputError(f"{predicted / name}: no prediction for {truth / name}")
        yield _pair(_stem(truth / name), truth / name, predicted / name)


def instances(labels: LabelMap) -> LabelMap:
    """A mask with one label becomes its components at 18-connectivity; others stay."""
    if len(np.unique(labels.array[labels.array > 0])) != 1:
        return labels
    structure = ndimage.generate_binary_structure(3, AUTOPET_CONNECTIVITY)
    parts, _ = ndimage.label(labels.array > 0, structure)
    return LabelMap(array=parts.astype(np.int32), geometry=labels.geometry)


def _pair(case_id: str, truth: Path, predicted: Path) -> Pair:
    true_record, predicted_record = _record_of(truth), _record_of(predicted)
    return Pair(
        case_id=case_id,
        truth=_labels(truth, true_record),
        predicted=_labels(predicted, predicted_record),
        true_record=true_record,
        predicted_record=predicted_record,
    )


def _labels(place: Path, record: dict[str, Any] | None) -> LabelMap:
    file = place if place.is_file() else _mask_of(place)
    if file is None:
        raise InputError(f"{place}: expected a mask, or a case with one of {', '.join(_MASKS)}")
    labels, _ = read_nifti_labels(file)
    return labels if record is not None else instances(labels)


def _mask_of(place: Path) -> Path | None:
    return next((place / name for name in _MASKS if (place / name).is_file()), None)


def _record_of(place: Path) -> dict[str, Any] | None:
    file = next((place / name for name in _RECORDS if (place / name).is_file()), None)
    if file is None:
        return None
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{file}: expected an object with lesions and verdicts")
    return content


def _stem(place: Path) -> str:
    name = place.resolve().name
    for ending in _NIFTI:
        name = name.removesuffix(ending)
    return name
