"""Settings of anatomy and locate: where things are. The numbers stand in configs/pipeline.yaml."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineSettings:
    """What intensity alone shows of body, lungs and bone."""

    body_min_hu: float
    body_min_suv: float
    smooth_mm: float
    open_mm: float
    lung_max_hu: float
    lung_min_ml: float
    bone_min_hu: float
    bone_min_ml: float
    fat_max_hu: float
    fat_min_hu: float
    fat_min_ml: float
    refine_reach_mm: float
    airway_max_hu: float
    airway_min_mm2: float
    airway_max_mm2: float
    part_min_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PetRuleSettings:
    """Place and level of the organs that PET alone shows."""

    liver_min_suv: float
    liver_max_suv: float
    liver_evenness: float
    liver_open_mm: float
    liver_min_ml: float
    hot_liver_ratio: float
    brain_above_liver_mm: float
    brain_off_midline_mm: float
    brain_min_ml: float
    heart_above_liver_mm: float
    heart_left_mm: float
    heart_min_ml: float
    heart_max_ml: float
    bladder_below_liver_mm: float
    bladder_off_midline_mm: float
    bladder_min_ml: float
    kidney_reach_mm: float
    kidney_min_ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConduitSettings:
    """How a gastric conduit is told from a hernia and from the fundus."""

    off_midline_mm: float
    below_dome_mm: float
    above_dome_mm: float
    min_ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalSegmentatorSettings:
    """How TotalSegmentator is run. None: the interpreter, or the weights' folder, by default."""

    python: str | None
    weights: str | None
    fast: bool
    further_tasks: tuple[str, ...]
    border_mm: float
    timeout_minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnatomySettings:
    """How organs, landmarks and stations are drawn."""

    provider: str
    totalsegmentator: TotalSegmentatorSettings
    stations_min_structures: int
    landmark_min_confidence: float
    border_voxels: float
    calm_mm: float
    conduit: ConduitSettings
    outline: OutlineSettings
    pet_rules: PetRuleSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysiologicSettings:
    """How uptake of health and its mimics are told from disease."""

    contested_in: tuple[str, ...]
    home_min_share: float
    bladder_min_share: float
    spill_mm: float
    outside_max_share: float
    outside_min_gap_mm: float
    brain_focal_ratio: float
    brain_asymmetry: float
    brain_focal_max_ml: float
    cut_brain_min_suv: float
    cut_brain_above_hyoid_mm: float
    cut_brain_max_hu: float
    cut_brain_symmetry: float
    cut_brain_half_mm: tuple[float, float, float]
    heart_right_mm: float
    liver_focal_ratio: float
    diffuse_focal_ratio: float
    hollow_focal_ratio: float
    hollow_diffuse_mm: float
    gland_max_suv: float
    gland_asymmetry: float
    marrow_focal_ratio: float
    marrow_diffuse_mm: float
    pelvis_reach_mm: float
    pelvis_max_ml: float
    injection_min_suv: float
    injection_off_mm: float
    injection_solid_share: float
    pelvis_min_suv: float
    great_vessel_mm: float
    ureter_reach_mm: float
    ureter_max_width_mm: float
    ureter_elongation: float
    ureter_near_mm: float
    ureter_urine_suv: float
    ureter_row_aside_mm: float
    ureter_row_mm: float
    ureter_row_ratio: float
    fat_min_hu: float
    fat_max_hu: float
    fat_spread_hu: float
    fat_peak_max_hu: float
    fat_min_ml: float
    fat_max_organ_share: float
    fat_symmetry: float
    fat_mirror_min_suv: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MimicSettings:
    """Which benign look-alikes make a finding equivocal."""

    opacity_min_mm: float
    opacity_max_suv: float
    muscle_max_suv: float
    joint_max_suv: float
    joint_reach_mm: float
    larynx_half_mm: float
    fracture_max_suv: float
    fracture_aside_mm: float
    symmetry_ratio: float
    symmetry_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimarySettings:
    """How the primary and its satellites are recognised."""

    min_share: float
    skip_min_share: float
    swallowed_min_share: float
    reach_min_ml: float
    other_max_share: float
    merged_max_share: float
    location_slack_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganSettings:
    """When a focus belongs to an organ, and which other organ is in question."""

    min_share: float
    weak_share: float
    small_organ_mm: float
    small_organ_times: float
    muscle_share: float
    node_in_muscle_mm: float
    runner_up_min_share: float
    runner_up_station_mm: float
    breathing_mm: float
    min_confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderSettings:
    """When a focus in an organ lies so near to its drawn border that it may be a node beside it."""

    organs: tuple[str, ...]
    organ_first: tuple[str, ...]
    moving: tuple[str, ...]
    moving_mm: float
    likelier: tuple[str, ...]
    seldom: tuple[str, ...]
    in_lung: tuple[str, ...]
    max_depth_share: float
    node_max_mm: float
    shell_mm: float
    air_max_hu: float
    air_min_share: float
    bone_min_hu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """When a focus belongs to a nodal station, and which frontier is in question."""

    staging_system: str
    min_share: float
    hilum_mm: float
    serosa_mm: float
    reach_mm: float
    runner_up_max_mm: float
    standing_first_mm: float
    coeliac_first_mm: float
    split_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LocateSettings:
    """How a lesion gets its site."""

    reach_mm: float
    max_elongation: float
    scan_end_mm: float
    scan_end_height_mm: float
    scan_end_max_ml: float
    malignant_min_probability: float
    benign_max_probability: float
    physiologic: PhysiologicSettings
    mimic: MimicSettings
    primary: PrimarySettings
    organ: OrganSettings
    border: BorderSettings
    node: NodeSettings
