"""The spots of one patient: candidates on the lesion network's grid with what each shows."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.remembered import remembered
from oligocount.geometry.resample import resample_labels
from oligocount.inference.bundle import Bundle
from oligocount.inference.channels import AIR_HU, Inputs
from oligocount.segment.candidates import find_candidates
from oligocount.segment.company import COMPANY, company
from oligocount.segment.describe import ALONE, describe
from oligocount.segment.surroundings import survey
from oligocount.segment.threshold import percist_level
from oligocount.segment.voxels import lesion_chance
from oligocount.settings_segment import SegmentSettings

FEATURES = (*ALONE, *COMPANY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spots:
    """Candidates 1..n (`labels`) on an axial grid, a row of FEATURES for each."""

    labels: NDArray[np.int32]
    rows: NDArray[np.float32]
    geometry: Geometry


def find_spots(
    images: AlignedImages, organs: OrganMap, settings: SegmentSettings, bundle: Bundle | None = None
) -> Spots:
    """Every spot that stands out, on a grid of `candidate.spacing_mm`.

    With a lesion `bundle` of that spacing they are also described by its probability (channel 0).
    """
    spacing = settings.candidate.spacing_mm
    grid = axial_grid(images.suv.geometry, (spacing, spacing, spacing))
    suv = remembered(images.suv, grid, outside=0.0)
    ct = None if images.ct is None else remembered(images.ct, grid, outside=AIR_HU)
    names = resample_labels(organs.labels, grid)
    chance = None
    if bundle is not None:
        inputs = Inputs(suv=suv, ct=ct, organs=names if organs.known else None)
        chance = lesion_chance(bundle, inputs)
    level = percist_level(images.suv, organs, settings) or settings.threshold.low_suv
    labels = find_candidates(suv, replace(organs, labels=names), level, settings)
    body = survey(suv.array, None if ct is None else ct.array, chance, names, level=level)
    labels, rows = _standing_out(labels, describe(labels, body), settings.candidate.min_contrast)
    up_mm = spacing * _peak_slices(suv.array, labels, len(rows))
    return Spots(
        labels=labels, rows=np.concatenate([rows, company(rows, up_mm)], axis=1), geometry=grid
    )


def _standing_out(
    labels: NDArray[np.int32], rows: NDArray[np.float32], min_contrast: float
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The spots, without those that are neither hot nor well above what lies quiet around them."""
    hot = rows[:, ALONE.index("top_over_level")] >= 0
    clear = rows[:, ALONE.index("over_quiet")] >= np.log(min_contrast)
    kept = hot | clear
    lookup = np.zeros(len(kept) + 1, np.int32)
    lookup[1:][kept] = np.arange(1, int(kept.sum()) + 1)
    return lookup[labels], rows[kept]


def _peak_slices(
    suv: NDArray[np.float32], labels: NDArray[np.int32], count: int
) -> NDArray[np.float64]:
    """The slice of each spot's hottest voxel."""
    return np.array([k for k, *_ in ndimage.maximum_position(suv, labels, range(1, count + 1))])
