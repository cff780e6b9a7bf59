"""Arrays as one looks at them: the first axis running up, voxels of a few millimetres."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.study import AlignedImages

_AXIAL = 0.9  # cosine between slice normal and z; steeper scans are not judged
_FINE_MM = 4.0  # finer grids are averaged up to this: doubts are told in centimetres

_Steps = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Upright:
    """SUV, CT and labels with k upward; j and i as they were. `z_mm` is the height of each k."""

    suv: NDArray[np.float32]
    ct_hu: NDArray[np.float32] | None
    labels: NDArray[np.integer[Any]]
    z_mm: NDArray[np.float64]
    spacing_mm: tuple[float, float, float]
    voxel_ml: float


def upright(images: AlignedImages, organs: OrganMap) -> Upright | None:
    """The images turned so that k runs up; None where slices are not axial."""
    geometry = images.suv.geometry
    step = geometry.affine[:3, 0]
    if abs(step[2]) < _AXIAL * np.linalg.norm(step):
        return None
    turn = slice(None, None, -1 if step[2] < 0 else 1)
    n_k, n_j, n_i = (max(1, int(_FINE_MM // each)) for each in geometry.spacing_mm)
    steps = (n_k, n_j, n_i)
    heights = geometry.affine[2, 3] + step[2] * np.arange(geometry.shape[0])
    spacing = np.multiply(geometry.spacing_mm, steps)
    return Upright(
        suv=_averaged(images.suv.array, steps)[turn],
        ct_hu=None if images.ct is None else _averaged(images.ct.array, steps)[turn],
        labels=_sampled(organs.labels.array, steps)[turn],
        z_mm=_averaged(heights[:, None, None], (n_k, 1, 1)).ravel()[turn].astype(np.float64),
        spacing_mm=(float(spacing[0]), float(spacing[1]), float(spacing[2])),
        voxel_ml=geometry.voxel_volume_ml * n_k * n_j * n_i,
    )


def _averaged(array: NDArray[Any], steps: _Steps) -> NDArray[np.float32]:
    """Means over whole blocks; a rest at the far ends is left out, but never all of an axis."""
    if steps == (1, 1, 1):
        return array
    sizes = [max(1, n // step) for n, step in zip(array.shape, steps, strict=True)]
    fitting = [min(step, n) for n, step in zip(array.shape, steps, strict=True)]
    whole = array[tuple(slice(0, n * step) for n, step in zip(sizes, fitting, strict=True))]
    blocks = [each for pair in zip(sizes, fitting, strict=True) for each in pair]
    mean: NDArray[np.float32] = whole.reshape(blocks).mean(axis=(1, 3, 5), dtype=np.float32)
    return mean


def _sampled(array: NDArray[np.integer[Any]], steps: _Steps) -> NDArray[np.integer[Any]]:
    """The label in the middle of each block."""
    sizes = [max(1, n // step) for n, step in zip(array.shape, steps, strict=True)]
    middles = tuple(
        np.arange(n) * step + min(step, full) // 2
        for n, step, full in zip(sizes, steps, array.shape, strict=True)
    )
    return array[np.ix_(*middles)]
