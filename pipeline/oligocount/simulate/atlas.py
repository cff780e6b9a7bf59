"""The shipped anatomy: one whole-body template and real patients' organs with their way to it.

Points are (z, y, x) in mm: z up from the apex of the lungs, y posterior and x left from the
middle of the lungs. Sources and licences: configs/simulator/README.md.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.resources import shipped_folder

PATIENT_ORGANS = ("", "spleen", "kidney", "liver", "urinary_bladder", "lung", "brain", "heart",
                  "stomach", "prostate")  # fmt: skip
BONES = ("vertebrae_", "rib_", "sternum", "skull", "clavicula_", "scapula_", "humerus_", "hip_",
         "femur_", "sacrum", "arm_bones_", "leg_bones_")  # fmt: skip
_ARMPIT_MM = -330.0
_ARM_EDGE_MM = 166.0
_HAND_EDGE_MM = 192.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Template:
    """The atlas body. `labels` index `names`; voxel (0, 0, 0) lies at `origin_mm`.

    `depth_mm` is the distance to the skin of head, trunk and legs, positive inside, and
    `arm_depth_mm` that of the arms, both on every second voxel; `cortex` marks the shell of bones;
    `stations` index `station_names`.
    """

    labels: NDArray[np.uint8]
    names: tuple[str, ...]
    stations: NDArray[np.uint8]
    station_names: tuple[str, ...]
    cortex: NDArray[np.bool_]
    depth_mm: NDArray[np.float32]
    arm_depth_mm: NDArray[np.float32]
    origin_mm: NDArray[np.float64]
    spacing_mm: float

    def ids(self, *prefixes: str) -> list[int]:
        """The labels whose names begin with any of the prefixes."""
        return [i for i, name in enumerate(self.names) if name.startswith(prefixes)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatientOrgans:
    """One real patient's organs and the displacement (mm) from here to the template.

    `labels` index PATIENT_ORGANS, voxel (0, 0, 0) at `origin_mm`; `field` (3, k, j, i) has nodes
    every `node_mm` from `field_origin_mm`; organs are known for z within `z_range_mm`.
    """

    number: int
    labels: NDArray[np.uint8]
    spacing_mm: float
    origin_mm: NDArray[np.float64]
    field: NDArray[np.float32]
    node_mm: float
    field_origin_mm: NDArray[np.float64]
    z_range_mm: tuple[float, float]

    @property
    def is_female(self) -> bool:
        """True where the map shows no prostate."""
        return not (self.labels == PATIENT_ORGANS.index("prostate")).any()


@lru_cache(maxsize=1)
def load_template() -> Template:
    """The shipped template with what follows from it; later calls return the same object."""
    with np.load(shipped_folder("configs") / "simulator" / "template.npz") as content:
        labels, names = content["labels"], tuple(str(n) for n in content["names"])
        stations = content["stations"]
        station_names = tuple(str(n) for n in content["station_names"])
        origin = content["origin_mm"].astype(float)
        spacing = float(content["spacing_mm"])
    bone = np.isin(labels, [i for i, n in enumerate(names) if n.startswith(BONES)])
    z, _, x = (origin[d] + spacing * np.arange(labels.shape[d]) for d in range(3))
    arm = np.broadcast_to(is_arm(z[:, None], x[None])[:, None], labels.shape)
    body = labels > 0
    return Template(
        labels=labels,
        names=names,
        stations=stations,
        station_names=station_names,
        cortex=bone & ~ndimage.binary_erosion(bone),
        depth_mm=_depth(body & ~arm, spacing),
        arm_depth_mm=_depth(body & arm, spacing),
        origin_mm=origin,
        spacing_mm=spacing,
    )


def patient_numbers(*, held_out: bool) -> tuple[int, ...]:
    """The shipped patients for training, or those that no training may see."""
    with np.load(shipped_folder("configs") / "simulator" / "patients.npz") as content:
        return tuple(int(n) for n in content["held_out" if held_out else "training"])


@lru_cache(maxsize=2)
def load_smooth_patient(number: int) -> PatientOrgans:
    """One shipped patient's organs at half the spacing, their steps smoothed away."""
    coarse = load_patient(number)
    fine = np.zeros(tuple(2 * n for n in coarse.labels.shape), np.uint8)
    for organ, box in enumerate(ndimage.find_objects(coarse.labels), 1):
        if box is None:
            continue
        grown = tuple(
            slice(max(0, b.start - 3), min(n, b.stop + 3))
            for b, n in zip(box, coarse.labels.shape, strict=True)
        )
        mask = ndimage.gaussian_filter((coarse.labels[grown] == organ).astype(np.float32), 0.8)
        inside = ndimage.zoom(mask, 2, order=1, grid_mode=True, mode="nearest") > 0.5
        part = fine[tuple(slice(2 * b.start, 2 * b.stop) for b in grown)]
        part[inside & (part == 0)] = organ
    return replace(
        coarse,
        labels=fine,
        spacing_mm=coarse.spacing_mm / 2,
        origin_mm=coarse.origin_mm - coarse.spacing_mm / 4,
    )


@lru_cache(maxsize=4)
def load_patient(number: int) -> PatientOrgans:
    """One shipped patient's organs."""
    with np.load(shipped_folder("configs") / "simulator" / "patients.npz") as content:
        low, high = content[f"z_{number}"]
        return PatientOrgans(
            number=number,
            labels=content[f"labels_{number}"],
            spacing_mm=float(content["spacing_mm"]),
            origin_mm=content["origin_mm"].astype(float),
            field=np.cumsum(content[f"field_{number}"], axis=1, dtype=np.float32),
            node_mm=float(content["node_mm"]),
            field_origin_mm=content["field_origin_mm"].astype(float),
            z_range_mm=(float(low), float(high)),
        )


def nearest(
    points: NDArray[np.float32],
    origin: NDArray[np.float64],
    spacing: float,
    shape: tuple[int, ...],
) -> NDArray[np.int64]:
    """Flat indices of the voxels nearest to points (3, ...), -1 outside the array."""
    flat = np.zeros(points.shape[1:], np.int64)
    inside = np.ones(points.shape[1:], bool)
    for d in range(3):
        along = np.rint((points[d] - np.float32(origin[d])) / np.float32(spacing)).astype(np.int64)
        inside &= (along >= 0) & (along < shape[d])
        flat = flat * shape[d] + along
    return np.where(inside, flat, -1)


def depth_at(
    points: NDArray[np.float32], depth: NDArray[np.float32], template: Template
) -> NDArray[np.float32]:
    """Depth below the skin at points (3, ...); far outside the array it is -99."""
    index = nearest(points, template.origin_mm, 2 * template.spacing_mm, depth.shape)
    found: NDArray[np.float32] = np.where(index < 0, np.float32(-99.0), depth.ravel()[index])
    return found


def is_arm(z: NDArray[np.floating[Any]], x: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """True for template points that move with an arm."""
    beside: NDArray[np.bool_] = np.abs(x) > np.where(z > _ARMPIT_MM, _ARM_EDGE_MM, _HAND_EDGE_MM)
    return beside & (z > -770)


def _depth(part: NDArray[np.bool_], spacing: float) -> NDArray[np.float32]:
    coarse = part[::2, ::2, ::2]
    inside = ndimage.distance_transform_edt(coarse)
    outside = ndimage.distance_transform_edt(~coarse)
    depth: NDArray[np.float32] = ((inside - outside) * 2 * spacing).astype(np.float32)
    return depth
