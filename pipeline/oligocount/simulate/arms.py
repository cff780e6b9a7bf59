"""Both arms, turned at shoulder and elbow: beside the trunk, or up beside the head."""

import numpy as np
from numpy.typing import NDArray

from oligocount.simulate.atlas import Template, depth_at, nearest
from oligocount.simulate.pose import Pose, bent, to_arm

_ELBOW_Z_MM = -290.0
_SHOULDER_MM = (-12.0, -5.0)  # z, y of the middle of the shoulder
_CAP_MM = 50.0


def draw_arms(
    points: NDArray[np.float32], pose: Pose, template: Template, names: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Labels and bone shells of the arms at points (3, k, j, i) of the undeformed patient."""
    labels = np.zeros(points.shape[1:], np.uint8)
    cortex = np.zeros(points.shape[1:], bool)
    for side, angle in zip((-1.0, 1.0), pose.arm_angle, strict=True):
        columns = np.flatnonzero((side * points[2, 0, 0]) > -60)
        if columns.size == 0:
            continue
        part = slice(int(columns[0]), int(columns[-1]) + 1)
        place = to_arm(points[..., part], angle, side=side)
        fore = bent(place, pose.elbow_angle, side=side)
        is_fore = fore[0] < _ELBOW_Z_MM
        for where, allowed in ((place, place[0] >= _ELBOW_Z_MM), (fore, is_fore)):
            found, shell = _arm_at(where, pose, template, names)
            new = allowed & (found > 0) & (side * where[2] > 0) & (labels[..., part] == 0)
            labels[..., part][new] = found[new]
            cortex[..., part][new] = shell[new]
        cap = _cap(points[..., part], side) & (labels[..., part] == 0)
        labels[..., part][cap] = names.index("muscle")
    return labels, cortex


def _cap(points: NDArray[np.float32], side: float) -> NDArray[np.bool_]:
    """The round of the shoulder, which stays when the arm turns."""
    z, y, x = points[0] - _SHOULDER_MM[0], points[1] - _SHOULDER_MM[1], side * points[2]
    inside: NDArray[np.bool_] = z * z + y * y + (x - 168) ** 2 < _CAP_MM**2
    return inside


def _arm_at(
    place: NDArray[np.float32], pose: Pose, template: Template, names: tuple[str, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    muscle, fat = names.index("muscle"), names.index("subcutaneous_tissue")
    depth = depth_at(place, template.arm_depth_mm, template) + pose.limb_fat_mm
    index = nearest(place, template.origin_mm, template.spacing_mm, template.labels.shape)
    found = np.where(index < 0, 0, template.labels.ravel()[index])
    inside = depth > 0
    bone = inside & (found > 1)
    soft = np.where(depth < 5.0 + max(pose.limb_fat_mm, 0), fat, muscle)
    labels = np.where(bone, found, np.where(inside, soft, 0)).astype(np.uint8)
    return labels, bone & template.cortex.ravel()[index]
