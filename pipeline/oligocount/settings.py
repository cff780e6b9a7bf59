"""Settings: frozen, one part a stage. The numbers stand in configs/pipeline.yaml, with sources."""

from dataclasses import dataclass

from oligocount.errors import ConfigError
from oligocount.settings_anatomy import AnatomySettings, LocateSettings
from oligocount.settings_quantify import QuantifySettings
from oligocount.settings_segment import SegmentSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """What a zip archive may hold before it is refused as a bomb."""

    max_members: int
    max_unpacked_gib: float
    max_ratio: float
    small_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceTolerances:
    """How far slices may stray and still make a volume."""

    position_mm: float
    direction_cosine: float
    spacing_fraction: float
    shared_share: float
    uneven_max_gap_mm: float
    min_slices: int
    full_coverage: float
    jump_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoicePoints:
    """Points that make one series win over another; see intake/points.py."""

    per_cm_covered: float
    attenuation_corrected: float
    decay_corrected: float
    original: float
    becquerel: float
    time_of_flight: float
    back_projection: float
    dynamic: float
    delayed: float
    soft_kernel: float
    contrast_agent: float
    narrow_field: float
    narrow_field_mm: float
    thick_slice: float
    thick_slice_mm: float
    per_minute_apart: float
    tie_margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """How files become images."""

    max_interpolated_slices: int
    ct_floor_hu: float
    workers: int
    archive: ArchiveLimits
    slices: SliceTolerances
    choice: ChoicePoints


@dataclass(frozen=True, slots=True, kw_only=True)
class CountPolicies:
    """Readings of the rules where the literature is ambiguous; the first word is the default.

    Raises ConfigError for a word that is not listed.
    """

    paired_organs: str
    node_system: str
    brain: str
    cervical_supraclavicular: str
    regional_timing: str
    bilateral_supraclavicular: str
    exactly_six_months: str
    retrocrural: str
    off_map: str
    perigastric_of_egj: str

    def __post_init__(self) -> None:
        for name, words in COUNT_POLICIES.items():
            if getattr(self, name) not in words:
                known = " or ".join(words)
                found = getattr(self, name)
                raise ConfigError(f"setting count.policies.{name}: {found!r}; expected {known}")


COUNT_POLICIES = {
    "paired_organs": ("merged", "split"),
    "node_system": ("counted", "exempt"),
    "brain": ("general_limits", "exempt_if_treatable"),
    "cervical_supraclavicular": ("nonregional", "regional"),
    "regional_timing": ("interval", "treatment_status"),
    "bilateral_supraclavicular": ("two_stations", "one_station"),
    "exactly_six_months": ("synchronous", "metachronous"),
    "retrocrural": ("regional", "nonregional"),
    "off_map": ("regional", "nonregional"),
    "perigastric_of_egj": ("nonregional", "regional"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalSettings:
    """The grid of settings under which a case is counted again; an empty list varies nothing."""

    threshold_times: tuple[float, ...]
    prominence: tuple[float, ...]
    connectivity: tuple[int, ...]
    join_gap_mm: tuple[float, ...]
    min_volume_ml: tuple[float, ...]
    station_margin_times: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSettings:
    """How located lesions are counted."""

    treatable_unless_told: bool | None
    synchronous_max_months: float
    frontier_margin_mm: float
    coeliac_frontier_margin_mm: float
    frontier_overlap: float
    max_readings: int
    interval: IntervalSettings
    policies: CountPolicies


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How another engine is asked over HTTP."""

    timeout_s: float
    retries: int
    backoff_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideSettings:
    """How verdicts are drawn."""

    protocols: tuple[str, ...]
    policies_in_force: tuple[str, ...]
    max_dissent_probability: float
    max_critical_set: int
    max_probability_states: int
    engine: EngineSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionSettings:
    """How maximum-intensity projections are drawn."""

    pixel_mm: float
    body_suv: float
    window_suv: float
    n_frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThumbnailSettings:
    """How the three small pictures of a lesion are drawn."""

    field_mm: float
    size_px: int
    ct_window_hu: tuple[float, ...]
    max_lesions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RtstructSettings:
    """Margins around lesions in the structure set; None draws none."""

    ctv_margin_mm: float | None
    ptv_margin_mm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomSettings:
    """How DICOM objects are written."""

    segmentation_type: str
    rtstruct: RtstructSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerSettings:
    """How volumes are packed into the interactive viewer; no voxels, no viewer."""

    max_voxels: int
    suv_step: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishSettings:
    """What is written."""

    language: str
    keep_suv: bool
    keep_ct: bool
    pdf: bool
    projections: ProjectionSettings
    thumbnails: ThumbnailSettings
    viewer: ViewerSettings
    dicom: DicomSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnOrganSettings:
    """What a network of one organ's lesions is told by the organ map to be outside that organ."""

    least_ml: float
    moves_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MultimodalSettings:
    """When a lesion on MRI and one on PET are one, and what a network of one organ may judge."""

    same_share: float
    reach_times: float
    settles_probability: float
    min_volume_ml: float
    brain: OwnOrganSettings
    liver: OwnOrganSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All parts of one run."""

    intake: IntakeSettings
    quantify: QuantifySettings
    segment: SegmentSettings
    anatomy: AnatomySettings
    locate: LocateSettings
    multimodal: MultimodalSettings
    count: CountSettings
    decide: DecideSettings
    publish: PublishSettings

    def __post_init__(self) -> None:
        """Raise ConfigError where one policy, told in two parts, is told in two ways."""
        told = self.segment.candidate.doubt_min_probability
        taken = self.locate.benign_max_probability
        if told != taken:
            raise ConfigError(
                f"segment.candidate.doubt_min_probability is {told:g} and "
                f"locate.benign_max_probability {taken:g}; expected one number: the probability "
                "from which a focus is a doubt and no longer normal uptake"
            )
        if self.segment.mass.min_probability < told:
            raise ConfigError(
                f"segment.mass.min_probability is {self.segment.mass.min_probability:g}; expected "
                f"at least segment.candidate.doubt_min_probability, {told:g}: a mass that is asked "
                "about is a doubt and no normal uptake"
            )
