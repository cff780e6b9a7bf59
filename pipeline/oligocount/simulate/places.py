"""Where a focus may be centred: deep in its organ, in the fat of its station, beside a bone."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.simulate.body import BodyMap

INNER = ("torso_fat", "muscle")
# What lies between the organs: nodes lie here, and here only (project rule 2.3, 0).
BETWEEN = (*INNER, "subcutaneous_tissue")
_LUNG_ROOT = ("bronchus", "pulmonary_", "trachea", "aorta", "superior_vena_cava", "azygos_vein",
              "heart", "esophagus", "torso_fat", "muscle")  # fmt: skip
_SEROSAL = ("small_bowel", "colon", "liver", "spleen", "stomach")
_BESIDE_LUNG_MM = 8.0
_NEAR_SEROSA_MM = 12.0
_DEEP, _DEEPEST = 0.6, 0.7  # shares of the focus's radius, and of what the organ allows
_MARGIN_MM = 24.0

Index = tuple[int, int, int]


def pick(mask: NDArray[np.bool_], rng: np.random.Generator) -> Index | None:
    """One voxel of the mask at random, or None."""
    places = np.flatnonzero(mask)
    if places.size == 0:
        return None
    k, j, i = np.unravel_index(int(places[rng.integers(places.size)]), mask.shape)
    return int(k), int(j), int(i)


def pick_deep(
    mask: NDArray[np.bool_], near: Index, radius_mm: float, spacing_mm: float,
    rng: np.random.Generator,
) -> Index:  # fmt: skip
    """A voxel about `near` so deep in the mask that the core of such a focus stays within.

    A thin organ gives its deepest part. `near` lies in the mask.
    """
    box = _around(near, radius_mm + _MARGIN_MM, spacing_mm, mask.shape)
    depth = ndimage.distance_transform_edt(np.pad(mask[box], 1))[1:-1, 1:-1, 1:-1] * spacing_mm
    enough = min(_DEEP * radius_mm, _DEEPEST * float(depth.max()))
    places = np.argwhere(depth >= enough)
    k, j, i = places[int(rng.integers(len(places)))]
    return int(k) + box[0].start, int(j) + box[1].start, int(i) + box[2].start


def nearest_place(
    mask: NDArray[np.bool_], at: NDArray[np.float64], reach_mm: float, spacing_mm: float
) -> Index | None:
    """The voxel of the mask nearest to a point (k, j, i), or None within `reach_mm`."""
    top = np.array(mask.shape) - 1
    k, j, i = (int(v) for v in np.clip(np.rint(at), 0, top))
    box = _around((k, j, i), reach_mm, spacing_mm, mask.shape)
    places = np.argwhere(mask[box]) + np.array([part.start for part in box])
    if len(places) == 0:
        return None
    gaps = np.linalg.norm(places - at, axis=1)
    best = int(gaps.argmin())
    if gaps[best] * spacing_mm > reach_mm:
        return None
    return int(places[best][0]), int(places[best][1]), int(places[best][2])


def node_places(body: BodyMap, region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where in a station's region a node's centre may lie: between the organs.

    At the root of the lung there is nothing between: there a node displaces the lung that
    lies against the mediastinum.
    """
    found = region & body.where(*BETWEEN)
    lung = region & body.where("lung_")
    if not lung.any():
        return found
    spacing = body.geometry.spacing_mm[0]
    box = grown(region, _BESIDE_LUNG_MM, spacing)
    root = body.where(*_LUNG_ROOT)[box]
    gap = ndimage.distance_transform_edt(~root) * spacing
    found[box] |= lung[box] & (gap <= _BESIDE_LUNG_MM)
    return found


def peritoneal_places(body: BodyMap) -> NDArray[np.bool_]:
    """Fat against bowel, stomach, liver or spleen, below the dome and outside nodal stations."""
    serosa = body.where(*_SEROSAL)
    liver = np.flatnonzero(body.where("liver").any(axis=(1, 2)))
    if not serosa.any() or liver.size == 0:
        return np.zeros(body.labels.shape, bool)
    spacing = body.geometry.spacing_mm[0]
    box = grown(serosa, _NEAR_SEROSA_MM, spacing)
    found = np.zeros(body.labels.shape, bool)
    gap = ndimage.distance_transform_edt(~serosa[box]) * spacing
    found[box] = gap <= _NEAR_SEROSA_MM
    found[liver[-1] :] = False
    found &= body.where("torso_fat") & (body.stations == 0)
    return found


def _around(
    at: Index, reach_mm: float, spacing_mm: float, shape: tuple[int, ...]
) -> tuple[slice, slice, slice]:
    reach = int(np.ceil(reach_mm / spacing_mm))
    k, j, i = (
        slice(max(0, c - reach), min(n, c + reach + 1)) for c, n in zip(at, shape, strict=True)
    )
    return k, j, i


def grown(
    mask: NDArray[np.bool_], margin_mm: float, spacing_mm: float
) -> tuple[slice, slice, slice]:
    """The box of the mask with a margin; the mask is not empty."""
    margin = int(np.ceil(margin_mm / spacing_mm)) + 1
    k, j, i = ndimage.find_objects(mask.astype(np.uint8))[0]
    return (
        slice(max(0, k.start - margin), k.stop + margin),
        slice(max(0, j.start - margin), j.stop + margin),
        slice(max(0, i.start - margin), i.stop + margin),
    )
