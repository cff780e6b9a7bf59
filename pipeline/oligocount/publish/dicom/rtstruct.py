"""Lesions as an RT Structure Set on the PET (PS3.3 A.19): a GTV each, margins where asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    PYDICOM_IMPLEMENTATION_UID,
    ExplicitVRLittleEndian,
    RTStructureSetStorage,
)
from scipy import ndimage

from oligocount.domain.lesion import LocatedLesion
from oligocount.domain.result import Result
from oligocount.domain.volume import Geometry
from oligocount.publish.dicom.contours import slice_contours
from oligocount.publish.dicom.lesions import lesion_name
from oligocount.publish.dicom.origin import MANUFACTURER, RESEARCH, Origin
from oligocount.settings import RtstructSettings

_COPIED = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate",
    "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName", "SpecificCharacterSet",
    "FrameOfReferenceUID", "PositionReferenceIndicator",
)  # fmt: skip
_COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0))
_NAME_CHARS = 64  # LO


def lesions_rtstruct(
    origin: Origin,
    lesions: Sequence[LocatedLesion],
    settings: RtstructSettings,
    now: datetime,
) -> FileDataset:
    """A region of interest a lesion and margin, with contours on the slices of the PET."""
    source = origin.source
    volumes = _volumes(origin.result, lesions, settings)
    structures = _empty(origin, now)
    images = {n: _reference(each) for n, each in enumerate(source)} if len(source) > 1 else {}
    for number, (name, interpreted, mask) in enumerate(volumes, 1):
        structures.StructureSetROISequence.append(_roi(number, name, source))
        contours = _contours(mask, origin.result.images.suv.geometry, images)
        colour = list(_COLOURS[number % len(_COLOURS)])
        structures.ROIContourSequence.append(
            _item(ReferencedROINumber=number, ROIDisplayColor=colour, ContourSequence=contours)
        )
        structures.RTROIObservationsSequence.append(
            _item(
                ObservationNumber=number,
                ReferencedROINumber=number,
                RTROIInterpretedType=interpreted,
                ROIInterpreter="",
            )
        )
    return structures


def _volumes(
    result: Result, lesions: Sequence[LocatedLesion], settings: RtstructSettings
) -> list[tuple[str, str, NDArray[np.bool_]]]:
    """(name, interpreted type, mask) of each gross volume and of its margins."""
    labels = result.lesion_map.labels.array
    spacing = result.images.suv.geometry.spacing_mm
    found = []
    for located in lesions:
        name = lesion_name(located)
        gross = labels == located.lesion.id
        found.append((f"GTV {name}", "GTV", gross))
        grown = gross
        for kind, margin_mm in (("CTV", settings.ctv_margin_mm), ("PTV", settings.ptv_margin_mm)):
            if margin_mm is not None:
                grown = _grown(grown, margin_mm, spacing)
                found.append((f"{kind} {name}", kind, grown))
    return found


def _grown(
    mask: NDArray[np.bool_], margin_mm: float, spacing_mm: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Every voxel whose centre lies within the margin of a voxel of the mask."""
    if not mask.any():
        return mask
    distance = ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
    grown: NDArray[np.bool_] = distance <= margin_mm
    return grown


def _contours(
    mask: NDArray[np.bool_], geometry: Geometry, images: Mapping[int, Dataset]
) -> list[Dataset]:
    contours = []
    for k, points in slice_contours(mask, geometry):
        contour = _item(
            ContourGeometricType="CLOSED_PLANAR",
            NumberOfContourPoints=len(points),
            ContourData=[f"{value:.3f}" for value in points.ravel()],
        )
        if k in images:
            contour.ContourImageSequence = [images[k]]
        contours.append(contour)
    return contours


def _roi(number: int, name: str, source: Sequence[Dataset]) -> Dataset:
    return _item(
        ROINumber=number,
        ReferencedFrameOfReferenceUID=source[0].FrameOfReferenceUID,
        ROIName=name[:_NAME_CHARS],
        ROIDescription=RESEARCH,
        ROIGenerationAlgorithm="AUTOMATIC",
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
        "SeriesNumber": 9005,
        "SeriesDescription": f"oligocount lesions ({RESEARCH})",
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
