"""Writes small valid DICOM series with known voxels; a test then breaks one part of them."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "SC": "1.2.840.10008.5.1.4.1.1.7",
}
AXIAL = ((1, 0, 0), (0, 1, 0))
CORONAL = ((1, 0, 0), (0, 0, -1))
SAGITTAL = ((0, 1, 0), (0, 0, -1))
FLIPPED = ((-1, 0, 0), (0, 1, 0))
HEAD_DOWN = ((1, 0, 0), (0, -1, 0))


def rotated(axis: tuple[float, float, float], degrees: float) -> tuple[tuple[float, ...], ...]:
    """The axial rows and columns turned about an axis (Rodrigues)."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.deg2rad(degrees)
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return tuple(turn[:, 0]), tuple(turn[:, 1])


OBLIQUE = rotated((1, 2, 3), 25)


@dataclass(frozen=True)
class Written:
    """A series on disk, and the voxels that it must be read as."""

    folder: Path
    uid: str
    values: NDArray[np.float64]
    affine: NDArray[np.float64]
    files: tuple[Path, ...]


def write_series(
    folder: Path,
    modality: str = "PT",
    *,
    shape: tuple[int, int, int] = (8, 12, 10),
    spacing: tuple[float, float, float] = (3.0, 2.0, 1.5),
    orientation: tuple[tuple[float, ...], ...] = AXIAL,
    origin: tuple[float, float, float] = (-40.0, -30.0, 100.0),
    bits: int = 16,
    stored: int | None = None,
    is_signed: bool = True,
    slopes: tuple[float, ...] | None = None,
    syntax: str = ExplicitVRLittleEndian,
    seed: int = 0,
    lean_mm: float = 0.0,
    edit: Callable[[Dataset, int], None] | None = None,
    frame_of_reference: str = "1.2.3.4",
    description: str | None = None,
    patient: str = "P1",
    study: str = "1.2.3",
) -> Written:
    """Write one file a slice under names in random order; `edit(dataset, k)` changes a slice."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    stored = stored or bits
    low, high = (-(2 ** (stored - 1)), 2 ** (stored - 1)) if is_signed else (0, 2**stored)
    raw = generator.integers(low, high, shape, dtype=np.int64)
    rows, columns = np.array(orientation[0], float), np.array(orientation[1], float)
    step = np.cross(rows, columns) * spacing[0] + rows * lean_mm
    intercept = -1024.0 if modality == "CT" else 0.0
    slopes = slopes or (1.0,) * shape[0]
    uid = f"2.25.{zlib.crc32(f'{folder} {modality} {seed}'.encode())}"
    names = generator.permutation(shape[0])
    files = []
    for k in range(shape[0]):
        dataset = _slice(modality, uid, k, patient, study)
        dataset.FrameOfReferenceUID = frame_of_reference
        dataset.SeriesDescription = description or f"{modality} series"
        dataset.ImageOrientationPatient = [_ds(value) for value in (*rows, *columns)]
        dataset.ImagePositionPatient = [_ds(value) for value in np.array(origin) + k * step]
        dataset.PixelSpacing = [spacing[1], spacing[2]]
        dataset.SliceThickness = spacing[0]
        dataset.RescaleSlope, dataset.RescaleIntercept = slopes[k], intercept
        _set_pixels(dataset, raw[k], bits, stored, is_signed, syntax)
        if edit:
            edit(dataset, k)
        files.append(folder / f"{names[k]:04d}")
        save(dataset, files[-1], syntax)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = step, columns * spacing[1], rows * spacing[2]
    affine[:3, 3] = origin
    values = raw * np.array(slopes)[:, None, None] + intercept
    return Written(folder, uid, values, affine, tuple(files))


def save(dataset: Dataset, file: Path, syntax: str = ExplicitVRLittleEndian) -> None:
    """Write the data set with file meta information of the syntax; compress where it asks to."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(syntax)
    dataset.file_meta = meta
    if UID(syntax).is_compressed and UID(syntax) != pydicom.uid.DeflatedExplicitVRLittleEndian:
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.compress(UID(syntax), generate_instance_uid=False)
    dataset.save_as(file, enforce_file_format=True)


def _slice(modality: str, uid: str, k: int, patient: str, study: str) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = CLASSES[modality]
    dataset.SOPInstanceUID = f"{uid}.{k + 1}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, uid
    dataset.PatientName, dataset.PatientID = "Secret^Name", patient
    dataset.PatientBirthDate = "19500101"
    dataset.Modality = modality
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "20240102"
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = "101500"
    dataset.InstanceNumber, dataset.SeriesNumber = k + 1, 1
    if modality == "PT":
        _add_tracer(dataset)
    return dataset


def _add_tracer(dataset: Dataset) -> None:
    dataset.Units, dataset.DecayCorrection = "BQML", "START"
    dataset.CorrectedImage = ["DECY", "ATTN", "SCAT"]
    dataset.SeriesType = ["WHOLE BODY", "IMAGE"]
    dataset.PatientWeight, dataset.PatientSize, dataset.PatientSex = 70.0, 1.75, "F"
    dataset.FrameReferenceTime, dataset.ActualFrameDuration = 0.0, 120000
    drug = Dataset()
    drug.Radiopharmaceutical = "Fluorodeoxyglucose"
    drug.RadiopharmaceuticalStartTime = "091500"
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = 3.5e8, 6586.2
    dataset.RadiopharmaceuticalInformationSequence = [drug]


def _set_pixels(
    dataset: Dataset, raw: NDArray[np.int64], bits: int, stored: int, is_signed: bool, syntax: str
) -> None:
    order = ">" if syntax == pydicom.uid.ExplicitVRBigEndian else "<"
    kind = np.dtype(f"{order}{'i' if is_signed else 'u'}{bits // 8}")
    dataset.Rows, dataset.Columns = raw.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, stored, stored - 1
    dataset.PixelRepresentation = int(is_signed)
    data = raw.astype(kind).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def _ds(value: float) -> str:
    """A decimal string of at most 16 characters (PS3.5 6.2)."""
    return f"{value:.12g}"[:16] if abs(value) > 1e-12 else "0"
