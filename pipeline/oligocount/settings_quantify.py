"""Settings of quantify; a module of their own because they are many."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """What two times of one examination may differ by."""

    tolerance_s: float
    max_uptake_half_lives: float
    conflict_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MagnitudeSettings:
    """Which numbers a header can mean, by their size."""

    min_dose_mbq: float
    max_dose_mbq: float
    min_weight_kg: float
    max_weight_kg: float
    min_weight_g: float
    min_size_m: float
    max_size_m: float
    same_half_life_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSettings:
    """Which part of the field of view holds the patient."""

    block_mm: float
    body_suv: float
    hot_suv: float
    margin_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySettings:
    """What of a scan is told because it is unusual."""

    min_uptake_minutes: float
    max_uptake_minutes: float
    max_voxel_mm: float
    max_glucose_mmol_l: float
    min_liver_suv: float
    max_liver_suv: float
    min_blood_suv: float
    max_blood_suv: float
    min_body_suv: float
    max_body_suv: float
    min_region_ml: float
    region_margin_mm: float
    min_covered_mm: float
    min_head_ml: float
    min_hip_ml: float
    min_thigh_mm: float
    body_suv: float
    body_hu: float
    open_mm: float
    max_outline_offset_mm: float
    max_diaphragm_offset_mm: float
    dome_mm: float
    dome_reach_mm: float
    lung_edge_hu: float
    smooth_mm: float
    wrong_unit_times: float
    trunk_share: float
    leak_suv: float
    min_arm_suv: float
    min_arm_dose_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeformSettings:
    """How an MR may be bent beyond its rigid move, on request."""

    wanted: bool
    reach_steps: tuple[int, ...]
    step_voxels: tuple[float, ...]
    rest_cost: float
    least_mm: float
    min_gain: float
    min_stretch: float
    least_uncertainty_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSettings:
    """How an MR is brought into the frame of the PET/CT, and when that is believed."""

    spacing_mm: float
    window_hu: tuple[float, ...]
    max_suv: float
    tissue_share: float
    rim_mm: float
    search_step_mm: float
    search_angle_deg: float
    search_pitch_deg: tuple[float, ...]
    search_smooth_mm: float
    search_samples: int
    judge_samples: int
    most_series: int
    searched: int
    starts: int
    distinct_mm: float
    bins: int
    smooth_mm: tuple[float, ...]
    first_step_mm: float
    last_step_mm: float
    iterations: int
    min_overlap: float
    min_information: float
    repeat_rounds: int
    min_agreeing: int
    agreeing_share: float
    max_spread_mm: float
    max_spread_pet_mm: float
    max_rivalry: float
    max_turn_deg: float
    rival_turns: int
    rivals: int
    elsewhere_mm: float
    elsewhere_deg: float
    max_beside: float
    least_uncertainty_mm: float
    liver_uncertainty_mm: float
    other_uncertainty_mm: float
    deform: DeformSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantifySettings:
    """How activity becomes SUV."""

    allowed_radiopharmaceuticals: tuple[str, ...]
    outside_ct_hu: float
    clock: ClockSettings
    magnitude: MagnitudeSettings
    field: FieldSettings
    quality: QualitySettings
    register: RegisterSettings
