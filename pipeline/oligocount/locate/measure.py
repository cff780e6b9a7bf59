"""What a lesion measures: volume, position, diameter and uptake. Pure arithmetic in boxes."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects
from scipy.signal import fftconvolve
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from oligocount.domain.lesion import Lesion, LesionMap
from oligocount.domain.volume import Geometry, Volume
from oligocount.errors import GeometryError
from oligocount.geometry.box import grown
from oligocount.geometry.memory import Memory, voxel_key

_PEAK_RADIUS_MM = (1000 * 3 / (4 * np.pi)) ** (1 / 3)  # of the 1 cm3 sphere: diameter 12.4 mm
_PARTS = 7  # a voxel's share in the sphere is counted on 7 x 7 x 7 points
_SLAB = 48  # slices convolved at once: bounds the memory of a lesion as large as the body

_Box = tuple[slice, slice, slice]


def measure(
    lesion_map: LesionMap, suv: Volume, *, memory: Memory | None = None
) -> tuple[Lesion, ...]:
    """Every lesion of the map, measured on `suv`, in the order of labels; absent ones left out.

    MTV is the lesion's own volume and TLG its product with the mean. SUVpeak is the highest mean
    over a sphere of 1 cm3 centred on a voxel of the lesion (EARL; Wahl 2009, PERCIST): voxels
    count by their share in the sphere, also those beyond the lesion's edge, and a sphere that
    leaves the image is averaged over what lies within. The diameter is the longest between
    voxel corners. `memory` knows lesions of this scan from earlier calls.
    Raises GeometryError when map and SUV lie on different grids.
    """
    labels = lesion_map.labels
    if not labels.geometry.is_same_grid(suv.geometry):
        raise GeometryError("lesions and SUV lie on different grids")
    kernel = sphere_kernel(suv.geometry)
    known = memory or Memory()

    def measured(label: int, box: _Box) -> Lesion:
        key = voxel_key(labels.array[box] == label, box)
        lesion = known.ask("measured", key, lambda: _measured(label, box, lesion_map, suv, kernel))
        return replace(lesion, id=label, probability=lesion_map.probability.get(label))

    boxes = enumerate(find_objects(labels.array), start=1)
    return tuple(measured(label, box) for label, box in boxes if box is not None)


def sphere_kernel(geometry: Geometry) -> NDArray[np.float64]:
    """The share of each voxel in the 1 cm3 sphere centred on the middle one; odd-sized."""
    to_mm = geometry.affine[:3, :3]
    reach = _PEAK_RADIUS_MM * np.linalg.norm(np.linalg.inv(to_mm), axis=1)  # in voxels, per axis
    half = np.floor(reach + 0.5).astype(int)
    parts = (np.arange(_PARTS) - (_PARTS - 1) / 2) / _PARTS
    axes = [(np.arange(-n, n + 1)[:, None] + parts).ravel() for n in half]
    offsets = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) @ to_mm.T
    is_inside = (offsets**2).sum(axis=-1) <= _PEAK_RADIUS_MM**2
    blocks = [size for n in half for size in (2 * n + 1, _PARTS)]
    share: NDArray[np.float64] = is_inside.reshape(blocks).mean(axis=(1, 3, 5))
    return share


def _measured(
    label: int, box: _Box, lesion_map: LesionMap, suv: Volume, kernel: NDArray[np.float64]
) -> Lesion:
    mask = lesion_map.labels.array[box] == label
    values = suv.array[box][mask].astype(np.float64)
    volume_ml = values.size * suv.geometry.voxel_volume_ml
    start = np.array([one.start for one in box], float)
    centre = suv.geometry.to_lps_mm(np.argwhere(mask).mean(axis=0) + start)
    return Lesion(
        id=label,
        centroid_lps_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        volume_ml=volume_ml,
        longest_diameter_mm=_longest_diameter_mm(mask, suv.geometry),
        suv_max=float(values.max()),
        suv_peak=_peak(mask, box, suv, kernel),
        suv_mean=float(values.mean()),
        mtv_ml=volume_ml,
        tlg=float(values.mean()) * volume_ml,
        probability=lesion_map.probability.get(label),
    )


def _longest_diameter_mm(mask: NDArray[np.bool_], geometry: Geometry) -> float:
    """Only the ends of each row can be corners of the convex hull."""
    rows = np.argwhere(mask.any(axis=2))
    inside = mask[rows[:, 0], rows[:, 1]]
    first = inside.argmax(axis=1)
    last = mask.shape[2] - inside[:, ::-1].argmax(axis=1)
    ends = np.concatenate([np.column_stack([rows, first]), np.column_stack([rows, last])])
    steps = np.array([(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0)])
    corners = np.unique((ends[:, None] + steps).reshape(-1, 3), axis=0).astype(float)
    hull = corners[ConvexHull(corners).vertices]
    return float(pdist(hull @ geometry.affine[:3, :3].T).max())


def _peak(mask: NDArray[np.bool_], box: _Box, suv: Volume, kernel: NDArray[np.float64]) -> float:
    best = -np.inf
    for part, wide, inner in _slabs(box, suv.geometry.shape, kernel.shape):
        around = suv.array[wide].astype(np.float64)
        total = fftconvolve(around, kernel, mode="same")[inner]
        weight = fftconvolve(np.ones(around.shape), kernel, mode="same")[inner]
        chosen = mask[part]
        if chosen.any():
            best = max(best, float((total[chosen] / weight[chosen]).max()))
    return best


def _slabs(
    box: _Box, shape: tuple[int, ...], size: tuple[int, ...]
) -> Iterator[tuple[slice, _Box, _Box]]:
    """Pieces of the box along k: the part, the part with surroundings, the part within these."""
    half = [n // 2 for n in size]
    for start in range(box[0].start, box[0].stop, _SLAB):
        piece = (slice(start, min(start + _SLAB, box[0].stop)), box[1], box[2])
        wide = grown(piece, half, shape)
        inner = [
            slice(one.start - w.start, one.stop - w.start)
            for one, w in zip(piece, wide, strict=True)
        ]
        part = slice(start - box[0].start, piece[0].stop - box[0].start)
        yield part, wide, (inner[0], inner[1], inner[2])
