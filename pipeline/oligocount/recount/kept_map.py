"""A map that a case keeps, with its names."""

import json
from pathlib import Path

from oligocount.domain.volume import LabelMap
from oligocount.errors import InputError
from oligocount.intake.nifti import read_nifti_labels


def read_kept_map(folder: Path, stem: str) -> LabelMap | None:
    """`stem`.nii.gz of a case with the names in `stem`.json; None where the run drew none.

    Raises InputError where either cannot be read.
    """
    file = folder / f"{stem}.nii.gz"
    if not file.is_file():
        return None
    labels, _ = read_nifti_labels(file)
    try:
        told = json.loads((folder / f"{stem}.json").read_text("utf-8"))["labels"]
        names = {int(label): str(name) for label, name in told.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / stem}.json: expected label names: {error!r}") from error
    return LabelMap(array=labels.array, names=names, geometry=labels.geometry)
