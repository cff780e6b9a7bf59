"""The headers of a PET again, from the objects that a run made beside it."""

import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import PositronEmissionTomographyImageStorage

from oligocount.domain.volume import Geometry
from oligocount.errors import PublishError

_OF_THE_PATIENT = (0x0010, 0x0012)  # groups: patient, clinical trial
_OF_THE_STUDY = (
    "SpecificCharacterSet", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "StudyDescription", "ReferringPhysicianName", "FrameOfReferenceUID",
    "PositionReferenceIndicator",
)  # fmt: skip
_ASK = "name the study that the case was made from (--input)"


def kept_source_headers(folder: Path, grid: Geometry) -> tuple[Dataset, ...]:
    """A header a slice of the PET, as far as new objects copy it and refer to it.

    `folder` holds the objects of the run: a segmentation there names the patient, the study and
    every image of the PET in the order of the slices of `grid`. Raises PublishError where there
    is none, or where the PET's images are not the grid's slices, one each.
    """
    file = next(iter(sorted(folder.glob("*_seg.dcm"))), None)
    if file is None:
        raise PublishError(
            f"no segmentation of the case names the PET's images; if it was DICOM, {_ASK}"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's warnings cite the patient's name
            kept = pydicom.dcmread(file, stop_before_pixels=True)
            (series,) = kept.ReferencedSeriesSequence
            images = series.ReferencedInstanceSequence
            shared = _shared(kept)
    except (OSError, InvalidDicomError, AttributeError, ValueError) as error:
        raise PublishError(f"{file.name}: cannot be read as our segmentation; {_ASK}") from error
    is_sliced = {each.ReferencedSOPClassUID for each in images} == {
        PositronEmissionTomographyImageStorage
    }
    if not is_sliced or len(images) != grid.shape[0]:
        raise PublishError(f"the PET's {len(images)} images are not its slices; {_ASK}")
    shared.SeriesInstanceUID = series.SeriesInstanceUID
    return tuple(_header(shared, image, grid, k) for k, image in enumerate(images))


def _shared(kept: Dataset) -> Dataset:
    """What every image of the PET says of patient and study."""
    shared = Dataset()
    for element in kept:
        if element.tag.group in _OF_THE_PATIENT or element.keyword in _OF_THE_STUDY:
            shared.add(element)
    shared.Modality = "PT"
    return shared


def _header(shared: Dataset, image: Dataset, grid: Geometry, k: int) -> Dataset:
    """The header of slice `k` (Image Plane module, PS3.3 C.7.6.2)."""
    header = Dataset()
    header.update(shared)
    header.SOPClassUID = image.ReferencedSOPClassUID
    header.SOPInstanceUID = image.ReferencedSOPInstanceUID
    header.InstanceNumber = k + 1
    _, header.Rows, header.Columns = grid.shape
    thickness, *header.PixelSpacing = grid.spacing_mm
    header.SliceThickness = thickness
    axes = grid.affine[:3, [2, 1]] / np.array(grid.spacing_mm)[[2, 1]]
    header.ImageOrientationPatient = [f"{value:.9f}" for value in axes.T.ravel()]
    origin = grid.to_lps_mm(np.array([k, 0.0, 0.0]))
    header.ImagePositionPatient = [f"{value:.6f}" for value in origin]
    return header
