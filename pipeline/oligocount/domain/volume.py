"""Images on a grid, and the conventions of the whole package.

Arrays are (slice k, row j, column i). World is LPS millimetres: x grows to the patient's
left, y posterior, z superior. `Geometry.affine` maps (k, j, i, 1) to (x, y, z, 1).
SUV means SUVbw in g/ml unless a name says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from oligocount.errors import GeometryError

_Scalar = TypeVar("_Scalar", bound=np.generic)


class Unit(Enum):
    """What a voxel's number means."""

    SUVBW = "SUVbw g/ml"
    BQML = "Bq/ml"
    CNTS = "counts"
    PROPCPS = "proportional counts per second"
    GML = "g/ml"
    CM2ML = "cm2/ml"
    HU = "HU"
    ADC = "ADC um2/s"
    ARBITRARY = "arbitrary"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Geometry:
    """Where voxels lie: `shape` (k, j, i) and a 4 x 4 affine from (k, j, i, 1) to LPS mm.

    Raises GeometryError when the affine is not finite or not invertible.
    """

    shape: tuple[int, int, int]
    affine: NDArray[np.float64]
    frame_of_reference_uid: str | None = None

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise GeometryError(f"affine must be 4 x 4 and finite, found {affine.tolist()}")
        if abs(np.linalg.det(affine[:3, :3])) < 1e-9:
            raise GeometryError(f"affine is not invertible: {affine.tolist()}")
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise GeometryError(f"shape must be three positive numbers, found {self.shape}")
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)
        object.__setattr__(self, "shape", tuple(int(n) for n in self.shape))

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between voxel centres along (k, j, i)."""
        norms = np.linalg.norm(self.affine[:3, :3], axis=0)
        return (float(norms[0]), float(norms[1]), float(norms[2]))

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    def to_lps_mm(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map indices (..., 3) as (k, j, i) to LPS mm (..., 3) as (x, y, z)."""
        rotated: NDArray[np.float64] = np.asarray(index, np.float64) @ self.affine[:3, :3].T
        return rotated + self.affine[:3, 3]

    def to_index(self, lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map LPS mm (..., 3) to fractional indices (..., 3) as (k, j, i)."""
        inverse = np.linalg.inv(self.affine)
        rotated: NDArray[np.float64] = np.asarray(lps_mm, np.float64) @ inverse[:3, :3].T
        return rotated + inverse[:3, 3]

    def is_same_grid(self, other: "Geometry", tolerance_mm: float = 1e-3) -> bool:
        """True when both grids have the same shape and each corner lies within the tolerance."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in self.shape], indexing="ij"), float)
        index = corners.reshape(3, -1).T
        gap = np.abs(self.to_lps_mm(index) - other.to_lps_mm(index)).max()
        return bool(gap <= tolerance_mm)


@dataclass(frozen=True, slots=True, weakref_slot=True, kw_only=True, eq=False)
class Volume:
    """Intensities: float32 (k, j, i), a unit and a geometry. The array is read-only."""

    array: NDArray[np.float32]
    unit: Unit
    geometry: Geometry

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "array", _read_only(np.asarray(self.array, np.float32), self.geometry)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelMap:
    """Integers with names: 0 is background. Never interpolated linearly. Array is read-only."""

    array: NDArray[np.integer[Any]]
    names: Mapping[int, str] = field(default_factory=dict)
    geometry: Geometry

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        if not np.issubdtype(array.dtype, np.integer):
            raise GeometryError(f"a label map holds integers, found {array.dtype}")
        object.__setattr__(self, "array", _read_only(array, self.geometry))

    def id_of(self, name: str) -> int | None:
        """The label of a name, or None."""
        return next((label for label, each in self.names.items() if each == name), None)

    def mask(self, *names: str) -> NDArray[np.bool_]:
        """True where a voxel carries any of the names; names that are absent give nothing."""
        labels = [label for label, each in self.names.items() if each in names]
        if not labels:
            return np.zeros(self.array.shape, bool)
        lookup = np.zeros(max(int(self.array.max(initial=0)), *labels) + 1, bool)
        lookup[labels] = True
        found: NDArray[np.bool_] = lookup[self.array]
        return found


def _read_only(array: NDArray[_Scalar], geometry: Geometry) -> NDArray[_Scalar]:
    if array.shape != geometry.shape:
        raise GeometryError(f"array {array.shape} does not fit the geometry {geometry.shape}")
    view = array.view()
    view.setflags(write=False)
    return view
