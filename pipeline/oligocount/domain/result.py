"""All that one run found out about one case: what publishing needs, and nothing else."""

from dataclasses import dataclass
from enum import Enum

from oligocount.domain.anatomy import Anatomy
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.interval import CountInterval
from oligocount.domain.lesion import LesionMap, LocatedLesion
from oligocount.domain.provenance import Caveat, Provenance
from oligocount.domain.quality import ScanQuality
from oligocount.domain.report import Assessment
from oligocount.domain.study import AlignedImages, Study, SuvRoute
from oligocount.domain.volume import Geometry
from oligocount.errors import OligocountError


class CaseStatus(Enum):
    """Whether a person has to look before anything is taken from the case."""

    OK = "ok"
    NEEDS_REVIEW = "needs_review"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """One case. `lesions` carry labels of `lesion_map`.

    Images and maps share one grid: the part of `pet_grid`, the PET as it was read, that holds the
    patient.

    `interval` is None where the count was not repeated under other settings.
    `caveats` are those of the case as a whole; `all_caveats` adds what its parts carry.
    Raises OligocountError when two lesions share an id.
    """

    case_id: str
    status: CaseStatus
    study: Study
    pet_grid: Geometry
    images: AlignedImages
    suv_route: SuvRoute
    quality: ScanQuality
    lesion_map: LesionMap
    anatomy: Anatomy
    lesions: tuple[LocatedLesion, ...]
    assessment: Assessment
    facts: ClinicalFacts
    provenance: Provenance
    interval: CountInterval | None = None
    caveats: tuple[Caveat, ...] = ()

    def __post_init__(self) -> None:
        ids = [one.lesion.id for one in self.lesions]
        if len(set(ids)) != len(ids):
            raise OligocountError(f"lesion ids must differ, found {ids}")
        grid = self.images.suv.geometry
        if not self.lesion_map.labels.geometry.is_same_grid(grid):
            raise OligocountError("the lesion map does not lie on the images' grid")

    @property
    def all_caveats(self) -> tuple[Caveat, ...]:
        """Every doubt of the case and its parts once, except those of SUV and of one lesion."""
        parts = (
            self.caveats,
            self.study.caveats,
            self.images.caveats,
            self.lesion_map.caveats,
            self.anatomy.organs.caveats,
            self.anatomy.caveats,
            self.assessment.caveats,
        )
        return tuple(dict.fromkeys(caveat for part in parts for caveat in part))
