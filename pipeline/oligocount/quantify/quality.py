"""What is unusual about a scan, in words: levels, coverage, PET against CT, a dose beside the vein.

Pure: images, organs and tracer in, caveats out. Nothing is corrected and nothing refused. What
the organ map could not have drawn is never taken for absent. Uptake time and doubts of the SUV
route are told by `suv`, missing slices by intake.
"""

import fnmatch
import functools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import AlignedImages, Tracer
from oligocount.domain.volume import Unit
from oligocount.quantify.offset import diaphragm_offset_mm, outline_offset_mm, trunk_outline
from oligocount.quantify.upright import Upright, upright
from oligocount.settings_quantify import QualitySettings

Mask = NDArray[np.bool_]

_BRAIN = ("brain",)
_SKULL = ("skull", "skull_*")
_HIP = ("hip", "hip_*")
_STRAY = 2  # per cent of an organ's voxels that may lie astray


def check_quality(
    images: AlignedImages,
    organs: OrganMap,
    tracer: Tracer | None,
    settings: QualitySettings,
    *,
    glucose_mmol_l: float | None = None,
) -> tuple[Caveat, ...]:
    """Every doubt about the scan that its pixels show."""
    caveats = [*_of_voxels(images, settings), *_of_glucose(glucose_mmol_l, settings)]
    view = upright(images, organs)
    if view is None:
        return tuple(caveats)
    smooth = ndimage.gaussian_filter(
        view.suv, [settings.smooth_mm / each for each in view.spacing_mm]
    )
    outline = functools.partial(trunk_outline, spacing_mm=view.spacing_mm, open_mm=settings.open_mm)
    pet_mask = smooth > settings.body_suv
    pet_body = outline(pet_mask)
    ct_body = None if view.ct_hu is None else outline(view.ct_hu > settings.body_hu)
    if images.suv.unit is Unit.SUVBW:
        caveats += _of_levels(view, organs, pet_body if ct_body is None else ct_body, settings)
        caveats += _of_arms(view, pet_mask, tracer, settings)
    caveats += _of_coverage(view, organs, settings)
    if ct_body is not None:
        caveats += _of_outlines(view, pet_body, ct_body, settings)
        caveats += _of_diaphragm(view, organs, settings)
    return tuple(caveats)


def _of_voxels(images: AlignedImages, settings: QualitySettings) -> Iterator[Caveat]:
    largest = max(images.suv.geometry.spacing_mm)
    if largest > settings.max_voxel_mm:
        text = (
            f"PET voxels are {largest:.1f} mm wide (usual at most {settings.max_voxel_mm:g}): "
            "small lesions are underestimated or missed"
        )
        yield Caveat(code="VOXEL_LARGE", text=text)


def _of_glucose(glucose_mmol_l: float | None, settings: QualitySettings) -> Iterator[Caveat]:
    if glucose_mmol_l is not None and glucose_mmol_l > settings.max_glucose_mmol_l:
        text = (
            f"blood glucose was {glucose_mmol_l:g} mmol/l (usual at most "
            f"{settings.max_glucose_mmol_l:g}): uptake in tumours is lowered"
        )
        yield Caveat(code="GLUCOSE_HIGH", text=text)


def _of_levels(
    view: Upright, organs: OrganMap, body: Mask, settings: QualitySettings
) -> Iterator[Caveat]:
    """Liver, blood pool and whole body against their usual range; the same way = one cause."""
    ranges = {
        "liver": (settings.min_liver_suv, settings.max_liver_suv),
        "aorta": (settings.min_blood_suv, settings.max_blood_suv),
    }
    found = {name: _inner_mean(view, organs, (name,), settings) for name in ranges}
    ranges["body"], found["body"] = (
        (settings.min_body_suv, settings.max_body_suv),
        float(view.suv[body].mean()) if body.any() else None,
    )
    means = {name: mean for name, mean in found.items() if mean is not None}
    low = [name for name, mean in means.items() if mean < ranges[name][0]]
    high = [name for name, mean in means.items() if mean > ranges[name][1]]
    times = settings.wrong_unit_times
    for names, usual in ((low, _cause_of_low), (high, _cause_of_high)):
        for name in names:
            mean, (least, most) = means[name], ranges[name]
            is_unit = mean > most * times or mean < least / times
            cause = "a wrong unit of dose, weight or image" if is_unit else usual(len(names) == 1)
            text = (
                f"mean SUV of the {name} is {mean:.3g}, usual are {least:g} to {most:g}; "
                f"likely: {cause}"
            )
            yield Caveat(code=f"{name.upper()}_SUV", text=text)


