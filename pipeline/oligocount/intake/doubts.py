"""What is doubtful about a study by its headers alone, as caveats."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from oligocount.domain.mr import MrRegion, MrSequence
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Role
from oligocount.intake.directory import NAME as DICOMDIR
from oligocount.intake.directory import missing_files
from oligocount.intake.headers import Header
from oligocount.intake.mr import mr_facts
from oligocount.intake.patients import is_of_patient
from oligocount.intake.points import shared_cm
from oligocount.intake.select import Candidate, Selection
from oligocount.intake.shear import is_sheared
from oligocount.settings import IntakeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What became of each file: headers of frames, broken DICOM with the reason, other files."""

    files: tuple[Path, ...]
    headers: tuple[Header, ...]
    broken: tuple[tuple[Path, str], ...]
    foreign: tuple[Path, ...]


def study_caveats(
    found: Found, selection: Selection, settings: IntakeSettings
) -> tuple[Caveat, ...]:
    """Every doubt about the input and about the series that were taken. Names no file."""
    caveats = [*_about_files(found)]
    for one in selection.candidates:
        if one.chosen and one.stack is not None:
            caveats += one.stack.caveats
            caveats += _about_series(one, selection, settings)
            caveats += _about_values(one)
            caveats += _about_mr(one)
    caveats += _about_patients(selection)
    return (*caveats, *_about_strays(selection, settings), *_about_pair(selection, settings))


def _about_patients(selection: Selection) -> Iterator[Caveat]:
    for pet in selection.chosen(Role.PET):
        strangers = [
            one for one in selection.candidates if not is_of_patient(one.headers[0], pet.headers[0])
        ]
        if strangers:
            text = f"{len(strangers)} series are of another patient than the PET and are left out"
            yield Caveat(code="OTHER_PATIENT", text=text)


def _about_strays(selection: Selection, settings: IntakeSettings) -> Iterator[Caveat]:
    """Single frames of PET or CT under a UID of their own: perhaps slices of the volume taken."""
    for role in (Role.PET, Role.CT):
        few = [
            one
            for one in selection.candidates
            if one.role is role and one.error and len(one.headers) < settings.slices.min_slices
        ]
        if few and selection.chosen(role):
            text = f"{len(few)} {role.value.upper()} series of one or two frames are left out"
            yield Caveat(code="STRAY_FRAMES", text=text)


def _about_files(found: Found) -> Iterator[Caveat]:
    if found.broken:
        text = f"{len(found.broken)} DICOM file(s) are broken and left out"
        yield Caveat(code="BROKEN_FILES", text=text)
    beside = {(one.file.parent, one.file.suffix.lower()) for one in found.headers}
    alike = [
        file
        for file in found.foreign
        if file.name.upper() != DICOMDIR and (file.parent, file.suffix.lower()) in beside
    ]
    if alike:
        text = f"{len(alike)} file(s) named and placed like DICOM files are none: damaged slices?"
        yield Caveat(code="NOT_DICOM", text=text)
    for index in found.foreign:
        if index.name.upper() == DICOMDIR:
            named, missing = missing_files(index, frozenset(found.files))
            if missing:
                text = f"{missing} of {named} files that the DICOMDIR names are missing"
                yield Caveat(code="DICOMDIR_INCOMPLETE", text=text)


def _about_series(
    one: Candidate, selection: Selection, settings: IntakeSettings
) -> Iterator[Caveat]:
    name = one.role.value.upper()
    apart = [each for each in selection.candidates if each.uid == one.uid and not each.chosen]
    if apart:
        count = sum(len(each.headers) for each in apart)
        text = f"{count} frame(s) under the {name} series' UID differ in kind and are left out"
        yield Caveat(code="SERIES_SPLIT", text=text)
    if one.stack and is_sheared(one.stack.geometry, settings.slices.spacing_fraction):
        text = f"the {name} was acquired with a tilted gantry; its slices are moved upright"
        yield Caveat(code="GANTRY_TILT", text=text)
    if any(each.lossy == "01" for each in one.headers):
        text = f"the {name} was compressed with loss (0028,2110); values are not as measured"
        yield Caveat(code="LOSSY_COMPRESSION", text=text)
    stated = one.headers[0].n_slices_stated or 0
    if one.role is Role.PET and one.stack and stated > one.stack.geometry.shape[0]:
        text = f"the PET states {stated} slices (0054,0081); {one.stack.geometry.shape[0]} stand"
        yield Caveat(code="FEWER_SLICES_THAN_STATED", text=text)
    if one.role is Role.PET and "ATTN" not in one.headers[0].corrected:
        text = "nothing in the PET's header says that it is attenuation-corrected (0028,0051)"
        yield Caveat(code="ATTENUATION_UNKNOWN", text=text)


def _about_mr(one: Candidate) -> Iterator[Caveat]:
    """What a reader of an MR has to know and its header leaves out."""
    if one.role is not Role.MR:
        return
    facts = mr_facts(one.headers)
    is_brain_t1 = facts.sequence is MrSequence.T1 and facts.region is MrRegion.BRAIN
    if is_brain_t1 and facts.contrast is None:
        text = "whether a T1 of the brain was taken with contrast is not stated (0018,0010)"
        yield Caveat(code="MR_CONTRAST_UNKNOWN", text=text)
    if facts.sequence is MrSequence.ADC and facts.adc_um2_s is None:
        text = "the unit of an ADC map is not stated: no ADC is measured on it"
        yield Caveat(code="ADC_UNIT_UNKNOWN", text=text)


def _about_values(one: Candidate) -> Iterator[Caveat]:
    """Attributes that one acquisition writes alike in every slice, and here are not."""
    name = one.role.value.upper()
    formats = {(h.bits_allocated, h.bits_stored, h.pixel_representation) for h in one.headers}
    if len(formats) > 1:
        text = f"bits and sign of pixels (0028,0101) (0028,0103) vary within the {name}"
        yield Caveat(code="PIXEL_FORMAT_VARIES", text=text)
    if one.role is Role.CT and len({(each.slope, each.intercept) for each in one.headers}) > 1:
        text = "slope and intercept (0028,1053) (0028,1052) vary within the CT"
        yield Caveat(code="CT_RESCALE_VARIES", text=text)


def _about_pair(selection: Selection, settings: IntakeSettings) -> Iterator[Caveat]:
    pet = next(iter(selection.chosen(Role.PET)), None)
    ct = next(iter(selection.chosen(Role.CT)), None)
    if not (pet and ct and pet.stack and ct.stack):
        return
    if ct.headers[0].frame_of_reference_uid is None:
        text = "neither PET nor CT names a frame of reference (0020,0052): that they fit is assumed"
        yield Caveat(code="FRAME_OF_REFERENCE_ABSENT", text=text)
    covered = shared_cm(ct.stack, pet.stack) / max(shared_cm(pet.stack, pet.stack), 1e-6)
    if covered < settings.slices.full_coverage:
        text = f"the CT covers {covered:.0%} of the PET's length"
        yield Caveat(code="CT_COVERS_PART", text=text)
    rivals = [
        one
        for one in selection.candidates
        if one.role is Role.CT and one.score and ct.score and not one.chosen
        and ct.score.points - one.score.points < settings.choice.tie_margin
    ]  # fmt: skip
    if rivals:
        text = f"{len(rivals)} other CT series would serve as well; the first by UID is taken"
        yield Caveat(code="CT_TIE", text=text)
