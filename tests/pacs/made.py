"""A finished case with its DICOM objects, and the PET that they came from."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom

from oligocount.config import load_settings
from oligocount.publish.dicom import dicom_objects, write_objects
from oligocount.publish.result_json import result_document, to_json
from publish import builders
from publish.dicom_source import write_pet_series

STUDY_UID = "1.2.826.0.1.3680043.8.498.99"
ACCESSION, PATIENT_ID, PATIENT = "A1", "MRN-4711", "Doe^Jane"
FILES = {
    "lesions_seg.dcm", "organs_seg.dcm", "stations_seg.dcm", "lesions_rtstruct.dcm",
    "measurements_sr.dcm",
}  # fmt: skip
WRITTEN = datetime(2024, 1, 3, 12, 0, tzinfo=UTC)


def write_case(
    folder: Path, *, written: datetime = WRITTEN, affine: np.ndarray | None = None
) -> Path:
    """FOLDER/pet holds the series, FOLDER/case what `oligocount send` needs of a case."""
    grid = builders.geometry(affine)
    result = builders.result(grid, study=write_pet_series(folder / "pet", grid))
    document = result_document(result)
    case = folder / "case"
    case.mkdir()
    (case / "result.json").write_text(to_json(document), "utf-8")
    write_objects(
        case / "dicom", dicom_objects(result, document, load_settings().publish.dicom, written)
    )
    return case


def content(file: Path) -> tuple[str, bytes]:
    """The transfer syntax and the bytes of the data set, without the file's own header."""
    whole = file.read_bytes()
    meta = pydicom.dcmread(file, stop_before_pixels=True).file_meta
    begin = 132 + 12 + meta.FileMetaInformationGroupLength
    return meta.TransferSyntaxUID, whole[begin:]


def contents(folder: Path) -> dict[str, tuple[str, bytes]]:
    """By SOP Instance UID, every object below a folder."""
    return {
        pydicom.dcmread(file, stop_before_pixels=True).SOPInstanceUID: content(file)
        for file in folder.rglob("*.dcm")
    }
