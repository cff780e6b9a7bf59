"""A phantom's MR as DICOM series: MR Image Storage, one frame of reference an examination."""

from datetime import timedelta
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from oligocount.domain.volume import Unit
from oligocount.simulate.acquisition import Acquisition
from oligocount.simulate.dicom import phantom_uid, series_base, stamp, write_slices
from oligocount.simulate.mr import PhantomMr, series_protocols

_FIRST_NUMBER = 10
_DAYS_LATER = 3


def write_mr(mr: PhantomMr, folder: Path, *, acquisition: Acquisition) -> tuple[Path, ...]:
    """Each series of the examination lies in a folder of its own below `folder`.

    Raises PublishError when a file cannot be written.
    """
    return tuple(
        _write_one(mr, name, folder / f"mr_{mr.part.value}_{name}", acquisition)
        for name in mr.series
    )


def _write_one(mr: PhantomMr, name: str, folder: Path, acquisition: Acquisition) -> Path:
    volume = mr.series[name]
    header = dict(series_protocols(mr.part))[name]
    number = _FIRST_NUMBER + list(mr.series).index(name)
    base = series_base(
        volume.geometry, acquisition, modality="MR", number=number, sop_class=MRImageStorage
    )
    stamp(base, acquisition.scan_start + timedelta(days=_DAYS_LATER))
    part = mr.part.value
    base.StudyInstanceUID = phantom_uid(acquisition, "study", "MR", part)
    base.SeriesInstanceUID = phantom_uid(acquisition, "series", "MR", part, name)
    base.FrameOfReferenceUID = phantom_uid(acquisition, "frame", "MR", part)
    base.StudyDescription = f"PHANTOM MR {part.upper()}"
    base.SeriesDescription, base.BodyPartExamined = header["description"], header["body_part"]
    base.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    base.ScanningSequence, base.SequenceVariant = header["sequence"], header["variant"]
    base.ScanOptions, base.MRAcquisitionType, base.EchoTrainLength = "", "2D", "1"
    base.EchoTime, base.RepetitionTime = header["echo_ms"], header["repetition_ms"]
    if header["inversion_ms"] is not None:
        base.InversionTime = header["inversion_ms"]
    if header["agent"] is not None:
        base.ContrastBolusAgent = header["agent"]
    if volume.unit is Unit.ADC:
        base.ImageType = ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]
        base.RescaleSlope, base.RescaleIntercept = 1, 0
        base.RescaleType = "10^-6 mm^2/s"

    def fill(dataset: Dataset, k: int) -> None:
        dataset.SOPInstanceUID = phantom_uid(acquisition, "MR", part, name, str(k))
        stored = np.clip(np.rint(volume.array[k]), 0, 32767).astype("<i2")
        dataset.PixelData = stored.tobytes()

    write_slices(base, volume.geometry, folder, acquisition, fill, lambda _: None)
    return folder
