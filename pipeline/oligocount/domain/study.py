"""What came in: series, tracer, the study that they make up, and its images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import Enum
from pathlib import Path

from oligocount.domain.mr import MrFacts
from oligocount.domain.provenance import Caveat
from oligocount.domain.volume import Volume


class Role(Enum):
    """What a series is to this run."""

    PET = "pet"
    CT = "ct"
    MR = "mr"
    MASK = "mask"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series found, chosen or refused, and why. `description` never holds an identity.

    `part` tells the volumes apart that one set of files holds under one UID; `n_missing` counts
    slices that lie between others and are not there. `mr` says what an MR series is.
    """

    uid: str
    modality: str
    role: Role
    description: str
    chosen: bool
    reason: str
    n_instances: int
    files: tuple[Path, ...]
    frame_of_reference_uid: str | None = None
    score: float | None = None
    part: int = 0
    n_missing: int = 0
    mr: MrFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceTiming:
    """When one slice was measured. `position_lps_mm` is the centre of its first voxel."""

    position_lps_mm: tuple[float, float, float] | None = None
    acquisition: datetime | None = None
    duration_s: float | None = None
    reference_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMapping:
    """A factor that a Real World Value Mapping object claims for `quantity` (bw, lbm, bsa, ibw).

    `rescale_slope` is that of the images it refers to where they share one: the claim may be
    meant for stored or for rescaled values. `is_of_pet` is False when it is about another series.
    """

    quantity: str
    slope: float
    rescale_slope: float | None
    is_of_pet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracer:
    """What turns activity into SUV, as the header states it. None = not stated.

    Numbers stand as written, in the unit that DICOM prescribes; `quantify` checks their
    magnitude. Date-times are the wall clock of the scanner, labelled UTC. `decay_reference` is
    set only where the header (or the user) states it outright; otherwise `quantify` derives it
    from `series_start`, `vendor_reference` and `slices`.
    """

    units: str | None
    decay_correction: str | None
    radionuclide: str | None
    radiopharmaceutical: str | None
    injected_dose_bq: float | None
    half_life_s: float | None
    injection: datetime | None
    decay_reference: datetime | None
    patient_weight_kg: float | None
    patient_size_m: float | None
    patient_sex: str | None
    tags: Mapping[str, str] = field(default_factory=dict)
    caveats: tuple[Caveat, ...] = ()
    suv_type: str | None = None
    injection_time: time | None = None
    series_start: datetime | None = None
    vendor_reference: datetime | None = None
    vendor_suv_factor: float | None = None
    vendor_activity_factor: float | None = None
    corrections: tuple[str, ...] = ()
    slices: tuple[SliceTiming, ...] = ()
    value_mappings: tuple[ValueMapping, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything known from headers about one patient's input."""

    case_id: str
    series: tuple[Series, ...]
    tracer: Tracer | None
    caveats: tuple[Caveat, ...] = ()

    def chosen(self, role: Role) -> tuple[Series, ...]:
        """The series taken for a role; at most one for PET and CT."""
        return tuple(one for one in self.series if one.chosen and one.role is role)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MrImage:
    """One MR volume with its kind (t1, t1_contrast, t2, flair, stir, dwi, adc, other).

    `facts` is None where only pixels were given. `series_uids` lists the stations that a composed
    volume was made of, `series_uid` the first of them.
    """

    kind: str
    series_uid: str
    volume: Volume
    facts: MrFacts | None = None
    series_uids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Images:
    """Pixels as they were acquired: PET in its own unit, CT in HU."""

    pet: Volume
    ct: Volume | None = None
    mr: tuple[MrImage, ...] = ()
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SuvRoute:
    """How SUV was computed: `suv = stored activity x factor` (None where factors vary)."""

    kind: str
    route: str
    factor: float | None
    tags: Mapping[str, str]
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AlignedImages:
    """SUV and whatever else there is, all on the PET's grid; `ct_full` is the CT on its own.

    `mr_full` are those MR, on their own grids, that state the PET's frame of reference.
    """

    suv: Volume
    ct: Volume | None = None
    ct_full: Volume | None = None
    mr: tuple[MrImage, ...] = ()
    mr_full: tuple[MrImage, ...] = ()
    caveats: tuple[Caveat, ...] = ()
