"""The DICOM objects of a case, as they stand on disk."""

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from oligocount.errors import InputError

FOLDER = "dicom"
# When a result is written again these change, and nothing that a reader sees does.
_OF_THE_WRITING = (
    "InstanceCreationDate", "InstanceCreationTime", "ContentDate", "ContentTime", "SeriesDate",
    "SeriesTime", "StructureSetDate", "StructureSetTime", "TimezoneOffsetFromUTC",
    "ContributingEquipmentSequence", "DimensionOrganizationSequence", "DimensionIndexSequence",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomObject:
    """A file with the identifiers that an archive knows it by; `digest` is of its content."""

    file: Path
    modality: str
    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    transfer_syntax_uid: str
    digest: str


def read_objects(case: Path) -> tuple[DicomObject, ...]:
    """The objects in CASE/dicom, in the order in which an archive should get them.

    What others refer to goes first: segmentations, then the rest. Raises InputError when CASE is
    no case, holds none, or one cannot be read.
    """
    if not (case / "result.json").is_file():
        raise InputError(f"{case}: expected a case that `oligocount run` wrote: no result.json")
    files = sorted((case / FOLDER).glob("*.dcm"))
    if not files:
        raise InputError(f"{case}: holds no DICOM objects; the run's caveats say why")
    objects = map(_read_object, files)
    return tuple(sorted(objects, key=lambda each: (each.modality != "SEG", each.file.name)))


def _read_object(file: Path) -> DicomObject:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's warnings cite the patient's name
            dataset = pydicom.dcmread(file)
            return DicomObject(
                file=file,
                modality=dataset.Modality,
                sop_class_uid=dataset.SOPClassUID,
                sop_instance_uid=dataset.SOPInstanceUID,
                study_uid=dataset.StudyInstanceUID,
                transfer_syntax_uid=dataset.file_meta.TransferSyntaxUID,
                digest=_digest(dataset),
            )
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error
    except (pydicom.errors.InvalidDicomError, AttributeError, KeyError, ValueError) as error:
        raise InputError(f"{file}: is no whole DICOM object; run the case again") from error


def _digest(dataset: Dataset) -> str:
    """Of everything but when it was written, and identifiers made up on the way."""
    for keyword in _OF_THE_WRITING:
        if keyword in dataset:
            del dataset[keyword]
    content = io.BytesIO()
    pydicom.dcmwrite(content, dataset)
    return hashlib.sha256(content.getvalue()).hexdigest()
