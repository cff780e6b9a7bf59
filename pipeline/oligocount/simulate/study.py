"""A phantom as a folder: the scan as a hospital would send it, and the truth beside it."""

import json
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path

import numpy as np

from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.errors import PublishError
from oligocount.geometry.affine import crop
from oligocount.geometry.resample import resample_volume
from oligocount.plain_yaml import dump_yaml
from oligocount.simulate.acquisition import Acquisition
from oligocount.simulate.dicom import write_ct_series, write_pet_series
from oligocount.simulate.mr import PhantomMr
from oligocount.simulate.mr_dicom import write_mr
from oligocount.simulate.nifti import write_labels, write_volume
from oligocount.simulate.phantom import Phantom
from oligocount.simulate.truth import clinical_facts, truth_document

TRUTH = "truth.json"
_PET_COLUMNS = 200
_CT_COLUMNS = 512
_AIR_HU = -1000.0
Report = Callable[[str, int, int], None]


class Form(Enum):
    """How the scan is written."""

    DICOM = "dicom"
    NIFTI = "nifti"


def write_study(
    phantom: Phantom,
    out: Path,
    *,
    acquisition: Acquisition,
    form: Form,
    report: Report,
    mr: Sequence[PhantomMr] = (),
) -> None:
    """`out` holds the scan, clinical.yaml and the truth, whole; an earlier phantom is replaced.

    As DICOM the scan lies in `out/dicom`, the PET with 200 x 200 voxels or more and the CT with
    512 x 512; truth maps lie on the PET's grid, those of `mr` on the MR's own. `report` hears
    (what, done, of how many).
    Raises PublishError when `out` holds anything else or cannot be written.
    """
    _refuse_foreign(out)
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        _fill(part, _widened(phantom), acquisition, form, report)
        for each in mr:
            _add_mr(part, each, acquisition, form)
        if out.exists():
            shutil.rmtree(out)
        part.rename(out)
    except OSError as error:
        raise PublishError(f"{out}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _refuse_foreign(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise PublishError(f"{out}: expected a folder to write into, found a file")
    if any(out.iterdir()) and not (out / TRUTH).is_file():
        raise PublishError(f"{out}: expected a new folder, an empty one, or an earlier phantom")


def _fill(
    folder: Path, phantom: Phantom, acquisition: Acquisition, form: Form, report: Report
) -> None:
    if form is Form.DICOM:
        _write_dicom(folder / "dicom", phantom, acquisition, report)
    else:
        write_volume(folder / "pet_suv.nii.gz", phantom.pet)
        if phantom.ct is not None:
            write_volume(folder / "ct.nii.gz", phantom.ct)
    report("truth", 0, 1)
    document = truth_document(phantom, f"PHANTOM-{phantom.seed}")
    (folder / TRUTH).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    facts = dump_yaml(clinical_facts(phantom))
    (folder / "clinical.yaml").write_text(facts, "utf-8")
    maps = {
        "lesions": phantom.lesions, "confounders": phantom.mimics, "organs": phantom.organs,
        "stations": phantom.stations,
    }  # fmt: skip
    for name, labels in maps.items():
        write_labels(folder / f"truth_{name}.nii.gz", labels)
        names = {"labels": {str(label): each for label, each in sorted(labels.names.items())}}
        (folder / f"truth_{name}.json").write_text(json.dumps(names, indent=1) + "\n", "utf-8")
    report("truth", 1, 1)


def _add_mr(folder: Path, mr: PhantomMr, acquisition: Acquisition, form: Form) -> None:
    """The MR's series, its true lesions on its own grid, and the true move to the PET."""
    name = mr.part.value
    if form is Form.DICOM:
        write_mr(mr, folder / "dicom", acquisition=acquisition)
    else:
        for series, volume in mr.series.items():
            write_volume(folder / f"mr_{name}_{series}.nii.gz", volume)
    write_labels(folder / f"truth_mr_{name}_lesions.nii.gz", mr.lesions)
    move = {"mr_to_pet_lps_mm": [[round(each, 6) for each in row] for row in mr.to_pet.tolist()]}
    (folder / f"truth_mr_{name}.json").write_text(json.dumps(move, indent=1) + "\n", "utf-8")


def _write_dicom(folder: Path, phantom: Phantom, acquisition: Acquisition, report: Report) -> None:
    pet = phantom.pet
    slices = pet.geometry.shape[0]
    total = slices if phantom.ct is None else 2 * slices
    done = 0

    def count(written: int) -> None:
        nonlocal done
        done += written
        report("dicom", done, total)

    write_pet_series(pet, folder / "pet", acquisition=acquisition, progress=count)
    if phantom.ct is not None:
        ct = resample_volume(phantom.ct, _ct_grid(pet.geometry), outside=_AIR_HU)
        write_ct_series(ct, folder / "ct", acquisition=acquisition, progress=count)


def _ct_grid(pet: Geometry) -> Geometry:
    """The PET's slices with 512 x 512 voxels over a square field as wide as the PET's."""
    _, dj, di = pet.spacing_mm
    field_mm = max(pet.shape[1] * dj, pet.shape[2] * di)
    step = field_mm / _CT_COLUMNS
    affine = pet.affine.copy()
    affine[:3, 1] *= step / dj
    affine[:3, 2] *= step / di
    middle = pet.to_lps_mm(np.array([0, (pet.shape[1] - 1) / 2, (pet.shape[2] - 1) / 2]))
    half = (_CT_COLUMNS - 1) / 2
    affine[:3, 3] = middle - affine[:3, :3] @ np.array([0, half, half])
    return Geometry(shape=(pet.shape[0], _CT_COLUMNS, _CT_COLUMNS), affine=affine)


def _widened(phantom: Phantom) -> Phantom:
    """The same phantom on a square grid of 200 voxels or more, with air around it."""
    rows, columns = phantom.pet.geometry.shape[1:]
    wanted = max(_PET_COLUMNS, rows, columns)
    before = ((wanted - rows) // 2, (wanted - columns) // 2)
    slices = phantom.pet.geometry.shape[0]
    geometry = crop(
        phantom.pet.geometry,
        (
            slice(0, slices),
            slice(-before[0], wanted - before[0]),
            slice(-before[1], wanted - before[1]),
        ),
    )
    pad = (
        (0, 0),
        (before[0], wanted - rows - before[0]),
        (before[1], wanted - columns - before[1]),
    )

    def wide(volume: Volume, air: float) -> Volume:
        array = np.pad(volume.array, pad, constant_values=air)
        return Volume(array=array, unit=volume.unit, geometry=geometry)

    def wide_labels(labels: LabelMap) -> LabelMap:
        return LabelMap(array=np.pad(labels.array, pad), names=labels.names, geometry=geometry)

    return replace(
        phantom,
        pet=wide(phantom.pet, 0.0),
        ct=None if phantom.ct is None else wide(phantom.ct, _AIR_HU),
        organs=wide_labels(phantom.organs),
        lesions=wide_labels(phantom.lesions),
        mimics=wide_labels(phantom.mimics),
        stations=wide_labels(phantom.stations),
    )
