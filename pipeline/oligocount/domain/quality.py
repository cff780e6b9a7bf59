"""What was measured of a scan to judge whether it can be counted on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanQuality:
    """None = not stated, or nothing to measure it on. Offsets are PET minus CT.

    `outline_offset_mm` is (front to back, left to right) along the grid's rows and columns,
    `diaphragm_offset_mm` how much higher the dome lies in PET. `not_covered` names parts between
    skull base and mid-thigh that the PET does not hold.
    """

    voxel_mm: tuple[float, float, float]
    missing_slices: int | None = None
    glucose_mmol_l: float | None = None
    injected_dose_mbq: float | None = None
    uptake_minutes: float | None = None
    covered_mm: float | None = None
    not_covered: tuple[str, ...] = ()
    liver_suv: float | None = None
    aorta_suv: float | None = None
    body_suv: float | None = None
    arm_suv: float | None = None
    arm_dose_percent: float | None = None
    outline_offset_mm: tuple[float, float] | None = None
    diaphragm_offset_mm: float | None = None
