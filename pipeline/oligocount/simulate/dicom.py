"""A phantom's volumes as DICOM series: whole headers, a vendor's dialect, a made-up identity."""

import copy
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)
from pydicom.valuerep import DSfloat

from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import GeometryError, PublishError
from oligocount.simulate.acquisition import Acquisition

_CT_INTERCEPT = -1024
_PHILIPS_SUV_FACTOR = 0.000728
_POSITRON_FRACTION = 0.967
Progress = Callable[[int], None]


def write_ct_series(
    ct: Volume, folder: Path, *, acquisition: Acquisition, progress: Progress = lambda _: None
) -> str:
    """One CT Image Storage file a slice lies in `folder`; returns the series UID.

    Raises PublishError for another unit or when a file cannot be written, GeometryError for
    an oblique or skewed grid. `progress` gets 1 after each file.
    """
    if ct.unit is not Unit.HU:
        raise PublishError(f"{folder}: a CT series holds HU, found {ct.unit.value}")
    dialect = acquisition.dialect
    base = series_base(ct.geometry, acquisition, modality="CT", number=2, sop_class=CTImageStorage)
    start = acquisition.scan_start - timedelta(seconds=90)
    stamp(base, start)
    base.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    base.PatientPosition = "HFS"
    base.SeriesDescription = "PHANTOM CT WB 3.0"
    base.KVP, base.XRayTubeCurrent, base.ConvolutionKernel = "120", "80", dialect.ct_kernel
    base.AcquisitionNumber = 1
    base.RescaleIntercept, base.RescaleSlope, base.RescaleType = _CT_INTERCEPT, 1, "HU"
    base.WindowCenter, base.WindowWidth = 40, 400
    outside = _outside_field(ct.geometry) if dialect.ct_padding is not None else None
    if dialect.ct_padding is not None:
        base.PixelPaddingValue = dialect.ct_padding

    def fill(dataset: Dataset, k: int) -> None:
        stored = np.clip(np.rint(ct.array[k]) - _CT_INTERCEPT, 0, 4095).astype("<i2")
        if outside is not None:
            stored[outside] = dialect.ct_padding
        dataset.PixelData = stored.tobytes()

    return write_slices(base, ct.geometry, folder, acquisition, fill, progress)


def write_pet_series(
    suv: Volume, folder: Path, *, acquisition: Acquisition, progress: Progress = lambda _: None
) -> str:
    """One PET Image Storage file a slice lies in `folder`; returns the series UID.

    Each slice has its own slope: a voxel reads back within 2e-5 of the slice's maximum. The
    activity is decay-corrected to the series time, which is the start of the first bed.
    Raises PublishError for another unit or when a file cannot be written, GeometryError for
    an oblique or skewed grid. `progress` gets 1 after each file.
    """
    if suv.unit is not Unit.SUVBW:
        raise PublishError(f"{folder}: expected a volume in SUVbw, found {suv.unit.value}")
    base = _pet_base(suv.geometry, acquisition)
    counts = base.Units == "CNTS"
    per_suv = 1 / _PHILIPS_SUV_FACTOR if counts else acquisition.bqml_per_suv
    n_slices = suv.geometry.shape[0]

    def fill(dataset: Dataset, k: int) -> None:
        value = np.maximum(suv.array[k].astype(np.float64), 0.0) * per_suv
        slope = DSfloat(max(float(value.max()), 1e-3) / 32767, auto_format=True)
        dataset.RescaleSlope = slope
        exact = float(str(slope))
        dataset.PixelData = np.clip(np.rint(value / exact), 0, 32767).astype("<i2").tobytes()
        _stamp_bed(dataset, k, suv.geometry, acquisition)
        superior_first = acquisition.dialect.is_superior_first
        dataset.ImageIndex = n_slices - k if superior_first else k + 1

    return write_slices(base, suv.geometry, folder, acquisition, fill, progress)


