"""A small PET series on disk, on any grid: what new objects copy from and refer to."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage

from oligocount.domain.study import Role, Series, Study
from oligocount.domain.volume import Geometry

PATIENT = "Doe^Jane"
SERIES_UID = "1.2.826.0.1.3680043.8.498.100"
FRAME_UID = "1.2.826.0.1.3680043.8.498.1"


def write_pet_series(folder: Path, grid: Geometry) -> Study:
    """Write a file a slice of the grid, without much inside, and describe them as a study."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{k:03d}.dcm" for k in range(grid.shape[0])]
    for k, file in enumerate(files):
        _slice(k, grid).save_as(file, enforce_file_format=True)
    series = Series(
        uid=SERIES_UID, modality="PT", role=Role.PET, description="PET AC", chosen=True,
        reason="the only one", n_instances=len(files), files=tuple(reversed(files)),
        frame_of_reference_uid=FRAME_UID,
    )  # fmt: skip
    return Study(case_id="case-1", series=(series,), tracer=None)


def _slice(k: int, grid: Geometry) -> Dataset:
    spacing = grid.spacing_mm
    one = Dataset()
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.SOPClassUID = PositronEmissionTomographyImageStorage
    one.SOPInstanceUID = f"{SERIES_UID}.{k + 1}"
    one.PatientName, one.PatientID = PATIENT, "MRN-4711"
    one.ClinicalTrialSponsorName, one.ClinicalTrialProtocolID = "", "P"  # as TCIA leaves them
    one.PatientBirthDate, one.PatientSex = "19500101", "F"
    one.StudyInstanceUID, one.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.99", SERIES_UID
    one.StudyDate, one.StudyTime, one.StudyID = "20240102", "101112", "S1"
    one.AccessionNumber, one.ReferringPhysicianName = "A1", ""
    one.SeriesDate, one.SeriesTime = "20240102", "101112"
    one.AcquisitionDate, one.AcquisitionTime = "20240102", "101112"
    one.ContentDate, one.ContentTime = "20240102", "101112"
    one.Modality, one.SeriesNumber, one.InstanceNumber = "PT", 3, k + 1
    one.Manufacturer = "by hand"
    one.FrameOfReferenceUID, one.PositionReferenceIndicator = FRAME_UID, ""
    one.ImageType = ["ORIGINAL", "PRIMARY"]
    one.SeriesType, one.NumberOfSlices = ["WHOLE BODY", "IMAGE"], grid.shape[0]
    one.Units, one.CountsSource, one.DecayCorrection = "BQML", "EMISSION", "START"
    one.CorrectedImage, one.ImageIndex = ["DECY", "ATTN"], k + 1
    one.PatientPosition = "HFS"
    origin = grid.to_lps_mm(np.array([k, 0.0, 0.0]))
    one.ImagePositionPatient = [f"{value:.6f}" for value in origin]
    axes = grid.affine[:3, [2, 1]] / np.array(spacing)[[2, 1]]
    one.ImageOrientationPatient = [f"{value:.9f}" for value in axes.T.ravel()]
    one.PixelSpacing = [spacing[1], spacing[2]]
    one.SliceThickness = spacing[0]
    one.Rows, one.Columns = grid.shape[1], grid.shape[2]
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.BitsAllocated, one.BitsStored, one.HighBit, one.PixelRepresentation = 16, 16, 15, 0
    one.RescaleIntercept, one.RescaleSlope = 0, 1
    one.PixelData = np.zeros(grid.shape[1:], np.uint16).tobytes()
    return one
