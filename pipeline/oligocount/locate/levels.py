"""How hot an organ is without the focus, and how hot the mirrored place is."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.locate.evidence import Focus, Scene

_MIN_VOXELS = 20


def level_outside(
    scene: Scene, focus: Focus, structures: tuple[str, ...], *, percentile: float
) -> float | None:
    """A percentile of SUV in the structures outside the focus and its blur, if enough is left."""
    voxels = scene.voxels(*structures)
    away = np.ones(len(voxels), bool)
    in_box = np.flatnonzero(
        np.all([(voxels[:, n] >= one.start) & (voxels[:, n] < one.stop)
                for n, one in enumerate(focus.box)], axis=0)
    )  # fmt: skip
    blurred = ndimage.binary_dilation(focus.mask, iterations=2)
    away[in_box] = ~blurred[tuple((voxels[in_box] - [one.start for one in focus.box]).T)]
    values = scene.suv[tuple(voxels[away].T)]
    return float(np.percentile(values, percentile)) if values.size >= _MIN_VOXELS else None


def mirrored_level(scene: Scene, focus: Focus, *, radius_mm: float = 12.0) -> float:
    """The greatest SUV near the place of the peak mirrored at the midline.

    0 beyond the scan, and where the mirrored place is the focus's own surroundings.
    """
    suv, _ = _mirrored(scene, focus, radius_mm)
    return float(suv.max()) if suv.size else 0.0


def mirrored_fat_level(
    scene: Scene, focus: Focus, *, hu: tuple[float, float], radius_mm: float = 12.0
) -> float:
    """The same among voxels of fat alone; 0 where the mirrored place holds none."""
    suv, density = _mirrored(scene, focus, radius_mm)
    fat = (density >= hu[0]) & (density <= hu[1])
    return float(suv[fat].max()) if fat.any() else 0.0


def other_side_level(scene: Scene, focus: Focus, *, half_mm: tuple[float, float, float]) -> float:
    """The greatest SUV beyond the midline, within (x, y, z) of the peak; 0 where nothing lies.

    For structures too broad to have a mirror point: x counts from the midline.
    """
    geometry = scene.anatomy.organs.labels.geometry
    x, y, z = focus.peak_lps_mm
    sign = -1.0 if x > scene.midline_mm() else 1.0
    near, far = scene.midline_mm() + sign * 5.0, scene.midline_mm() + sign * half_mm[0]
    corners = [
        geometry.to_index(np.array([a, y + b * half_mm[1], z + c * half_mm[2]]))
        for a in (near, far) for b in (-1, 1) for c in (-1, 1)
    ]  # fmt: skip
    low = np.floor(np.min(corners, axis=0)).astype(int)
    high = np.ceil(np.max(corners, axis=0)).astype(int) + 1
    box = tuple(slice(max(0, a), max(0, b)) for a, b in zip(low, high, strict=True))
    values = scene.suv[box]
    return float(values.max()) if values.size else 0.0


def _mirrored(
    scene: Scene, focus: Focus, radius_mm: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """SUV and HU of the mirrored place without the focus itself; HU is not a number without CT."""
    geometry = scene.anatomy.organs.labels.geometry
    x, y, z = focus.peak_lps_mm
    if abs(x - scene.midline_mm()) < 1.5 * radius_mm:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    mirrored = np.array([2 * scene.midline_mm() - x, y, z])
    centre = np.round(geometry.to_index(mirrored)).astype(int)
    reach = [max(1, round(radius_mm / s)) for s in scene.spacing_mm]
    low = [max(0, c - r) for c, r in zip(centre, reach, strict=True)]
    box = tuple(slice(a, max(a, c + r + 1)) for a, c, r in zip(low, centre, reach, strict=True))
    other = scene.foci[box] != focus.lesion.id
    suv = scene.suv[box][other]
    density = np.full(suv.shape, np.nan, np.float32)
    return suv, density if scene.ct_hu is None else scene.ct_hu[box][other]