def write_slices(
    base: Dataset,
    geometry: Geometry,
    folder: Path,
    acquisition: Acquisition,
    fill: Callable[[Dataset, int], None],
    progress: Progress,
) -> str:
    """Write every slice in the vendor's order; names carry the instance number alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        n_slices = geometry.shape[0]
        for number in range(1, n_slices + 1):
            superior_first = acquisition.dialect.is_superior_first
            k = n_slices - number if superior_first else number - 1
            dataset = copy.copy(base)
            dataset.InstanceNumber = number
            dataset.SOPInstanceUID = phantom_uid(
                acquisition, base.Modality, "instance", str(number)
            )
            position = geometry.to_lps_mm(np.array([k, 0.0, 0.0]))
            dataset.ImagePositionPatient = [_ds(each) for each in position]
            dataset.SliceLocation = _ds(position[2])
            fill(dataset, k)
            _save(dataset, folder / f"IM{number:04d}.dcm")
            progress(1)
    except OSError as error:
        raise PublishError(f"{folder}: cannot be written: {error.strerror}") from error
    return str(base.SeriesInstanceUID)


def _save(dataset: Dataset, file: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    whole = FileDataset(str(file), dataset, preamble=b"\0" * 128, file_meta=meta)
    whole.save_as(file, enforce_file_format=True)


def series_base(
    geometry: Geometry, acquisition: Acquisition, *, modality: str, number: int, sop_class: str
) -> Dataset:
    """All that the slices of one series share. PS3.3 A.3.3 and A.21.3: every type 1 and 2."""
    dataset = Dataset()
    _set_patient(dataset, acquisition)
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = sop_class
    dataset.SyntheticData = "YES"  # PS3.3 C.12.1.1
    dataset.Modality = modality
    dataset.SeriesNumber = number
    dataset.StudyInstanceUID = phantom_uid(acquisition, "study")
    dataset.SeriesInstanceUID = phantom_uid(acquisition, "series", modality)
    dataset.FrameOfReferenceUID = geometry.frame_of_reference_uid or phantom_uid(
        acquisition, "frame"
    )
    dataset.PositionReferenceIndicator = ""
    dataset.StudyID, dataset.AccessionNumber, dataset.ReferringPhysicianName = "1", "", ""
    dataset.StudyDescription = "PHANTOM WHOLE BODY PET CT"
    dataset.Manufacturer = acquisition.dialect.manufacturer
    dataset.ManufacturerModelName = acquisition.dialect.model
    dataset.SoftwareVersions = "PHANTOM"
    dataset.BodyPartExamined = "WHOLEBODY"
    opened = acquisition.scan_start - timedelta(minutes=5)
    dataset.StudyDate, dataset.StudyTime = _date(opened), _time(opened)
    _set_grid(dataset, geometry)
    return dataset


def _set_patient(dataset: Dataset, acquisition: Acquisition) -> None:
    dataset.PatientName = f"PHANTOM^SEED{acquisition.seed}"
    dataset.PatientID = f"PHANTOM-{acquisition.seed}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = acquisition.sex
    dataset.PatientAge = f"{acquisition.age_years:03d}Y"
    dataset.PatientWeight = _ds(acquisition.weight_kg)
    dataset.PatientSize = _ds(acquisition.size_m)
    dataset.PatientComments = "PHANTOM: synthetic data, no real person"


def _set_grid(dataset: Dataset, geometry: Geometry) -> None:
    axes = geometry.affine[:3, :3] / np.array(geometry.spacing_mm)
    off_axis = np.abs(axes - np.eye(3)[::-1]).max()
    if off_axis > 1e-6:
        raise GeometryError(
            "a phantom series needs an axial grid (k up, j posterior, i left), "
            f"found {axes.tolist()}"
        )
    dk, dj, di = geometry.spacing_mm
    dataset.Rows, dataset.Columns = geometry.shape[1], geometry.shape[2]
    dataset.PixelSpacing = [_ds(dj), _ds(di)]
    dataset.SliceThickness = _ds(dk)
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 1


def _pet_base(geometry: Geometry, acquisition: Acquisition) -> Dataset:
    dialect = acquisition.dialect
    base = series_base(
        geometry, acquisition, modality="PT", number=3,
        sop_class=PositronEmissionTomographyImageStorage,
    )  # fmt: skip
    stamp(base, acquisition.scan_start)
    base.ImageType = ["ORIGINAL", "PRIMARY"]
    base.SeriesDescription = "PHANTOM PET WB AC"
    base.SeriesType, base.Units = ["WHOLE BODY", "IMAGE"], dialect.units
    base.CountsSource, base.DecayCorrection = "EMISSION", "START"
    base.NumberOfSlices = geometry.shape[0]
    base.CorrectedImage = list(dialect.corrections)
    base.RandomsCorrectionMethod = "DLYD"
    base.AttenuationCorrectionMethod = "CT-derived mu-map"
    base.ScatterCorrectionMethod = "Model-based"
    base.ReconstructionMethod, base.CollimatorType = dialect.reconstruction, "NONE"
    base.RescaleIntercept = 0  # PS3.3 C.8.9.4: always zero
    base.DoseCalibrationFactor = 1
    base.ActualFrameDuration = int(dialect.bed_duration_s * 1000)
    base.RadiopharmaceuticalInformationSequence = Sequence([_tracer(acquisition)])
    base.PatientOrientationCodeSequence = _code("F-10450", "SRT", "recumbent")
    supine = _code("F-10340", "SRT", "supine")
    base.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence = supine
    base.PatientGantryRelationshipCodeSequence = _code("F-10470", "SRT", "headfirst")
    if dialect.units == "CNTS":
        block = base.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x00, "DS", _ds(_PHILIPS_SUV_FACTOR))
        block.add_new(0x09, "DS", _ds(_PHILIPS_SUV_FACTOR * acquisition.bqml_per_suv))
    return base


def _tracer(acquisition: Acquisition) -> Dataset:
    item = Dataset()
    item.Radiopharmaceutical = acquisition.dialect.radiopharmaceutical
    item.RadiopharmaceuticalStartTime = _time(acquisition.injection)
    if acquisition.dialect.has_start_datetime:
        item.RadiopharmaceuticalStartDateTime = _date(acquisition.injection) + _time(
            acquisition.injection
        )
    item.RadionuclideTotalDose = _ds(acquisition.injected_dose_bq)
    item.RadionuclideHalfLife = _ds(acquisition.dialect.half_life_s)
    item.RadionuclidePositronFraction = _ds(_POSITRON_FRACTION)
    item.RadionuclideCodeSequence = _code("C-111A1", "SRT", "^18^Fluorine")
    item.RadiopharmaceuticalCodeSequence = _code("C-B1031", "SRT", "Fluorodeoxyglucose F^18^")
    return item


def stamp(dataset: Dataset, start: datetime) -> None:
    """Series, acquisition and content began at `start`."""
    dataset.SeriesDate, dataset.SeriesTime = _date(start), _time(start)
    dataset.AcquisitionDate, dataset.AcquisitionTime = _date(start), _time(start)
    dataset.ContentDate, dataset.ContentTime = _date(start), _time(start)


def _stamp_bed(dataset: Dataset, k: int, geometry: Geometry, acquisition: Acquisition) -> None:
    """Beds run from the thighs up: time of the bed, and the moment of its average count rate."""
    dialect = acquisition.dialect
    begun_s = dialect.bed_duration_s * int(k * geometry.spacing_mm[0] // dialect.bed_length_mm)
    start = acquisition.scan_start + timedelta(seconds=begun_s)
    dataset.AcquisitionDate, dataset.AcquisitionTime = _date(start), _time(start)
    decay = math.log(2) / dialect.half_life_s
    lasted = decay * dialect.bed_duration_s
    reference_s = begun_s + math.log(lasted / -math.expm1(-lasted)) / decay
    dataset.FrameReferenceTime = _ds(round(reference_s * 1000, 3))
    dataset.DecayFactor = _ds(round(math.exp(decay * reference_s), 6))


def _outside_field(geometry: Geometry) -> NDArray[np.bool_]:
    """True beyond the circle that a CT reconstructs."""
    rows, columns = geometry.shape[1:]
    row, column = np.ogrid[:rows, :columns]
    radius = np.hypot((row - (rows - 1) / 2) / rows, (column - (columns - 1) / 2) / columns)
    beyond: NDArray[np.bool_] = radius > 0.5
    return beyond


def _code(value: str, scheme: str, meaning: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def phantom_uid(acquisition: Acquisition, *parts: str) -> str:
    """A UID of this phantom: the same for the same parts."""
    sources = ["oligocount phantom", str(acquisition.seed), acquisition.vendor.value, *parts]
    return str(generate_uid(entropy_srcs=sources))


def _ds(value: float) -> DSfloat:
    return DSfloat(float(value), auto_format=True)


def _date(moment: datetime) -> str:
    return moment.strftime("%Y%m%d")


def _time(moment: datetime) -> str:
    return moment.strftime("%H%M%S.%f")
