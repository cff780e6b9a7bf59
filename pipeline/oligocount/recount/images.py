"""The PET and CT that a reader's version is measured on and drawn over."""

from dataclasses import dataclass
from pathlib import Path

from oligocount import intake, quantify
from oligocount.domain.study import AlignedImages, Role, Study
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.errors import InputError
from oligocount.geometry.place import part_of, place_volume
from oligocount.geometry.resample import resample_labels
from oligocount.intake.nifti import read_nifti_volume
from oligocount.recount.case import Case


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseImages:
    """What is shown: the part of the PET's `grid` that holds the patient, with CT if there is one.

    `study` is set where the images were read from it again.
    """

    shown: AlignedImages
    grid: Geometry
    study: Study | None = None

    @property
    def suv(self) -> Volume:
        """The SUV on the whole grid, zero where no patient is."""
        return place_volume(self.shown.suv, self.grid)


def kept_images(case: Case) -> CaseImages | None:
    """What the run kept, on the grid of the lesions; None where it kept no SUV.

    Raises InputError when a file cannot be read, GeometryError when it is of another scan.
    """
    file = case.folder / "suv.nii.gz"
    if not file.is_file():
        return None
    part = read_nifti_volume(file, Unit.SUVBW)[0]
    ct_file = case.folder / "ct.nii.gz"
    ct = None
    if ct_file.is_file():
        ct = place_volume(read_nifti_volume(ct_file, Unit.HU)[0], part.geometry)
    images = CaseImages(shown=AlignedImages(suv=part, ct=ct), grid=case.labels.geometry)
    part_of(part.geometry, images.grid)
    return images


def images_of_file(pet: Path) -> CaseImages:
    """A PET in SUV as NIfTI, without CT. Raises InputError when it cannot be read."""
    suv = read_nifti_volume(pet, Unit.SUVBW)[0]
    return CaseImages(shown=AlignedImages(suv=suv), grid=suv.geometry)


def images_of_study(case: Case, source: Path) -> CaseImages:
    """The study that the case was made from, read again.

    Raises InputError where the series that the case counted on is not there.
    """
    series = [each for each in case.document["inputs"]["series"] if each["chosen"]]
    uid = next((each["uid"] for each in series if each["role"] == Role.PET.value), None)
    study = intake.scan(source, case.settings.intake, pet_series=uid)
    images = intake.load(study, case.settings.intake)
    suv = quantify.to_suv(images.pet, study.tracer, case.settings.quantify)[0]
    if not suv.geometry.is_same_grid(case.labels.geometry):
        raise InputError(f"{source}: its PET lies otherwise than the one of the case")
    part = quantify.crop_to_patient(suv, case.settings.quantify.field)
    shown = quantify.align(part, images.ct, (), case.settings.quantify)
    return CaseImages(shown=AlignedImages(suv=part, ct=shown.ct), grid=suv.geometry, study=study)


def shown_with(images: CaseImages, labels: LabelMap) -> tuple[AlignedImages, LabelMap]:
    """What is shown, with the labels on its grid; the whole grid where a label lies beyond it."""
    part = resample_labels(labels, images.shown.suv.geometry)
    if (part.array > 0).sum() == (labels.array > 0).sum():
        return images.shown, part
    return AlignedImages(suv=images.suv), labels
