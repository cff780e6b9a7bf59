"""Settings of segment; a module of their own because they are many."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """When touching foci are cut apart and fragments joined."""

    smooth_mm: float
    prominence: float
    min_distance_mm: float
    min_piece_ml: float
    fragment_max_ml: float
    join_gap_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSettings:
    """Levels of the threshold baselines."""

    low_suv: float
    high_suv: float
    share_of_maximum: float
    liver_times: float
    liver_deviations: float
    liver_sphere_mm: float
    liver_min_suv: float
    liver_min_ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """How a network's lesions are drawn on the PET."""

    min_suv: float
    share_of_level: float
    share_of_maximum: float
    grow_mm: float
    grow_share: float
    fragment_share: float
    core_mm: float
    core_min_ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateSettings:
    """Which spots a scorer is asked about."""

    spacing_mm: float
    faint_share: float
    faint_levels: int
    faint_max_ml: float
    min_ml: float
    share_of_peak: float
    downhill_mm: float
    peak_over_level: float
    peak_over_around: float
    around_mm: float
    min_contrast: float
    doubt_min_probability: float
    hot_min_ml: float
    one_piece_in: tuple[str, ...]
    split: SplitSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MassSettings:
    """When a spot is a mass that no organ explains, and the probability it then has at least.

    One that the scorer gives less than `min_own_probability` is left as the scorer sees it.
    """

    min_ml: float
    min_over_level: float
    max_explained: float
    min_own_probability: float
    min_probability: float
    explained_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrainSettings:
    """What strained muscle may look like: at most so hot and so large."""

    max_suv: float
    max_ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NnUnetSettings:
    """How networks of nnU-Net are run."""

    mirrored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSettings:
    """How lesions are found."""

    segmenter: str
    min_volume_ml: float
    connectivity: int
    cut_at: tuple[str, ...]
    split: SplitSettings
    threshold: ThresholdSettings
    network: NetworkSettings
    candidate: CandidateSettings
    mass: MassSettings
    strain: StrainSettings
    nnunet: NnUnetSettings
