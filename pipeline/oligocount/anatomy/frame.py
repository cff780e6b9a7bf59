"""The axial working grid: k up, j posterior, i left, with the patient's midline."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry, LabelMap, Volume
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.resample import resample_labels, resample_volume

Mask = NDArray[np.bool_]
Vector = NDArray[np.float64]

# Organs and stations are drawn with borders of several millimetres: a finer frame would cost eight
# times the memory and morphology for each halving, and say nothing more.
_FINEST_MM = 3.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """An axis-aligned grid with its coordinates, and the midline as (heights, x) in mm."""

    geometry: Geometry
    x_mm: Vector
    y_mm: Vector
    z_mm: Vector
    midline: tuple[Vector, Vector]

    def midline_at(self, z_mm: Vector) -> Vector:
        """X of the patient's midline at heights z."""
        found: Vector = np.interp(z_mm, *self.midline)
        return found

    def ball(self, radius_mm: float) -> Mask:
        """A structuring element of that radius; at least the voxel and its face neighbours."""
        spacing = self.geometry.spacing_mm
        reach = [max(1, int(radius_mm / s)) for s in spacing]
        axes = np.meshgrid(*[np.arange(-r, r + 1) for r in reach], indexing="ij")
        square = sum((a * s) ** 2 for a, s in zip(axes, spacing, strict=True))
        faces = sum(np.abs(a) for a in axes) <= 1
        found: Mask = (np.asarray(square) <= radius_mm**2) | faces
        return found


def axial_frame(like: Geometry, midline: tuple[Vector, Vector]) -> Frame:
    """The frame that covers `like`, at its spacing or 3 mm where that is finer.

    An axis-aligned `like` of 3 mm or more keeps its voxels.
    """
    grid = axial_grid(like, _axial_spacing(like))
    k, j, i = grid.shape
    return Frame(
        geometry=grid,
        x_mm=grid.affine[0, 3] + np.arange(i) * grid.affine[0, 2],
        y_mm=grid.affine[1, 3] + np.arange(j) * grid.affine[1, 1],
        z_mm=grid.affine[2, 3] + np.arange(k) * grid.affine[2, 0],
        midline=midline,
    )


def to_frame(labels: LabelMap, frame: Frame) -> LabelMap:
    """The labels on the frame's grid."""
    return resample_labels(labels, frame.geometry)


def volume_to_frame(volume: Volume, frame: Frame, *, outside: float) -> Volume:
    """The intensities on the frame's grid."""
    return resample_volume(volume, frame.geometry, outside=outside)


def _axial_spacing(like: Geometry) -> tuple[float, float, float]:
    """Spacing along (z, y, x): that of the index axis closest to each world axis, 3 mm or more."""
    cosines = np.abs(like.affine[:3, :3]) / np.array(like.spacing_mm)
    closest = cosines.argmax(axis=1)
    x, y, z = (max(like.spacing_mm[int(axis)], _FINEST_MM) for axis in closest)
    return (z, y, x)
