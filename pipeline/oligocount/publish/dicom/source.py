"""The headers of the PET that a result came from: what new objects copy and refer to."""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.multival import MultiValue

from oligocount.domain.result import Result
from oligocount.domain.study import Role
from oligocount.errors import PublishError

# Type 2 attributes of the patient and study modules (PS3.3 C.7.1.1, C.7.2.1): empty where absent.
_MAY_BE_EMPTY = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
    "AccessionNumber", "StudyID", "ReferringPhysicianName", "PositionReferenceIndicator",
)  # fmt: skip
_TEXT = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")
# Escapes that choose a set (ISO 2022); pydicom leaves those of GB 2312 in the text.
_DESIGNATION = re.compile("\x1b(?:\\$[()]?[@-Z]|[(-/][@-Z])")


def read_source_headers(result: Result) -> tuple[Dataset, ...]:
    """The headers of the chosen PET series, in the order of the grid's slices, without pixels.

    Raises PublishError when the PET was not read from DICOM, or its files are gone.
    """
    series = result.study.chosen(Role.PET)
    files = series[0].files if series else ()
    if not files:
        raise PublishError("the PET was not read from DICOM")
    found = [header for file in files if (header := _read_header(file)) is not None]
    wanted = [each for each in found if each.get("SeriesInstanceUID") == series[0].uid] or found
    frame = result.images.suv.geometry.frame_of_reference_uid
    for each in wanted:
        _as_utf8(each)
        _without_empty_trial(each)
        _complete(each, frame)
    return tuple(_along_the_grid(wanted, result))


def _read_header(file: Path) -> Dataset | None:
    """The header of a file or of an archive's member; None for what is no image."""
    try:
        stream = io.BytesIO(_member(file)) if not file.exists() else file
        header = pydicom.dcmread(stream, stop_before_pixels=True)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise PublishError(f"{file.name}: the source can no longer be read") from error
    except InvalidDicomError as error:
        raise PublishError("the PET was not read from DICOM") from error
    return header if "Rows" in header else None


def _member(file: Path) -> bytes:
    """Bytes of a file inside an archive, which is named with the archive as its folder."""
    archive = next((each for each in file.parents if each.is_file()), None)
    if archive is None:
        raise FileNotFoundError(file.name)
    with zipfile.ZipFile(archive) as opened:
        return opened.read(file.relative_to(archive).as_posix())


def _as_utf8(header: Dataset) -> None:
    """Text in several character sets (PS3.5 6.1.2.5), as in Chinese and Japanese, is UTF-8."""
    if not isinstance(header.get("SpecificCharacterSet"), MultiValue):
        return
    header.decode()
    for element in header.iterall():
        if element.VR in _TEXT and element.value:
            many = element.value if isinstance(element.value, MultiValue) else [element.value]
            element.value = [_DESIGNATION.sub("", str(each)) for each in many]
    header.SpecificCharacterSet = "ISO_IR 192"


def _without_empty_trial(header: Dataset) -> None:
    """A trial whose sponsor was removed with the identity is none (PS3.3 C.7.1.3)."""
    if not header.get("ClinicalTrialSponsorName"):
        for keyword in header.dir("ClinicalTrial"):
            del header[keyword]


def _complete(header: Dataset, frame_of_reference_uid: str | None) -> None:
    """Attributes that a new object must copy are there, empty where the source has none."""
    for keyword in _MAY_BE_EMPTY:
        if keyword not in header:
            setattr(header, keyword, "")
    if "FrameOfReferenceUID" not in header and frame_of_reference_uid:
        header.FrameOfReferenceUID = frame_of_reference_uid


def _along_the_grid(headers: Sequence[Dataset], result: Result) -> list[Dataset]:
    """Single-frame headers by their slice; a multi-frame object is alone and stays."""
    if any("ImagePositionPatient" not in each for each in headers):
        return list(headers)
    positions = np.array([each.ImagePositionPatient for each in headers], float)
    slices = result.images.suv.geometry.to_index(positions)[:, 0]
    return [headers[n] for n in np.argsort(slices, kind="stable")]
