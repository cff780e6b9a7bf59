"""What of a scan can be measured to judge it: levels, coverage, PET against CT, tracer in an arm.

Pure: images, organs and tracer in, numbers out. What the organ map could not have drawn is never
taken for absent; what cannot be measured stays None.
"""

import fnmatch
import functools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.quality import ScanQuality
from oligocount.domain.study import AlignedImages, Tracer
from oligocount.domain.volume import Unit
from oligocount.errors import InputError
from oligocount.quantify.offset import diaphragm_offset_mm, outline_offset_mm, trunk_outline
from oligocount.quantify.patient import dose_bq
from oligocount.quantify.upright import Upright, upright
from oligocount.quantify.uptake import uptake_minutes
from oligocount.settings_quantify import QualitySettings, QuantifySettings

Mask = NDArray[np.bool_]

_BRAIN = ("brain",)
_SKULL = ("skull", "skull_*")
_HIP = ("hip", "hip_*")
_STRAY = 2  # per cent of an organ's voxels that may lie astray


def measure_quality(
    images: AlignedImages,
    organs: OrganMap,
    tracer: Tracer | None,
    settings: QuantifySettings,
    *,
    glucose_mmol_l: float | None = None,
    missing_slices: int | None = None,
) -> ScanQuality:
    """All that can be measured; of slices that are not axial only what headers and voxels say."""
    stated = ScanQuality(
        voxel_mm=images.suv.geometry.spacing_mm,
        missing_slices=missing_slices,
        glucose_mmol_l=glucose_mmol_l,
        injected_dose_mbq=_dose_mbq(tracer, settings),
        uptake_minutes=uptake_minutes(tracer, settings) if tracer else None,
    )
    view = upright(images, organs)
    if view is None:
        return stated
    return _of_pixels(stated, view, organs, tracer, images.suv.unit, settings.quality)


def _dose_mbq(tracer: Tracer | None, settings: QuantifySettings) -> float | None:
    try:
        return dose_bq(tracer, settings.magnitude).value / 1e6 if tracer else None
    except InputError:
        return None


def _of_pixels(
    stated: ScanQuality, view: Upright, organs: OrganMap, tracer: Tracer | None, unit: Unit,
    settings: QualitySettings,
) -> ScanQuality:  # fmt: skip
    smooth = ndimage.gaussian_filter(
        view.suv, [settings.smooth_mm / each for each in view.spacing_mm]
    )
    outline = functools.partial(trunk_outline, spacing_mm=view.spacing_mm, open_mm=settings.open_mm)
    pet_mask = smooth > settings.body_suv
    pet_body = outline(pet_mask)
    ct_body = None if view.ct_hu is None else outline(view.ct_hu > settings.body_hu)
    found = replace(
        stated,
        covered_mm=float(np.ptp(view.z_mm)) + view.spacing_mm[0],
        not_covered=_not_covered(view, organs, settings),
    )
    if unit is Unit.SUVBW:
        body = pet_body if ct_body is None else ct_body
        hottest, percent = _arms(view, pet_mask, tracer, settings)
        found = replace(
            found,
            liver_suv=_inner_mean(view, organs, ("liver",), settings),
            aorta_suv=_inner_mean(view, organs, ("aorta",), settings),
            body_suv=float(view.suv[body].mean()) if body.any() else None,
            arm_suv=hottest,
            arm_dose_percent=percent,
        )
    if ct_body is None:
        return found
    return replace(
        found,
        outline_offset_mm=outline_offset_mm(pet_body, ct_body, view.spacing_mm),
        diaphragm_offset_mm=_diaphragm_mm(view, organs, settings),
    )


def _inner_mean(
    view: Upright, organs: OrganMap, patterns: tuple[str, ...], settings: QualitySettings
) -> float | None:
    mask = _drawn(view, organs, patterns)
    steps = [max(1, round(settings.region_margin_mm / each)) for each in view.spacing_mm]
    inner = ndimage.binary_erosion(mask, np.ones([2 * n + 1 for n in steps]))
    if inner.sum() * view.voxel_ml < settings.min_region_ml:
        return None
    return float(view.suv[inner].mean())


def _not_covered(view: Upright, organs: OrganMap, settings: QualitySettings) -> tuple[str, ...]:
    """Skull base to mid-thigh is expected."""
    missing = []
    if any(_could_draw(organs, each) and _ml(view, organs, each) < settings.min_head_ml
           for each in (_BRAIN, _SKULL)):  # fmt: skip
        missing.append("the skull base")
    if _could_draw(organs, _HIP):
        heights = np.nonzero(_drawn(view, organs, _HIP))[0]
        if heights.size * view.voxel_ml < settings.min_hip_ml:
            missing.append("the pelvis")
        elif np.percentile(heights, _STRAY) * view.spacing_mm[0] < settings.min_thigh_mm:
            missing.append("the thighs")
    return tuple(missing)


def _arms(
    view: Upright, pet_mask: Mask, tracer: Tracer | None, settings: QualitySettings
) -> tuple[float, float | None]:
    """The hottest voxel beside the trunk, and the per cent of the dose that leaked there."""
    arms = _beside_trunk(pet_mask, settings.trunk_share)
    hottest = float(view.suv[arms].max(initial=0.0))
    weight_kg = tracer.patient_weight_kg if tracer else None
    leaked = float(view.suv[arms & (view.suv > settings.leak_suv)].sum()) * view.voxel_ml
    return hottest, None if not weight_kg else leaked / (weight_kg * 10)  # of 1000 g per kg, in %


def _beside_trunk(mask: Mask, trunk_share: float) -> Mask:
    in_plane = np.zeros((3, 3, 3), bool)
    in_plane[1] = True
    parts, count = ndimage.label(mask, in_plane)
    if not count:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    largest = np.array([sizes[np.unique(one)].max() for one in parts])
    beside: Mask = mask & (sizes[parts] < trunk_share * largest[:, None, None])
    return beside


def _diaphragm_mm(view: Upright, organs: OrganMap, settings: QualitySettings) -> float | None:
    if view.ct_hu is None:
        return None
    liver, lung = _drawn(view, organs, ("liver",)), _drawn(view, organs, ("lung", "lung_*"))
    return diaphragm_offset_mm(view.suv, view.ct_hu, liver, lung, view.spacing_mm[0], settings)


def _could_draw(organs: OrganMap, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.filter(organs.known, each) for each in patterns)


def _drawn(view: Upright, organs: OrganMap, patterns: tuple[str, ...]) -> Mask:
    labels = [
        label
        for label, name in organs.labels.names.items()
        if any(fnmatch.fnmatchcase(name, each) for each in patterns)
    ]
    found: Mask = np.isin(view.labels, labels)
    return found


def _ml(view: Upright, organs: OrganMap, patterns: tuple[str, ...]) -> float:
    return float(np.count_nonzero(_drawn(view, organs, patterns)) * view.voxel_ml)
