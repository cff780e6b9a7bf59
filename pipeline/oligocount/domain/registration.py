"""How one image was brought into the frame of another, and how sure that is."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.volume import Geometry
from oligocount.errors import GeometryError

_UNDO_STEPS = 20  # each halves what is left, and more, where a bend does not fold


class MoveSource(Enum):
    """Where a move comes from."""

    SAME_FRAME = "same frame of reference"
    REGISTERED = "registered"
    BENT = "registered and bent"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bend:
    """A smooth bend of the frame that an image is brought into.

    What lies at p there lies at p + `field_mm` (k, j, i, 3; LPS mm) in the rigidly moved image;
    beyond the grid nothing is bent.
    """

    field_mm: NDArray[np.float32]
    geometry: Geometry

    def at(self, lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """The displacement (n, 3) at points (n, 3) of the frame."""
        index = self.geometry.to_index(lps_mm).T
        parts = [
            ndimage.map_coordinates(self.field_mm[..., axis], index, order=1, cval=0.0)
            for axis in range(3)
        ]
        return np.stack(parts, axis=1).astype(np.float64)

    def undone(self, lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where in the frame the points (n, 3) of the rigidly moved image lie."""
        there = lps_mm
        for _ in range(_UNDO_STEPS):
            there = lps_mm - self.at(there)
        return there

    def stretch(self) -> NDArray[np.float64]:
        """How many times its volume each place is given (k, j, i); below 0 it folds."""
        step = self.geometry.affine[:3, :3]
        along = [np.gradient(self.field_mm.astype(np.float64), axis=axis) for axis in range(3)]
        by_index = np.stack(along, axis=-1)
        stretched: NDArray[np.float64] = np.linalg.det(np.eye(3) + by_index @ np.linalg.inv(step))
        return stretched


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Move:
    """A rigid move of LPS mm: points of an image to points of the frame that it is brought into.

    `matrix` is 4 x 4 for columns (x, y, z, 1). `uncertainty_mm` is the least that a point may lie
    from where the move puts it; `repeats` are the moves that other runs found; `bend` is what was
    bent beyond the rigid move. Raises GeometryError when the matrix is no rotation and shift.
    """

    matrix: NDArray[np.float64]
    source: MoveSource
    uncertainty_mm: float
    repeats: tuple[NDArray[np.float64], ...] = ()
    bend: Bend | None = None

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, np.float64)
        turn = matrix[:3, :3] if matrix.shape == (4, 4) else np.zeros((3, 3))
        if np.abs(turn @ turn.T - np.eye(3)).max() > 1e-6 or np.linalg.det(turn) < 0:
            raise GeometryError(f"expected a rigid 4 x 4 matrix, found {matrix.tolist()}")
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    def apply(self, lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """The points (..., 3) where the move puts them."""
        moved: NDArray[np.float64] = lps_mm @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        return moved if self.bend is None else self.bend.undone(moved)

    def uncertainty_at(self, lps_mm: NDArray[np.float64]) -> float:
        """How far the middle of the points (n, 3) may lie from where the move puts it.

        A turn that is not sure moves what is far from the middle more than what is near.
        """
        middle = np.append(lps_mm.mean(axis=0), 1.0)
        gaps = [float(np.linalg.norm(((one - self.matrix) @ middle)[:3])) for one in self.repeats]
        return max((self.uncertainty_mm, *gaps))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration:
    """The outcome of a registration: a move, or None with the reason why none is to be trusted.

    `information` is the mutual information at the optimum in nats, `spread_mm` how far repeated
    runs from disturbed starts lie apart, `overlap` the share of the image inside the other,
    `rivalry` how good another place or the image turned over is against the best, 1 as good.
    """

    move: Move | None
    information: float
    spread_mm: float
    overlap: float
    rivalry: float
    reason: str
