"""Affines: building them, changing between LPS and RAS, cropping and regridding a geometry."""

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry

_FLIP_XY = np.diag([-1.0, -1.0, 1.0, 1.0])


def lps_from_ras(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn an affine whose world is RAS mm into one whose world is LPS mm, or back."""
    return _FLIP_XY @ affine


def reverse_index_order(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn an affine of (i, j, k) into one of (k, j, i), or back."""
    return affine[:, [2, 1, 0, 3]]


def crop(geometry: Geometry, box: tuple[slice, slice, slice]) -> Geometry:
    """The geometry of `array[box]`; slices have explicit starts and stops and no step."""
    start = np.array([one.start for one in box], float)
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.to_lps_mm(start)
    shape = tuple(one.stop - one.start for one in box)
    return Geometry(
        shape=(shape[0], shape[1], shape[2]),
        affine=affine,
        frame_of_reference_uid=geometry.frame_of_reference_uid,
    )


def regrid(geometry: Geometry, spacing_mm: tuple[float, float, float]) -> Geometry:
    """The same box and axes with another spacing (k, j, i); voxel edges coincide at index 0."""
    old = np.array(geometry.spacing_mm)
    new = np.array(spacing_mm, float)
    shape = np.maximum(1, np.ceil(np.array(geometry.shape) * old / new - 1e-6)).astype(int)
    affine = geometry.affine.copy()
    affine[:3, :3] = geometry.affine[:3, :3] / old * new
    affine[:3, 3] = geometry.to_lps_mm((new / old - 1) / 2)
    return Geometry(
        shape=(int(shape[0]), int(shape[1]), int(shape[2])),
        affine=affine,
        frame_of_reference_uid=geometry.frame_of_reference_uid,
    )


def axial_grid(geometry: Geometry, spacing_mm: tuple[float, float, float]) -> Geometry:
    """An axis-aligned grid (k up, j posterior, i left) that covers the geometry's box."""
    corners = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in geometry.shape], indexing="ij"))
    world = geometry.to_lps_mm(corners.reshape(3, -1).T)
    low, high = world.min(axis=0), world.max(axis=0)
    step = np.array(spacing_mm[::-1], float)  # (x, y, z)
    count = np.maximum(1, np.ceil((high - low) / step - 1e-6)).astype(int)
    affine = np.zeros((4, 4))
    affine[0, 2], affine[1, 1], affine[2, 0], affine[3, 3] = *step, 1.0
    affine[:3, 3] = low + step / 2
    return Geometry(
        shape=(int(count[2]), int(count[1]), int(count[0])),
        affine=affine,
        frame_of_reference_uid=geometry.frame_of_reference_uid,
    )
