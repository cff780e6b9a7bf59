"""Intensity volumes as NIfTI."""

from pathlib import Path

import nibabel
import numpy as np

from oligocount.domain.volume import Volume
from oligocount.geometry.affine import lps_from_ras, reverse_index_order

_SCANNER = 1  # NIfTI-1 qform/sform code: scanner-based anatomical coordinates
_INT16 = np.iinfo(np.int16)


def write_volume(file: Path, volume: Volume) -> None:
    """The volume stands in the file, in RAS; whole numbers as int16, all others as float32."""
    array = volume.array
    is_small = array.min() >= _INT16.min and array.max() <= _INT16.max
    if is_small and np.array_equal(array, np.rint(array)):
        array = array.astype(np.int16)  # CT: half the bytes
    affine = lps_from_ras(reverse_index_order(volume.geometry.affine))
    image = nibabel.Nifti1Image(array.transpose(2, 1, 0), affine)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, _SCANNER)
    image.set_sform(affine, _SCANNER)
    nibabel.save(image, file)
