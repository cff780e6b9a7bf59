"""Lesions: what was measured, what is thought of it, and both together."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from oligocount.domain.anatomy import Site
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.volume import LabelMap


class Kind(Enum):
    """What a focus is taken for."""

    PRIMARY = "primary"
    ORGAN = "organ"
    NODE = "node"
    PHYSIOLOGIC = "physiologic"


class Status(Enum):
    """How sure."""

    MALIGNANT = "malignant"
    EQUIVOCAL = "equivocal"
    BENIGN = "benign"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LesionMap:
    """What a segmenter says: one label a focus on the PET grid, with its probability.

    `labels` runs 1..n. `probability` maps a label to 0..1 (None where the method gives none).
    `splits` maps a label to the label of the connected component it was cut from, where a
    component was cut: separation is uncertain and feeds the count interval. `doubts` maps a label
    to why the segmenter itself is not sure of it, where there is more to say than a probability.
    """

    labels: LabelMap
    probability: Mapping[int, float | None]
    model: ModelInfo
    splits: Mapping[int, int] = field(default_factory=dict)
    doubts: Mapping[int, Caveat] = field(default_factory=dict)
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMeasures:
    """What a lesion measures where MRI shows it, on the MR's own grid.

    ADC in um2/s (1e-6 mm2/s); None where there is no ADC map in a known unit. `move` says how the
    MR was brought into the PET's frame, `uncertainty_mm` how far off that may be; None: it was not.
    """

    volume_ml: float
    longest_diameter_mm: float
    adc_mean_um2_s: float | None
    adc_min_um2_s: float | None
    sequence: str
    move: str
    uncertainty_mm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """Measured, no opinion. Diameter is the longest between voxel corners in any direction.

    `modality` lists what shows it. A lesion beyond the PET has no uptake: its numbers are NaN.
    """

    id: int
    centroid_lps_mm: tuple[float, float, float]
    volume_ml: float
    longest_diameter_mm: float
    suv_max: float
    suv_peak: float | None
    suv_mean: float
    mtv_ml: float
    tlg: float
    probability: float | None
    modality: tuple[str, ...] = ("PT",)
    mr: SeenMeasures | None = None

    @property
    def has_uptake(self) -> bool:
        """True where the PET measured it."""
        return not math.isnan(self.suv_max)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerUp:
    """The second-best site; `overlap` 0..1 or `margin_mm` to the frontier, where known."""

    site: Site
    overlap: float | None = None
    margin_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """All that counting and verdicts need of one lesion; None = unknown.

    It comes from a located lesion, from a reader, or from a file: the engine cannot tell.
    `set_aside` is the organ outside which it was marked by who knows that organ's lesions alone.
    """

    id: int
    kind: Kind
    status: Status
    site: Site
    probability: float | None = None
    longest_diameter_mm: float | None = None
    n_nodes: int | None = 1
    treatable: bool | None = True
    diffuse: bool = False
    runner_up: RunnerUp | None = None
    set_aside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedLesion:
    """A measured lesion, the finding drawn from it, and the evidence in words."""

    lesion: Lesion
    finding: Finding
    overlap: float | None
    margin_mm: float | None
    reason: str
    caveats: tuple[Caveat, ...] = ()
