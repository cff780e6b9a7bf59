"""What is unusual about a scan, in words, with the likely cause.

Pure: what was measured in, caveats out. Nothing is corrected and nothing refused. Uptake time and
doubts of the SUV route are told by `suv`, missing slices by intake.
"""

from collections.abc import Iterator

from oligocount.domain.provenance import Caveat
from oligocount.domain.quality import ScanQuality
from oligocount.settings_quantify import QualitySettings


def check_quality(quality: ScanQuality, settings: QualitySettings) -> tuple[Caveat, ...]:
    """Every doubt about the scan that what was measured gives."""
    return (
        *_of_voxels(quality, settings),
        *_of_glucose(quality, settings),
        *_of_levels(quality, settings),
        *_of_arms(quality, settings),
        *_of_coverage(quality, settings),
        *_of_outlines(quality, settings),
        *_of_diaphragm(quality, settings),
    )


def _of_voxels(quality: ScanQuality, settings: QualitySettings) -> Iterator[Caveat]:
    largest = max(quality.voxel_mm)
    if largest > settings.max_voxel_mm:
        text = (
            f"PET voxels are {largest:.1f} mm wide (usual at most {settings.max_voxel_mm:g}): "
            "small lesions are underestimated or missed"
        )
        yield Caveat(code="VOXEL_LARGE", text=text)


def _of_glucose(quality: ScanQuality, settings: QualitySettings) -> Iterator[Caveat]:
    glucose = quality.glucose_mmol_l
    if glucose is not None and glucose > settings.max_glucose_mmol_l:
        text = (
            f"blood glucose was {glucose:g} mmol/l (usual at most "
            f"{settings.max_glucose_mmol_l:g}): uptake in tumours is lowered"
        )
        yield Caveat(code="GLUCOSE_HIGH", text=text)


def _of_levels(quality: ScanQuality, settings: QualitySettings) -> Iterator[Caveat]:
    """Liver, blood pool and whole body against their usual range; the same way = one cause."""
    ranges = {
        "liver": (settings.min_liver_suv, settings.max_liver_suv),
        "aorta": (settings.min_blood_suv, settings.max_blood_suv),
        "body": (settings.min_body_suv, settings.max_body_suv),
    }
    found = {
        "liver": quality.liver_suv,
        "aorta": quality.aorta_suv,
        "body": quality.body_suv,
    }
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


def _of_coverage(quality: ScanQuality, settings: QualitySettings) -> Iterator[Caveat]:
    """A short scan lacks a part whatever the organ map drew."""
    covered_mm, missing = quality.covered_mm, quality.not_covered
    if covered_mm is not None and (missing or covered_mm < settings.min_covered_mm):
        what = " and ".join(missing) or "part of skull base to mid-thigh"
        text = (
            f"the PET covers {covered_mm / 10:.0f} cm and not {what}: lesions there are not seen, "
            "and the count is a lower bound"
        )
        yield Caveat(code="FIELD_OF_VIEW", text=text)


def _of_arms(quality: ScanQuality, settings: QualitySettings) -> Iterator[Caveat]:
    """Hot parts of slices beside the trunk: the injected arm."""
    hottest, percent = quality.arm_suv, quality.arm_dose_percent
    if hottest is None or hottest < settings.min_arm_suv:
        return
    if percent is not None and percent < settings.min_arm_dose_percent:
        return
    amount = "" if percent is None else f" holding {percent:.1f} % of the dose"
    text = (
        f"SUV up to {hottest:.0f} in an arm{amount}: tracer beside the vein lowers SUV everywhere "
        "else and can light up axillary nodes"
    )
    yield Caveat(code="EXTRAVASATION", text=text)


def _of_outlines(quality: ScanQuality, settings: QualitySettings) -> Iterator[Caveat]:
    plane = quality.outline_offset_mm
    if plane is not None and max(map(abs, plane)) > settings.max_outline_offset_mm:
        text = (
            f"the body's outline in PET and CT lies {abs(plane[1]):.0f} mm apart left to right and "
            f"{abs(plane[0]):.0f} mm front to back: organs are read from the wrong place"
        )
        yield Caveat(code="PET_CT_OFFSET", text=text)


def _of_diaphragm(quality: ScanQuality, settings: QualitySettings) -> Iterator[Caveat]:
    dome_mm = quality.diaphragm_offset_mm
    if dome_mm is not None and abs(dome_mm) > settings.max_diaphragm_offset_mm:
        side = "higher" if dome_mm > 0 else "lower"
        text = (
            f"the diaphragm lies {abs(dome_mm):.0f} mm {side} in PET than in CT: foci at the liver "
            "dome and lung base can be put into the other organ"
        )
        yield Caveat(code="DIAPHRAGM_OFFSET", text=text)
