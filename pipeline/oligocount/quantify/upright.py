"""Arrays as one looks at them: the first axis running up, with millimetres along each axis."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.study import AlignedImages

_AXIAL = 0.9  # cosine between slice normal and z; steeper scans are not judged


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Upright:
    """SUV, CT and labels with k upward; j and i as they were. `z_mm` is the height of each k."""

    suv: NDArray[np.float32]
    ct_hu: NDArray[np.float32] | None
    labels: NDArray[np.integer]
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
    z_mm = geometry.affine[2, 3] + step[2] * np.arange(geometry.shape[0])
    return Upright(
        suv=images.suv.array[turn],
        ct_hu=None if images.ct is None else images.ct.array[turn],
        labels=organs.labels.array[turn],
        z_mm=z_mm[turn],
        spacing_mm=geometry.spacing_mm,
        voxel_ml=geometry.voxel_volume_ml,
    )
