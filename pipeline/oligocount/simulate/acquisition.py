"""The made-up patient, the injection and the scan of a phantom, in the words of three vendors."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

import numpy as np

# Half-lives as the vendors write them: Siemens 6586.2 s, GE and Philips 6588 s.
_STUDY_EPOCH = datetime(2020, 1, 6, 8, 0, 0)  # noqa: DTZ001 - DICOM times carry no zone


class Vendor(Enum):
    """Whose header dialect is written."""

    GE = "ge"
    SIEMENS = "siemens"
    PHILIPS = "philips"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one vendor's headers say differently. CT padding is a stored value, or None."""

    manufacturer: str
    model: str
    units: str
    half_life_s: float
    has_start_datetime: bool
    is_superior_first: bool
    bed_length_mm: float
    bed_duration_s: float
    reconstruction: str
    corrections: tuple[str, ...]
    radiopharmaceutical: str
    ct_kernel: str
    ct_padding: int | None


DIALECTS = {
    Vendor.GE: Dialect(
        manufacturer="GE MEDICAL SYSTEMS", model="Discovery 690", units="BQML",
        half_life_s=6588.0, has_start_datetime=True, is_superior_first=True,
        bed_length_mm=118.0, bed_duration_s=150.0, reconstruction="VPFXS",
        corrections=("DECY", "ATTN", "SCAT", "DTIM", "RANSNG", "DCAL", "SLSENS", "NORM"),
        radiopharmaceutical="FDG -- fluorodeoxyglucose", ct_kernel="STANDARD", ct_padding=-2000,
    ),
    Vendor.SIEMENS: Dialect(
        manufacturer="SIEMENS", model="Biograph64_mCT", units="BQML",
        half_life_s=6586.2, has_start_datetime=True, is_superior_first=True,
        bed_length_mm=124.0, bed_duration_s=120.0, reconstruction="PSF+TOF 2i21s",
        corrections=("NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"),
        radiopharmaceutical="Fluorodeoxyglucose", ct_kernel="B31f", ct_padding=None,
    ),
    Vendor.PHILIPS: Dialect(
        manufacturer="Philips Medical Systems", model="GEMINI TF TOF 16", units="CNTS",
        half_life_s=6588.0, has_start_datetime=False, is_superior_first=False,
        bed_length_mm=90.0, bed_duration_s=120.0, reconstruction="BLOB-OS-TF",
        corrections=("DECY", "RADL", "ATTN", "SCAT", "DTIM", "RAN", "NORM"),
        radiopharmaceutical="Fluorodeoxyglucose", ct_kernel="B", ct_padding=None,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """Who was scanned, with what, when and by whom. All of it is made up from the seed."""

    seed: int
    vendor: Vendor
    sex: str
    age_years: int
    weight_kg: float
    size_m: float
    injected_dose_bq: float
    injection: datetime
    scan_start: datetime

    @property
    def dialect(self) -> Dialect:
        """The vendor's words."""
        return DIALECTS[self.vendor]

    @property
    def bqml_per_suv(self) -> float:
        """Activity at the start of the scan that stands for SUVbw 1 (decay correction START)."""
        waited_s = (self.scan_start - self.injection).total_seconds()
        left_bq = self.injected_dose_bq * math.exp(
            -math.log(2) * waited_s / self.dialect.half_life_s
        )
        return left_bq / (self.weight_kg * 1000.0)


def draw_acquisition(
    seed: int, vendor: Vendor | None = None, *, sex: str | None = None
) -> Acquisition:
    """A plausible patient and scan: the same for the same seed.

    Activity 3.0 to 4.0 MBq/kg and 55 to 75 min of uptake lie inside EANM 2.0 (Boellaard 2015).
    """
    dice = np.random.default_rng([seed, 20])
    drawn_vendor = tuple(Vendor)[int(dice.integers(len(Vendor)))]
    drawn_sex = "M" if dice.random() < 0.75 else "F"  # oesophageal cancer: three men to one woman
    weight_kg = round(float(dice.uniform(52, 98)), 1)
    injection = _STUDY_EPOCH + timedelta(
        days=int(dice.integers(0, 1500)), seconds=int(dice.integers(0, 6 * 3600))
    )
    return Acquisition(
        seed=seed,
        vendor=vendor or drawn_vendor,
        sex=sex or drawn_sex,
        age_years=int(dice.integers(48, 82)),
        weight_kg=weight_kg,
        size_m=round(float(dice.uniform(1.56, 1.90)), 2),
        injected_dose_bq=float(round(weight_kg * dice.uniform(3.0, 4.0) * 1e6, -4)),
        injection=injection,
        scan_start=injection + timedelta(seconds=int(dice.integers(55 * 60, 75 * 60))),
    )
