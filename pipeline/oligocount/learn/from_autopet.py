"""Real scans as training samples: the two layouts in which autoPET's data travel.

    autoPET (nnU-Net)    imagesTr/CASE_0000.nii.gz (CT), imagesTr/CASE_0001.nii.gz (SUV),
                         labelsTr/CASE.nii.gz
    FDG-PET-CT-Lesions   PATIENT/STUDY/SUV.nii.gz, CTres.nii.gz or CT.nii.gz, SEG.nii.gz

Organs are unknown there; an organ mapper may draw them, else the sample has none.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap, Unit
from oligocount.errors import InputError
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.resample import resample_labels, resample_volume
from oligocount.inference.channels import AIR_HU
from oligocount.intake.nifti import read_nifti_labels, read_nifti_volume
from oligocount.learn.case_pairs import instances
from oligocount.learn.from_phantom import network_numbers
from oligocount.learn.networks import LESION_SPACING_MM
from oligocount.learn.samples import Sample, write_sample

_LOG = logging.getLogger(__name__)
DrawOrgans = Callable[[AlignedImages], LabelMap]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The files of one patient; `ct` may be absent."""

    case_id: str
    suv: Path
    ct: Path | None
    lesions: Path


def find_scans(folder: Path) -> list[Scan]:
    """Every scan of either layout, by name. Raises InputError for none, or one without mask."""
    found = [*_autopet(folder), *_lesions_collection(folder)]
    if not found:
        raise InputError(
            f"{folder}: expected imagesTr/ and labelsTr/ (autoPET), or PATIENT/STUDY/SUV.nii.gz "
            "with SEG.nii.gz (FDG-PET-CT-Lesions); found neither"
        )
    for scan in found:
        if not scan.lesions.is_file():
            raise InputError(f"{scan.lesions}: no lesion mask for {scan.suv}")
    return found


def write_scan_samples(folder: Path, out: Path, *, draw_organs: DrawOrgans | None = None) -> int:
    """`out/lesions` holds one sample a scan, those there are kept; returns how many it holds."""
    scans = find_scans(folder)
    for number, scan in enumerate(scans, 1):
        file = out / "lesions" / f"{scan.case_id}.npz"
        if not file.is_file():
            write_sample(read_scan(scan, draw_organs), file)
            _LOG.info("%s (%d of %d scans)", file.name, number, len(scans))
    return len(scans)


def read_scan(scan: Scan, draw_organs: DrawOrgans | None = None) -> Sample:
    """One scan on the lesion network's grid."""
    suv, _ = read_nifti_volume(scan.suv, Unit.SUVBW)
    mask, _ = read_nifti_labels(scan.lesions)
    grid = axial_grid(suv.geometry, (LESION_SPACING_MM,) * 3)
    suv = resample_volume(suv, grid, outside=0.0)
    ct = None
    if scan.ct is not None:
        ct = resample_volume(read_nifti_volume(scan.ct, Unit.HU)[0], grid, outside=AIR_HU)
    organs = None
    if draw_organs is not None:
        organs = network_numbers(draw_organs(AlignedImages(suv=suv, ct=ct)))
    lesions = instances(resample_labels(mask, grid)).array
    return Sample(
        spacing_mm=LESION_SPACING_MM,
        suv=suv.array,
        ct=None if ct is None else np.rint(np.clip(ct.array, -1024, 3071)).astype(np.int16),
        organs=organs,
        lesions=np.minimum(lesions, 255).astype(np.uint8),
    )


def _autopet(folder: Path) -> Iterator[Scan]:
    for suv in sorted((folder / "imagesTr").glob("*_0001.nii.gz")):
        case = suv.name.removesuffix("_0001.nii.gz")
        ct = suv.with_name(f"{case}_0000.nii.gz")
        lesions = folder / "labelsTr" / f"{case}.nii.gz"
        yield Scan(case_id=case, suv=suv, ct=ct if ct.is_file() else None, lesions=lesions)


def _lesions_collection(folder: Path) -> Iterator[Scan]:
    for suv in sorted(folder.glob("*/*/SUV.nii.gz")):
        study = suv.parent
        ct = next((study / n for n in ("CTres.nii.gz", "CT.nii.gz") if (study / n).is_file()), None)
        case = f"{study.parent.name}_{study.name}"
        yield Scan(case_id=case, suv=suv, ct=ct, lesions=study / "SEG.nii.gz")
