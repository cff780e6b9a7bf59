"""Masks in: NIfTI, DICOM SEG (binary, fractional, label map) and RTSTRUCT, onto a given grid.

SEG and NIfTI are taken by nearest voxel, contours by voxel centre (`contours`). A fractional
segment holds a voxel from one half on. Where structures overlap the smaller one wins, so that a
lesion drawn inside an organ survives.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import highdicom
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from oligocount.domain.volume import Geometry, LabelMap
from oligocount.errors import GeometryError, InputError
from oligocount.geometry.resample import resample_labels
from oligocount.intake.codestreams import refuse_larger_frames
from oligocount.intake.contours import fill_contours, plane_distance_mm
from oligocount.intake.elements import refuse_bomb
from oligocount.intake.headers import UNREADABLE, quiet
from oligocount.intake.nifti import read_nifti_labels
from oligocount.intake.room import refuse_beyond_memory

_SEGMENTATIONS = (pydicom.uid.SegmentationStorage, "1.2.840.10008.5.1.4.1.1.66.7")  # label map
_NO_TISSUE = ("EXTERNAL", "SUPPORT", "FIXATION", "BOLUS", "MARKER", "ISOCENTER", "REGISTRATION")
_ODD_DICOM = (*UNREADABLE, InvalidDicomError, RuntimeError, MemoryError,
              sqlite3.Error)  # fmt: skip  # highdicom keeps its table of frames in SQLite
_HALF = 0.5


def read_mask(file: Path, geometry: Geometry, names: Sequence[str] = ()) -> LabelMap:
    """The structures of a mask file on the grid of `geometry`, numbered and named as in the file.

    `names` picks structures; without it all are taken, of an RTSTRUCT those that are tissue (no
    body outline, couch or marker). Raises InputError when the file is no mask or has no such
    structure, GeometryError when it was drawn elsewhere.
    """
    if _is_nifti(file):
        labels, _ = read_nifti_labels(file)
        found = resample_labels(_picked(labels, names, file), geometry)
    else:
        found = _read_dicom(file, geometry, names)
    if not found.array.any():
        raise GeometryError(f"{file}: no structure of it lies within the image")
    return found


def series_drawn_on(file: Path) -> frozenset[str]:
    """The series that a readable SEG or RTSTRUCT says it was drawn on; none of a NIfTI."""
    if _is_nifti(file):
        return frozenset()
    with quiet():
        dataset = pydicom.dcmread(file, stop_before_pixels=True)
    told = [*dataset.get("ReferencedSeriesSequence", ())]
    for frame in dataset.get("ReferencedFrameOfReferenceSequence", ()):
        for study in frame.get("RTReferencedStudySequence", ()):
            told += study.get("RTReferencedSeriesSequence", ())
    return frozenset(str(one.SeriesInstanceUID) for one in told if "SeriesInstanceUID" in one)


def _is_nifti(file: Path) -> bool:
    return file.name.lower().endswith((".nii", ".nii.gz"))


def _read_dicom(file: Path, geometry: Geometry, names: Sequence[str]) -> LabelMap:
    try:
        with file.open("rb") as stream:
            refuse_bomb(stream)
        with quiet():
            dataset = pydicom.dcmread(file)
            kind = dataset.get("SOPClassUID")
            if kind in _SEGMENTATIONS:
                return resample_labels(_picked(_from_seg(dataset, geometry), names, file), geometry)
            if kind == pydicom.uid.RTStructureSetStorage:
                return _from_structures(dataset, geometry, names, file)
    except InputError:
        raise
    except _ODD_DICOM as error:
        raise InputError(f"{file}: cannot be read as a mask: {error}") from error
    raise InputError(f"{file}: expected SEG, RTSTRUCT or NIfTI, found SOP class {kind}")


def _from_seg(dataset: pydicom.Dataset, geometry: Geometry) -> LabelMap:
    syntax = dataset.file_meta.TransferSyntaxUID
    refuse_larger_frames(dataset.PixelData, syntax, dataset.Rows, dataset.Columns)
    seg = highdicom.seg.Segmentation.from_dataset(dataset, copy=False)
    if whole := seg.get_volume_geometry():
        refuse_beyond_memory("a segmentation", whole.spatial_shape)
    names = {
        int(number): str(seg.get_segment_description(number).segment_label)
        for number in seg.segment_numbers
        if number > 0
    }
    first = seg.get_volume(segment_numbers=[min(names)], rescale_fractional=True)
    _refuse_elsewhere(first.frame_of_reference_uid, geometry)
    if seg.segmentation_type == highdicom.seg.SegmentationTypeValues.LABELMAP:
        array = seg.get_volume(combine_segments=True).array.astype(np.int32)
    else:
        array = _painted({n: _segment(seg, n) for n in names}, first.spatial_shape)
    k, j, i = array.shape
    affine = np.array(first.affine, np.float64)
    uid = first.frame_of_reference_uid
    grid = Geometry(shape=(k, j, i), affine=affine, frame_of_reference_uid=uid)
    return LabelMap(array=array, names=names, geometry=grid)


def _segment(seg: highdicom.seg.Segmentation, number: int) -> NDArray[np.bool_]:
    array = seg.get_volume(segment_numbers=[number], rescale_fractional=True).array[..., 0]
    inside: NDArray[np.bool_] = array >= _HALF
    return inside


def _from_structures(
    dataset: pydicom.Dataset, geometry: Geometry, names: Sequence[str], file: Path
) -> LabelMap:
    avoided = {
        int(one.ReferencedROINumber)
        for one in dataset.get("RTROIObservationsSequence", ())
        if one.get("RTROIInterpretedType") in _NO_TISSUE
    }
    rings = {int(one.ReferencedROINumber): _rings(one) for one in dataset.ROIContourSequence}
    told = {int(roi.ROINumber): roi for roi in dataset.StructureSetROISequence}
    chosen = {
        number: str(roi.get("ROIName", number))
        for number, roi in told.items()
        if rings.get(number)
        and (str(roi.get("ROIName", number)) in names if names else number not in avoided)
    }
    if not chosen:
        listed = ", ".join(str(roi.get("ROIName", n)) for n, roi in told.items())
        raise InputError(f"{file}: no closed contours of a wanted structure; it names {listed}")
    for number in chosen:
        _refuse_elsewhere(told[number].get("ReferencedFrameOfReferenceUID"), geometry)
    slab_mm = plane_distance_mm((rings[number] for number in chosen), geometry)
    masks = {number: fill_contours(rings[number], geometry, slab_mm=slab_mm) for number in chosen}
    if min(chosen) < 1:
        masks = {place: masks[number] for place, number in enumerate(chosen, start=1)}
        chosen = dict(enumerate(chosen.values(), start=1))
    return LabelMap(array=_painted(masks, geometry.shape), names=chosen, geometry=geometry)


def _rings(contours: pydicom.Dataset) -> list[NDArray[np.float64]]:
    return [
        np.array(one.ContourData, np.float64).reshape(-1, 3)
        for one in contours.get("ContourSequence", ())
        if one.ContourGeometricType in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
    ]


def _painted(masks: Mapping[int, NDArray[np.bool_]], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """One label map, the largest structure painted first."""
    array = np.zeros(shape, np.int32)
    sizes = {number: int(np.count_nonzero(mask)) for number, mask in masks.items()}
    for number in sorted(masks, key=lambda each: sizes[each], reverse=True):
        array[masks[number]] = number
    return array


def _picked(labels: LabelMap, names: Sequence[str], file: Path) -> LabelMap:
    if not names:
        return labels
    kept = {label: name for label, name in labels.names.items() if name in names}
    if not kept:
        listed = ", ".join(labels.names.values())
        raise InputError(f"{file}: has no structure {', '.join(names)}; it names {listed}")
    array = np.where(np.isin(labels.array, list(kept)), labels.array, 0)
    return LabelMap(array=array, names=kept, geometry=labels.geometry)


def _refuse_elsewhere(uid: str | None, geometry: Geometry) -> None:
    expected = geometry.frame_of_reference_uid
    if uid and expected and str(uid) != expected:
        raise GeometryError(
            f"the mask was drawn in frame of reference {uid}; the image has {expected}"
        )
