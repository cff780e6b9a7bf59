"""Where each voxel of a grid lies in a patient and in the template: size, deformation, arms."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry
from oligocount.simulate.atlas import PatientOrgans

_NODE_MM = 32.0
_ELBOW_MM = np.array([-285.0, 18.0, 222.0])
_SHOULDER_MM = np.array([-8.0, -12.0, 190.0])  # (z, y, |x|) of the humeral head in the template


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How one phantom stands: scales (z, y, x), elastic nodes, arms, fat and breathing.

    `elastic_mm` (3, k, j, i) has nodes every `_NODE_MM` over the whole body; `arm_angle` in
    radians for (right, left), 0 = as in the template, pi = straight up; `elbow_angle` bends the
    forearms; `fat_mm` is laid under the skin of the trunk (negative = leaner).
    """

    scale: tuple[float, float, float]
    elastic_mm: NDArray[np.float32]
    arm_angle: tuple[float, float]
    elbow_angle: float
    fat_mm: float
    limb_fat_mm: float


def draw_pose(rng: np.random.Generator, *, arms_up: bool) -> Pose:
    """A random pose: body height x 0.9 to 1.1, elastic waves of a few mm, thin to obese."""
    size = rng.uniform(0.93, 1.08)
    scale = size * np.exp(rng.normal(0, 0.03, 3))
    nodes = _smooth_noise(rng, (58, 17, 25)) * rng.uniform(1.0, 7.0)
    low, high = (2.45, 2.95) if arms_up else (-0.12, 0.15)
    angles = rng.uniform(low, high) + rng.normal(0, 0.05, 2)
    return Pose(
        scale=(float(scale[0]), float(scale[1]), float(scale[2])),
        elastic_mm=nodes,
        arm_angle=(float(angles[0]), float(angles[1])),
        elbow_angle=float(rng.uniform(0.3, 2.0)) if arms_up else float(rng.uniform(-0.3, 0.2)),
        fat_mm=float(np.clip(rng.gamma(1.6, 9.0) - 8.0, -6.0, 55.0)),
        limb_fat_mm=float(rng.uniform(-4.0, 8.0)),
    )


def _smooth_noise(rng: np.random.Generator, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Smooth vectors of unit deviation, (3, k, j, i)."""
    noise = torch.from_numpy(rng.normal(size=(1, 3, *shape)).astype(np.float32))
    kernel = torch.tensor([0.25, 0.5, 0.25])
    for axis in (2, 3, 4):
        view = [1] * 5
        view[axis] = 3
        weight = kernel.view(view).repeat(3, 1, 1, 1, 1)
        padding = tuple(int(axis == d) for d in (2, 3, 4))
        noise = torch.nn.functional.conv3d(noise, weight, padding=padding, groups=3)
    smooth: NDArray[np.float32] = (noise / noise.std())[0].numpy()
    return smooth


def grid_points(geometry: Geometry, slab: slice) -> tuple[NDArray[np.float32], ...]:
    """z, y and x (mm) along the axes of an axis-aligned grid, slices `slab` only."""
    counts = (range(slab.start, slab.stop), range(geometry.shape[1]), range(geometry.shape[2]))
    steps = geometry.spacing_mm
    start = geometry.affine[:3, 3][::-1]
    return tuple((start[d] + steps[d] * np.array(counts[d])).astype(np.float32) for d in range(3))


def to_patient(
    axes: tuple[NDArray[np.float32], ...], pose: Pose
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Patient points (3, k, j, i) of grid axes: scaled and deformed; and the points unscaled."""
    points = np.stack(np.meshgrid(*axes, indexing="ij")) / np.array(pose.scale, np.float32).reshape(
        3, 1, 1, 1
    )
    origin = np.array([-1500.0, -250.0, -384.0])
    return points + sample_nodes(pose.elastic_mm, points, origin, _NODE_MM), points


def to_template(points: NDArray[np.float32], patient: PatientOrgans) -> NDArray[np.float32]:
    """Template points of patient points, through the patient's own field."""
    shift = sample_nodes(patient.field, points, patient.field_origin_mm, patient.node_mm)
    moved: NDArray[np.float32] = points + shift
    return moved


def to_arm(points: NDArray[np.float32], angle: float, *, side: float) -> NDArray[np.float32]:
    """Template points of an arm turned about the shoulder; `side` is -1 right, 1 left."""
    z = points[0] - _SHOULDER_MM[0]
    x = side * points[2] - _SHOULDER_MM[2]
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    turned_z = cosine * z - sine * x
    turned_x = sine * z + cosine * x
    return np.stack(
        [turned_z + _SHOULDER_MM[0], points[1], side * (turned_x + _SHOULDER_MM[2])]
    ).astype(np.float32)


def bent(place: NDArray[np.float32], angle: float, *, side: float) -> NDArray[np.float32]:
    """Template points of a forearm bent by `angle` at the elbow, away from the trunk."""
    z, x = place[0] - _ELBOW_MM[0], side * place[2] - _ELBOW_MM[2]
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    turned_z, turned_x = cosine * z - sine * x, sine * z + cosine * x
    return np.stack([turned_z + _ELBOW_MM[0], place[1], side * (turned_x + _ELBOW_MM[2])]).astype(
        np.float32
    )


def sample_nodes(
    nodes: NDArray[np.float32],
    points: NDArray[np.float32],
    origin_mm: NDArray[np.float64],
    node_mm: float,
) -> NDArray[np.float32]:
    """Vectors (3, ...) at points (3, ...), linear between nodes, held constant beyond them."""
    counts = np.array(nodes.shape[1:], np.float32)
    where = [
        (points[d] - np.float32(origin_mm[d])) * np.float32(2 / (node_mm * (counts[d] - 1))) - 1
        for d in (2, 1, 0)
    ]
    grid = torch.from_numpy(np.stack(where, axis=-1))[None]
    found = torch.nn.functional.grid_sample(
        torch.from_numpy(nodes)[None], grid, mode="bilinear", padding_mode="border",
        align_corners=True,
    )  # fmt: skip
    sampled: NDArray[np.float32] = found[0].numpy()
    return sampled
