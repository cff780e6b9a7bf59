"""A phantom's volumes and label maps as NIfTI. The only place here that knows RAS."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.geometry.affine import lps_from_ras, reverse_index_order

_SCANNER = 1  # NIfTI-1 qform/sform code: scanner-based anatomical coordinates
_FAST = 3  # gzip level: a tenth larger than the best, five times as fast


def write_volume(file: Path, volume: Volume) -> None:
    """The volume stands in the file as float32, in its own unit."""
    _write(file, volume.array.astype(np.float32), volume.geometry)


def write_labels(file: Path, labels: LabelMap) -> None:
    """The label map stands in the file, in the smallest unsigned integers that hold it."""
    kind = np.min_scalar_type(int(labels.array.max(initial=0)))
    _write(file, labels.array.astype(kind), labels.geometry)


def _write(file: Path, array: NDArray[np.generic], geometry: Geometry) -> None:
    image = nib.Nifti1Image(
        array.transpose(2, 1, 0), lps_from_ras(reverse_index_order(geometry.affine))
    )
    image.header.set_xyzt_units("mm")
    image.set_qform(image.affine, _SCANNER)
    image.set_sform(image.affine, _SCANNER)
    file.write_bytes(gzip.compress(image.to_bytes(), compresslevel=_FAST, mtime=0))
