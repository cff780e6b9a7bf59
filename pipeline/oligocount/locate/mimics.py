"""Benign look-alikes that uptake cannot settle: the finding stays and becomes equivocal.

Infection of the lung, strained muscle, worn joints, vocal cords, one-sided brown fat, rows of rib
fractures, and symmetric hilar nodes (sarcoid-like, silicotic). A doubt is never a dismissal.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from oligocount.domain.anatomy import Side
from oligocount.domain.lesion import Kind, Status
from oligocount.domain.provenance import Caveat
from oligocount.locate.brown_fat import fat_density
from oligocount.locate.evidence import Focus, Scene
from oligocount.locate.opinion import Opinion
from oligocount.settings_anatomy import LocateSettings, MimicSettings


def with_doubts(
    foci: Sequence[Focus], opinions: Sequence[Opinion], scene: Scene, settings: LocateSettings
) -> list[Opinion]:
    """The opinions, those with a benign look-alike made equivocal and their reason extended."""
    doubted = []
    for focus, opinion in zip(foci, opinions, strict=True):
        text = None
        if opinion.status is Status.MALIGNANT and opinion.kind in (Kind.ORGAN, Kind.NODE):
            text = (
                _own_doubt(focus, opinion, scene, settings.mimic)
                or _fat_doubt(focus, opinion, scene, settings)
                or _shared_doubt(focus, opinion, foci, opinions, settings.mimic)
            )
        doubted.append(_equivocal(opinion, text) if text else opinion)
    return doubted


def _equivocal(opinion: Opinion, text: str) -> Opinion:
    caveat = Caveat(code="BENIGN_LOOKALIKE", text=text)
    return replace(opinion, status=Status.EQUIVOCAL, caveats=(*opinion.caveats, caveat))


def _own_doubt(focus: Focus, opinion: Opinion, scene: Scene, settings: MimicSettings) -> str | None:
    suv, size = focus.lesion.suv_max, focus.lesion.longest_diameter_mm
    organ, beside = opinion.site.organ, opinion.runner_up
    if organ == "lung" and size >= settings.opacity_min_mm and suv < settings.opacity_max_suv:
        return (
            f"large and faint in the lung ({size:.0f} mm, SUV {suv:.1f}): infection or aspiration"
        )
    in_muscle = "soft_tissue" in (organ, beside and beside.site.organ)
    if in_muscle and suv < settings.muscle_max_suv:
        return f"faint in muscle (SUV {suv:.1f}): strain, or tumour"
    if organ == "bone" and suv < settings.joint_max_suv and _at_joint(focus, settings):
        return f"faint at a joint (SUV {suv:.1f}): wear, or tumour"
    if opinion.kind is Kind.NODE and _at_vocal_cords(focus, scene, settings):
        return "beside the airway at the height of the larynx: vocal cord, or a node"
    return None


def _fat_doubt(
    focus: Focus, opinion: Opinion, scene: Scene, settings: LocateSettings
) -> str | None:
    """Fat without a hot mirror where brown fat lies: neck, fossae, axillae, along the spine."""
    structure = opinion.site.structure or ""
    if opinion.kind is not Kind.NODE or not structure.startswith(_BROWN_FAT):
        return None
    hu = fat_density(focus, scene, settings.physiologic)
    return f"in fat (mean {hu:.0f} HU) on this side alone: brown fat, or a node" if hu else None


_BROWN_FAT = ("104", "102", "100ac", "axillary", "paravertebral")


def _at_joint(focus: Focus, settings: MimicSettings) -> bool:
    """Two bones of different kinds meet here; neighbouring vertebrae and ribs do not count."""
    families = {
        name.split("_")[0]
        for name, gap in focus.distance_mm.items()
        if gap <= settings.joint_reach_mm and name.split("_")[0] in _JOINT_BONES
    }
    return len(families) >= 2


_JOINT_BONES = ("sternum", "clavicula", "humerus", "scapula", "femur", "hip", "sacrum", "costal")


def _at_vocal_cords(focus: Focus, scene: Scene, settings: MimicSettings) -> bool:
    cricoid, hyoid = (scene.anatomy.landmarks.get(n) for n in ("z_cricoid", "z_hyoid"))
    if cricoid is None or hyoid is None:
        return False
    x, _, z = focus.peak_lps_mm
    inside = cricoid.value_mm - 10.0 <= z <= hyoid.value_mm
    return inside and abs(x - scene.midline_mm()) <= settings.larynx_half_mm


def _shared_doubt(
    focus: Focus,
    opinion: Opinion,
    foci: Sequence[Focus],
    opinions: Sequence[Opinion],
    settings: MimicSettings,
) -> str | None:
    others = [(f, o) for f, o in zip(foci, opinions, strict=True) if f is not focus]
    if opinion.site.organ == "bone" and _is_rib(opinion):
        ribs = [f for f, o in others if o.site.organ == "bone" and _is_rib(o)]
        faint = focus.lesion.suv_max < settings.fracture_max_suv
        if faint and any(_in_a_row(focus, other, settings) for other in ribs):
            return "neighbouring ribs are hot in a row: fractures, or tumour"
    if _is_hilar(opinion):
        mates = [f for f, o in others if _is_hilar(o) and o.site.side is not opinion.site.side]
        if any(_alike(focus, mate, settings) for mate in mates):
            return "hilar nodes of both sides are alike: sarcoid-like or silicotic, or tumour"
    return None


def _is_rib(opinion: Opinion) -> bool:
    return (opinion.site.structure or "").startswith("rib")


def _in_a_row(one: Focus, other: Focus, settings: MimicSettings) -> bool:
    gap = np.abs(np.subtract(one.lesion.centroid_lps_mm, other.lesion.centroid_lps_mm))
    return bool(np.hypot(gap[0], gap[1]) <= settings.fracture_aside_mm and 8.0 <= gap[2] <= 50.0)


def _is_hilar(opinion: Opinion) -> bool:
    site = opinion.site
    if site.side not in (Side.LEFT, Side.RIGHT):
        return False
    if site.station is not None:
        return (site.station.iaslc or "").startswith(("10", "11"))
    runner_up = opinion.runner_up
    return bool(
        site.organ == "lung"
        and runner_up
        and runner_up.site.station
        and (runner_up.site.station.iaslc or "").startswith(("10", "11"))
    )


def _alike(one: Focus, other: Focus, settings: MimicSettings) -> bool:
    low, high = sorted((one.lesion.suv_max, other.lesion.suv_max))
    level = abs(one.lesion.centroid_lps_mm[2] - other.lesion.centroid_lps_mm[2])
    return high <= settings.symmetry_ratio * low and level <= settings.symmetry_mm
