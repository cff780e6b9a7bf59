"""Settings: frozen, one part a stage. The numbers stand in configs/pipeline.yaml, with sources."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """How files become images."""

    max_interpolated_slices: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantifySettings:
    """How activity becomes SUV."""

    allowed_radiopharmaceuticals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSettings:
    """How lesions are found."""

    min_volume_ml: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnatomySettings:
    """How organs, landmarks and stations are drawn."""

    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LocateSettings:
    """How a lesion gets its site."""

    frontier_margin_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSettings:
    """How located lesions are counted."""

    synchronous_max_months: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideSettings:
    """How verdicts are drawn."""

    protocols: tuple[str, ...]


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
class PublishSettings:
    """What is written."""

    language: str
    projections: ProjectionSettings
    thumbnails: ThumbnailSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All parts of one run."""

    intake: IntakeSettings
    quantify: QuantifySettings
    segment: SegmentSettings
    anatomy: AnatomySettings
    locate: LocateSettings
    count: CountSettings
    decide: DecideSettings
    publish: PublishSettings
