"""Maximum-intensity projections of a PET, seen from around the patient."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Volume
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.resample import resample_volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Projection:
    """A picture (row down, column right) of maxima, and where LPS points fall in it.

    `angle_deg` turns the observer about the patient's long axis: 0 is frontal (the patient's
    right at the picture's left), 90 is seen from the patient's left (anterior at its left).
    """

    picture: NDArray[np.float32]
    angle_deg: float
    pixel_mm: float
    centre_lps_mm: tuple[float, float, float]

    def to_pixel(self, lps_mm: tuple[float, float, float]) -> tuple[float, float]:
        """The (x, y) of a point in pixels from the picture's upper left corner."""
        dx, dy, dz = np.subtract(lps_mm, self.centre_lps_mm)
        across = _across(dx, dy, self.angle_deg)
        rows, columns = self.picture.shape
        return (
            float(columns / 2 + across / self.pixel_mm),
            float(rows / 2 - dz / self.pixel_mm),
        )


def project(
    suv: Volume, angles_deg: tuple[float, ...], *, pixel_mm: float, body_suv: float
) -> tuple[Projection, ...]:
    """One projection an angle; all share size and centre, so that they can be turned through.

    They are as wide as the part of the field of view where uptake reaches `body_suv`.
    """
    grid = axial_grid(suv.geometry, (pixel_mm, pixel_mm, pixel_mm))
    upright = resample_volume(suv, grid, outside=0.0).array
    rows, depth, width = upright.shape
    centre = grid.to_lps_mm((np.array(upright.shape, float) - 1) / 2)
    inside = (upright >= body_suv).any(axis=0)
    y, x = np.nonzero(inside if inside.any() else np.ones((depth, width), bool))
    left, back = x - (width - 1) / 2, y - (depth - 1) / 2
    columns = 2 * int(np.ceil(np.hypot(left, back).max() + 1))
    rays = upright[::-1, y, x]
    return tuple(
        Projection(
            picture=_picture(rays, _across(left, back, angle), (rows, columns)),
            angle_deg=angle,
            pixel_mm=pixel_mm,
            centre_lps_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        )
        for angle in angles_deg
    )


def _across(
    x: NDArray[np.float64], y: NDArray[np.float64], angle_deg: float
) -> NDArray[np.float64]:
    """How far to the picture's right an in-plane offset from the centre lies."""
    turn = np.deg2rad(angle_deg)
    across: NDArray[np.float64] = x * np.cos(turn) + y * np.sin(turn)
    return across


def _picture(
    rays: NDArray[np.float32], across: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Maxima of the rays (row, ray) that fall on each column; a ray touches its two nearest."""
    picture = np.zeros(shape, np.float32)
    exact = np.round(across + (shape[1] - 1) / 2, 6)  # a whole column stays whole
    for column in (np.floor(exact).astype(int), np.ceil(exact).astype(int)):
        order = np.argsort(column, kind="stable")
        hit, start = np.unique(column[order], return_index=True)
        maxima = np.maximum.reduceat(rays[:, order], start, axis=1)
        picture[:, hit] = np.maximum(picture[:, hit], maxima)
    return picture
