"""Which lesion on MRI is which lesion on PET: overlap first, then distance and organ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from oligocount.domain.lesion import Kind, LesionMap, LocatedLesion, Status
from oligocount.multimodal.seen import SeenLesion
from oligocount.settings import MultimodalSettings


class Match(Enum):
    """How sure it is that two marks are one lesion."""

    SAME = "same"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """One lesion on MRI beside one on PET. `share` is of the smaller of both, `gap_mm` between."""

    seen: int
    lesion: int
    match: Match
    share: float
    gap_mm: float


def pair(
    seen: Sequence[SeenLesion],
    organs: Sequence[str | None],
    located: Sequence[LocatedLesion],
    foci: LesionMap,
    settings: MultimodalSettings,
) -> tuple[Pairing, ...]:
    """Every pairing that is the same or may be, the surest first.

    Normal uptake and benign foci pair with nothing: what MRI marks there stands for itself.
    `organs` are those of the lesions on MRI, None where unknown.
    """
    lesions = {one.lesion.id: one for one in located if _is_lesion(one)}
    trees = {
        number: KDTree(
            foci.labels.geometry.to_lps_mm(np.argwhere(foci.labels.array == number).astype(float))
        )
        for number in lesions
        if (foci.labels.array == number).any()
    }
    found = []
    for n, (one, organ) in enumerate(zip(seen, organs, strict=True)):
        for number, other in lesions.items():
            judged = _judged(one, organ, other, foci, trees, settings)
            if judged:
                match, share, gap_mm = judged
                found.append(
                    Pairing(seen=n, lesion=number, match=match, share=share, gap_mm=gap_mm)
                )
    found.sort(key=lambda each: (each.match is Match.DOUBTFUL, -each.share, each.gap_mm))
    return tuple(found)


def _is_lesion(one: LocatedLesion) -> bool:
    return one.finding.kind is not Kind.PHYSIOLOGIC and one.finding.status is not Status.BENIGN


def _judged(
    seen: SeenLesion,
    organ: str | None,
    other: LocatedLesion,
    foci: LesionMap,
    trees: Mapping[int, KDTree],
    settings: MultimodalSettings,
) -> tuple[Match, float, float] | None:
    same_organ = None in (organ, other.finding.site.organ) or organ == other.finding.site.organ
    tree = trees.get(other.lesion.id)
    if seen.points_lps_mm is None or tree is None:
        return (Match.DOUBTFUL, 0.0, float("inf")) if same_organ else None
    share = _share(seen, other.lesion.id, foci.labels.array)
    half_mm = max(foci.labels.geometry.spacing_mm) / 2  # from a voxel's middle to its edge
    gap_mm = max(0.0, float(tree.query(seen.points_lps_mm)[0].min()) - half_mm)
    centre = np.array(other.lesion.centroid_lps_mm)
    apart_mm = float(np.linalg.norm(seen.points_lps_mm.mean(axis=0) - centre))
    if share >= settings.same_share or (share > 0 and apart_mm <= seen.uncertainty_mm):
        return Match.SAME, share, gap_mm
    touches = gap_mm <= settings.reach_times * seen.uncertainty_mm
    return (Match.DOUBTFUL, share, gap_mm) if touches and (same_organ or share > 0) else None


def _share(seen: SeenLesion, number: int, labels: NDArray[np.integer]) -> float:
    """The overlap as a share of the smaller of both, on the PET's grid."""
    if not len(seen.index):
        return 0.0
    both = int((labels[tuple(seen.index.T)] == number).sum())
    return both / min(len(seen.index), int((labels == number).sum()))
