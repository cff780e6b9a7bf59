"""Intensity volumes as NIfTI."""

from pathlib import Path

import numpy as np

from oligocount.domain.volume import Volume
from oligocount.publish.nifti import FAST, nifti_gz

_INT16 = np.iinfo(np.int16)


def write_volume(file: Path, volume: Volume) -> None:
    """The volume stands in the file; whole numbers as int16, all others as float32."""
    array = volume.array
    is_small = array.min() >= _INT16.min and array.max() <= _INT16.max
    if is_small and np.array_equal(array, np.rint(array)):
        array = array.astype(np.int16)  # CT: half the bytes
    file.write_bytes(nifti_gz(array, volume.geometry))


def write_suv(file: Path, suv: Volume) -> None:
    """The SUV stands in the file as it was counted on: float32, nothing but numbers and place."""
    file.write_bytes(nifti_gz(suv.array, suv.geometry, level=FAST))


def write_ct(file: Path, ct: Volume) -> None:
    """The CT stands in the file in whole HU, for pictures: int16, nothing but numbers and place."""
    whole = np.clip(np.rint(ct.array), _INT16.min, _INT16.max).astype(np.int16)
    file.write_bytes(nifti_gz(whole, ct.geometry, level=FAST))