def _cause_of_low(is_alone: bool) -> str:  # noqa: FBT001 - passed by position in one place
    scale = "part of the dose beside the vein, weight or dose entered wrongly, or decay left out"
    return f"high glucose, disease of it, or {scale}" if is_alone else scale


def _cause_of_high(is_alone: bool) -> str:  # noqa: FBT001 - passed by position in one place
    scale = "weight or dose entered wrongly, or decay accounted for twice"
    return f"disease or inflammation of it, or {scale}" if is_alone else scale


def _inner_mean(
    view: Upright, organs: OrganMap, patterns: tuple[str, ...], settings: QualitySettings
) -> float | None:
    mask = _drawn(view, organs, patterns)
    steps = [max(1, round(settings.region_margin_mm / each)) for each in view.spacing_mm]
    inner = ndimage.binary_erosion(mask, np.ones([2 * n + 1 for n in steps]))
    if inner.sum() * view.voxel_ml < settings.min_region_ml:
        return None
    return float(view.suv[inner].mean())


def _of_coverage(view: Upright, organs: OrganMap, settings: QualitySettings) -> Iterator[Caveat]:
    """Skull base to mid-thigh is expected. A short scan lacks a part whatever the map drew."""
    covered_mm = float(np.ptp(view.z_mm)) + view.spacing_mm[0]
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
    if missing or covered_mm < settings.min_covered_mm:
        what = " and ".join(missing) or "part of skull base to mid-thigh"
        text = (
            f"the PET covers {covered_mm / 10:.0f} cm and not {what}: lesions there are not seen, "
            "and the count is a lower bound"
        )
        yield Caveat(code="FIELD_OF_VIEW", text=text)


def _of_arms(
    view: Upright, pet_mask: Mask, tracer: Tracer | None, settings: QualitySettings
) -> Iterator[Caveat]:
    """Hot parts of slices beside the trunk: the injected arm."""
    arms = _beside_trunk(pet_mask, settings.trunk_share)
    hottest = float(view.suv[arms].max(initial=0.0))
    if hottest < settings.min_arm_suv:
        return
    weight_kg = tracer.patient_weight_kg if tracer else None
    leaked = float(view.suv[arms & (view.suv > settings.leak_suv)].sum()) * view.voxel_ml
    percent = None if not weight_kg else leaked / (weight_kg * 10)  # of 1000 g per kg, in %
    if percent is not None and percent < settings.min_arm_dose_percent:
        return
    amount = "" if percent is None else f" holding {percent:.1f} % of the dose"
    text = (
        f"SUV up to {hottest:.0f} in an arm{amount}: tracer beside the vein lowers SUV everywhere "
        "else and can light up axillary nodes"
    )
    yield Caveat(code="EXTRAVASATION", text=text)


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


def _of_outlines(
    view: Upright, pet_body: Mask, ct_body: Mask, settings: QualitySettings
) -> Iterator[Caveat]:
    plane = outline_offset_mm(pet_body, ct_body, view.spacing_mm)
    if plane is not None and max(map(abs, plane)) > settings.max_outline_offset_mm:
        text = (
            f"the body's outline in PET and CT lies {abs(plane[1]):.0f} mm apart left to right and "
            f"{abs(plane[0]):.0f} mm front to back: organs are read from the wrong place"
        )
        yield Caveat(code="PET_CT_OFFSET", text=text)


def _of_diaphragm(view: Upright, organs: OrganMap, settings: QualitySettings) -> Iterator[Caveat]:
    if view.ct_hu is None:
        return
    liver, lung = _drawn(view, organs, ("liver",)), _drawn(view, organs, ("lung", "lung_*"))
    dome_mm = diaphragm_offset_mm(view.suv, view.ct_hu, liver, lung, view.spacing_mm[0], settings)
    if dome_mm is not None and abs(dome_mm) > settings.max_diaphragm_offset_mm:
        side = "higher" if dome_mm > 0 else "lower"
        text = (
            f"the diaphragm lies {abs(dome_mm):.0f} mm {side} in PET than in CT: foci at the liver "
            "dome and lung base can be put into the other organ"
        )
        yield Caveat(code="DIAPHRAGM_OFFSET", text=text)


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
