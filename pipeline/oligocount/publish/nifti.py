"""Arrays as NIfTI-1 files. The only place here that knows RAS."""

import gzip
from typing import Any

import nibabel as nib
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry
from oligocount.geometry.affine import lps_from_ras, reverse_index_order

FAST = 1  # noise hardly shrinks: more effort gains a few per cent
_THOROUGH = 6
_SCANNER = 1  # NIfTI-1 qform/sform code: scanner-based anatomical coordinates


def nifti_gz(array: NDArray[Any], geometry: Geometry, *, level: int = _THOROUGH) -> bytes:
    """An array (k, j, i) as a gzipped NIfTI-1 file; the same array gives the same bytes."""
    affine = lps_from_ras(reverse_index_order(geometry.affine))  # from (i, j, k) to RAS mm
    image = nib.Nifti1Image(array.transpose(2, 1, 0), affine)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, _SCANNER)
    image.set_sform(affine, _SCANNER)
    return gzip.compress(image.to_bytes(), compresslevel=level, mtime=0)
