"""The ureter: a thin hot track between the kidney's hilum and the bladder."""

import numpy as np
from scipy import ndimage

from oligocount.domain.anatomy import Side, Site
from oligocount.domain.lesion import Kind, RunnerUp, Status
from oligocount.locate.evidence import Focus, Scene
from oligocount.locate.opinion import Opinion
from oligocount.settings_anatomy import PhysiologicSettings


def ureter_opinion(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    """Benign for a thin upright track on a ureter's course, equivocal for a round spot there."""
    for side in (Side.RIGHT, Side.LEFT):
        gap = _gap_to_course(focus, scene, side)
        if gap is None or gap > settings.ureter_reach_mm:
            continue
        x, y, z = focus.extent_mm
        thin = _thickness_mm(focus, scene) <= settings.ureter_max_width_mm
        if not thin:
            continue
        site = Site(organ="ureter", organ_system="kidney", structure="ureter", side=side)
        upright = z >= settings.ureter_elongation * min(x, y)
        where = f"{gap:.0f} mm from the course of the {_WORD[side]} ureter"
        if upright or focus.lesion.suv_max >= settings.ureter_urine_suv:
            return Opinion(
                kind=Kind.PHYSIOLOGIC,
                status=Status.BENIGN,
                site=site,
                reason=f"thin hot track {where}",
            )
        return Opinion(
            kind=Kind.NODE,
            status=Status.EQUIVOCAL,
            site=Site(organ="lymph_node", organ_system="lymph_node", side=side),
            reason=f"small spot {where}: urine or a node",
            runner_up=RunnerUp(site=site, margin_mm=gap),
        )
    return None


_FORWARD_MM = 15.0  # over the psoas and the iliac vessels the ureter runs in front of the line
_WORD = {Side.LEFT: "left", Side.RIGHT: "right"}


def _gap_to_course(focus: Focus, scene: Scene, side: Side) -> float | None:
    """Distance in the axial plane from the peak to the line kidney hilum -> bladder."""
    ends = _course(scene, side)
    if ends is None:
        return None
    hilum, bladder = ends
    x, y, z = focus.peak_lps_mm
    if not min(bladder[2], hilum[2]) <= z <= max(bladder[2], hilum[2]) + 10.0:
        return None
    along = (hilum[2] - z) / max(hilum[2] - bladder[2], 1.0)
    expected = hilum + np.clip(along, 0, 1) * (bladder - hilum)
    expected[1] -= _FORWARD_MM * np.sin(np.pi * np.clip(along, 0, 1))
    return float(np.hypot(x - expected[0], y - expected[1]))


def _course(scene: Scene, side: Side) -> tuple[np.ndarray, np.ndarray] | None:
    """Hilum of the kidney (its medial face at mid-height) and the bladder's shoulder, LPS mm."""
    kidney = scene.mask(f"kidney_{_WORD[side]}")
    bladder = scene.mask("urinary_bladder")
    if not kidney.any() or not bladder.any():
        return None
    geometry = scene.anatomy.organs.labels.geometry
    k = geometry.to_lps_mm(np.argwhere(kidney).astype(float))
    b = geometry.to_lps_mm(np.argwhere(bladder).astype(float))
    sign = 1.0 if side is Side.LEFT else -1.0
    medial = float(np.percentile(sign * k[:, 0], 5)) * sign
    hilum = np.array([medial, np.median(k[:, 1]), np.median(k[:, 2])])
    shoulder = float(np.percentile(sign * b[:, 0], 90)) * sign
    return hilum, np.array([shoulder, np.percentile(b[:, 1], 90), np.median(b[:, 2])])


def _thickness_mm(focus: Focus, scene: Scene) -> float:
    """Twice the greatest inscribed radius of the hot core."""
    padded = np.pad(focus.core, 1)
    return 2.0 * float(ndimage.distance_transform_edt(padded, scene.spacing_mm).max())
