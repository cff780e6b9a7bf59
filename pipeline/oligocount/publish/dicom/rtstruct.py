"""Lesions as an RT Structure Set on the PET (PS3.3 A.19): a GTV each, margins where asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    PYDICOM_IMPLEMENTATION_UID,
    ExplicitVRLittleEndian,
    RTStructureSetStorage,
)

from oligocount.domain.lesion import LocatedLesion
from oligocount.domain.volume import Geometry
from oligocount.geometry.affine import crop
from oligocount.publish.dicom.contours import slice_contours
from oligocount.publish.dicom.origin import MANUFACTURER, RESEARCH, Origin
from oligocount.publish.dicom.targets import Target, targets
from oligocount.settings import RtstructSettings

_COPIED = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
    "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName", "SpecificCharacterSet",
    "FrameOfReferenceUID", "PositionReferenceIndicator",
)  # fmt: skip
_COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0))
_NAME_CHARS = 64  # LO
_SAME_SLICE = 0.05  # of the distance between slices


def lesions_rtstruct(
    origin: Origin,
    lesions: Sequence[LocatedLesion],
    settings: RtstructSettings,
    now: datetime,
) -> FileDataset:
    """A region of interest a lesion and margin, with contours on the slices of the PET."""
    structures = _empty(origin, now)
    grid = origin.result.images.suv.geometry
    images = _images_by_slice(origin.source, grid)
    drawn = targets(origin.result.lesion_map.labels, lesions, settings)
    for number, target in enumerate(drawn, 1):
        structures.StructureSetROISequence.append(_roi(number, target.name, origin))
        structures.ROIContourSequence.append(
            _item(
                ReferencedROINumber=number,
                ROIDisplayColor=list(_COLOURS[number % len(_COLOURS)]),
                ContourSequence=_contours(target, grid, images),
            )
        )
        structures.RTROIObservationsSequence.append(
            _item(
                ObservationNumber=number,
                ReferencedROINumber=number,
                RTROIInterpretedType=target.interpreted_type,
                ROIInterpreter="",
            )
        )
    return structures


def _images_by_slice(source: Sequence[Dataset], grid: Geometry) -> dict[int, Dataset]:
    """The grid's slice -> the image that lies there; slices without an image are absent."""
    found = {}
    for image in source:
        if "ImagePositionPatient" in image:
            k = float(grid.to_index(np.array(image.ImagePositionPatient, float))[0])
            if abs(k - round(k)) < _SAME_SLICE:
                found[round(k)] = _reference(image)
    return found


def _contours(target: Target, grid: Geometry, images: Mapping[int, Dataset]) -> list[Dataset]:
    contours = []
    for k, points in slice_contours(target.mask, crop(grid, target.box)):
        contour = _item(
            ContourGeometricType="CLOSED_PLANAR",
            NumberOfContourPoints=len(points),
            ContourData=[f"{value:.3f}" for value in points.ravel()],
        )
        image = images.get(target.box[0].start + k)
        if image is not None:
            contour.ContourImageSequence = [image]
        contours.append(contour)
    return contours


def _roi(number: int, name: str, origin: Origin) -> Dataset:
    return _item(
        ROINumber=number,
        ReferencedFrameOfReferenceUID=origin.source[0].FrameOfReferenceUID,
        ROIName=name[:_NAME_CHARS],
        ROIDescription=RESEARCH,
        ROIGenerationAlgorithm="SEMIAUTOMATIC" if origin.is_readers else "AUTOMATIC",
    )


def _empty(origin: Origin, now: datetime) -> FileDataset:
    """The structure set without regions, referring to the PET's images."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = RTStructureSetStorage
    meta.MediaStorageSOPInstanceUID = origin.uid("rtstruct")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    structures = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    source = origin.source
    for keyword in _COPIED:
        if keyword in source[0]:
            structures[keyword] = source[0][keyword]
    values = {
        "SOPClassUID": RTStructureSetStorage,
        "SOPInstanceUID": meta.MediaStorageSOPInstanceUID,
        "SeriesInstanceUID": origin.uid("rtstruct series"),
        "Modality": "RTSTRUCT",
        "SeriesNumber": origin.series_number("structures"),
        "SeriesDescription": origin.description("lesions"),
        "OperatorsName": "",
        "Manufacturer": MANUFACTURER,
        "ManufacturerModelName": MANUFACTURER,
        "SoftwareVersions": origin.result.provenance.oligocount,
        "InstanceCreationDate": now.strftime("%Y%m%d"),
        "InstanceCreationTime": now.strftime("%H%M%S"),
        "StructureSetLabel": "LESIONS",
        "StructureSetDescription": RESEARCH,
        "StructureSetDate": now.strftime("%Y%m%d"),
        "StructureSetTime": now.strftime("%H%M%S"),
        "ApprovalStatus": "UNAPPROVED",
        "ReferencedFrameOfReferenceSequence": [_frame_of_reference(source)],
        "StructureSetROISequence": [],
        "ROIContourSequence": [],
        "RTROIObservationsSequence": [],
    }
    for keyword, value in values.items():
        setattr(structures, keyword, value)
    return structures


def _frame_of_reference(source: Sequence[Dataset]) -> Dataset:
    first = source[0]
    series = _item(
        SeriesInstanceUID=first.SeriesInstanceUID,
        ContourImageSequence=[_reference(each) for each in source],
    )
    study = _item(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",  # retired, yet what PS3.3 C.8.8.5 wants
        ReferencedSOPInstanceUID=first.StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    return _item(FrameOfReferenceUID=first.FrameOfReferenceUID, RTReferencedStudySequence=[study])


def _reference(image: Dataset) -> Dataset:
    return _item(
        ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID
    )


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item
