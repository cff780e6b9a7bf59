"""Label maps as NIfTI with a JSON of names beside them. The only place here that knows RAS."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from oligocount.domain.anatomy import Anatomy
from oligocount.domain.result import Result
from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.geometry.affine import lps_from_ras, reverse_index_order
from oligocount.geometry.place import place_labels

_FAST = 1  # noise hardly shrinks: more effort gains a few per cent
_SCANNER = 1  # NIfTI-1 qform/sform code: scanner-based anatomical coordinates


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


def write_suv(file: Path, suv: Volume) -> None:
    """The SUV stands in the file as it was counted on: float32, nothing but numbers and place."""
    file.write_bytes(nifti_gz(suv.array, suv.geometry, level=_FAST))


def nifti_gz(array: NDArray[Any], geometry: Geometry, *, level: int = 6) -> bytes:
    """An array (k, j, i) as a gzipped NIfTI-1 file; the same array gives the same bytes."""
    image = nib.Nifti1Image(array.transpose(2, 1, 0), _ras_affine(geometry))
    image.header.set_xyzt_units("mm")
    image.set_qform(image.affine, _SCANNER)
    image.set_sform(image.affine, _SCANNER)
    return gzip.compress(image.to_bytes(), compresslevel=level, mtime=0)


def _ras_affine(geometry: Geometry) -> NDArray[np.float64]:
    """Affine from (i, j, k) to RAS mm."""
    return lps_from_ras(reverse_index_order(geometry.affine))


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
