"""The ureter: a thin hot track between the kidney's hilum and the bladder."""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from oligocount.domain.anatomy import Side, Site
from oligocount.domain.lesion import Kind, RunnerUp, Status
from oligocount.locate.evidence import Focus, Scene, solid_share
from oligocount.locate.opinion import Opinion
from oligocount.settings_anatomy import PhysiologicSettings


def pelvis_opinion(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    """Benign for a small focus as hot as urine at a kidney's medial face, at its own height."""
    small = focus.lesion.volume_ml <= settings.pelvis_max_ml
    hot = focus.lesion.suv_max >= settings.pelvis_min_suv
    vessels = focus.gap_to("aorta", "inferior_vena_cava") <= settings.great_vessel_mm
    if not small or not hot or vessels or solid_share(focus, scene) > 0.3:
        return None
    for side in (Side.RIGHT, Side.LEFT):
        near = focus.gap_to(f"kidney_{_WORD[side]}")
        if near <= settings.pelvis_reach_mm and _at_hilum(focus, scene, side):
            return Opinion(
                kind=Kind.PHYSIOLOGIC,
                status=Status.BENIGN,
                site=Site(organ="kidney", organ_system="kidney", side=side),
                reason=f"hot as urine (SUV {focus.lesion.suv_max:.1f}), {near:.0f} mm from the "
                f"{_WORD[side]} kidney's hilum: renal pelvis",
            )
    return None


def _at_hilum(focus: Focus, scene: Scene, side: Side) -> bool:
    """Medial to the kidney's middle, within its height, no further forward than its front."""
    points = _points(scene, f"kidney_{_WORD[side]}")
    if points is None:
        return False
    x, y, z = focus.peak_lps_mm
    sign = 1.0 if side is Side.LEFT else -1.0
    low, high = np.percentile(points[:, 2], [5, 85])
    medial = sign * x < sign * float(np.median(points[:, 0]))
    return bool(medial and low <= z <= high and y >= np.percentile(points[:, 1], 5) - 10.0)


def ureter_opinion(focus: Focus, scene: Scene, settings: PhysiologicSettings) -> Opinion | None:
    """Benign for a thin upright track on a ureter's course, equivocal for a round spot there."""
    for side in (Side.RIGHT, Side.LEFT):
        gap = _gap_to_course(focus, scene, side)
        if gap is None or gap > settings.ureter_reach_mm:
            continue
        x, y, z = focus.extent_mm
        thin = _thickness_mm(focus, scene) <= settings.ureter_max_width_mm
        if not thin or (z < max(x, y) and gap > settings.ureter_near_mm):
            continue
        site = Site(organ="ureter", organ_system="kidney", structure="ureter", side=side)
        upright = z >= settings.ureter_elongation * max(x, y)
        where = f"{gap:.0f} mm from the course of the {_WORD[side]} ureter"
        near = gap <= settings.ureter_near_mm
        if near and (upright or focus.lesion.suv_max >= settings.ureter_urine_suv):
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


def with_ureter_chains(
    foci: Sequence[Focus], opinions: Sequence[Opinion], settings: PhysiologicSettings
) -> list[Opinion]:
    """The opinions, a spot in doubt made benign where it continues a recognised ureter.

    One ureter shows as a row of spots: as hot, nearly above one another, on the same side.
    """
    sure = [
        (focus, opinion)
        for focus, opinion in zip(foci, opinions, strict=True)
        if opinion.kind is Kind.PHYSIOLOGIC and opinion.site.structure == "ureter"
    ]
    return [
        _joined(focus, opinion, sure, settings)
        for focus, opinion in zip(foci, opinions, strict=True)
    ]


def _joined(
    focus: Focus,
    opinion: Opinion,
    sure: Sequence[tuple[Focus, Opinion]],
    settings: PhysiologicSettings,
) -> Opinion:
    if opinion.status is not Status.EQUIVOCAL or opinion.runner_up is None:
        return opinion
    site = opinion.runner_up.site
    in_a_row = any(
        mate.site.side is site.side and _continues(focus, piece, settings) for piece, mate in sure
    )
    if site.structure != "ureter" or not in_a_row:
        return opinion
    text = f"{opinion.reason.split(':')[0]}, in a row with the ureter's other spots"
    return Opinion(kind=Kind.PHYSIOLOGIC, status=Status.BENIGN, site=site, reason=text)


def _continues(one: Focus, other: Focus, settings: PhysiologicSettings) -> bool:
    gap = np.abs(np.subtract(one.peak_lps_mm, other.peak_lps_mm))
    levels = sorted((one.lesion.suv_max, other.lesion.suv_max))
    return bool(
        np.hypot(gap[0], gap[1]) <= settings.ureter_row_aside_mm
        and gap[2] <= settings.ureter_row_mm
        and levels[1] <= settings.ureter_row_ratio * levels[0]
    )


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
    k, b = _points(scene, f"kidney_{_WORD[side]}"), _points(scene, "urinary_bladder")
    if k is None or b is None:
        return None
    sign = 1.0 if side is Side.LEFT else -1.0
    medial = float(np.percentile(sign * k[:, 0], 5)) * sign
    hilum = np.array([medial, np.median(k[:, 1]), np.median(k[:, 2])])
    shoulder = float(np.percentile(sign * b[:, 0], 90)) * sign
    return hilum, np.array([shoulder, np.percentile(b[:, 1], 90), np.median(b[:, 2])])


def _points(scene: Scene, stem: str) -> np.ndarray | None:
    """LPS mm of every voxel of a structure, or None."""
    index = scene.voxels(stem)
    if not index.size:
        return None
    return scene.anatomy.organs.labels.geometry.to_lps_mm(index.astype(float))


def _thickness_mm(focus: Focus, scene: Scene) -> float:
    """Twice the greatest inscribed radius of the hot core."""
    padded = np.pad(focus.core, 1)
    return 2.0 * float(ndimage.distance_transform_edt(padded, scene.spacing_mm).max())
