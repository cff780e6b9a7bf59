"""How far what an MR of the brain shows lies from the brain that the organ map draws."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.mr import MrRegion
from oligocount.domain.volume import Geometry
from oligocount.multimodal.seen import OffBrain, SeenLesion
from oligocount.settings import MultimodalSettings

_BRAIN = "brain"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Brain:
    """The brain's voxels in the PET's frame. `cut` tells axis and end (0, -1) where the scan ends.

    `border_mm` is how far its drawn border may be off.
    """

    tree: KDTree
    geometry: Geometry
    cut: tuple[tuple[int, int], ...]
    border_mm: float

    def gap_mm(self, points_lps_mm: NDArray[np.float64]) -> float:
        """From the nearest of the points (n, 3) to the brain's edge; 0 where it may reach it.

        Beyond the end that cuts the brain anything may be brain.
        """
        half_mm = max(self.geometry.spacing_mm) / 2  # from a voxel's middle to its edge
        index = np.atleast_2d(self.geometry.to_index(points_lps_mm))
        gaps = [float(self.tree.query(points_lps_mm)[0].min()) - half_mm]
        for axis, end in self.cut:
            place, step = index[:, axis], self.geometry.spacing_mm[axis]
            inside = place if end == 0 else self.geometry.shape[axis] - 1 - place
            gaps.append(float(inside.min()) * step)
        return max(0.0, min(gaps))


def find_brain(organs: OrganMap, settings: MultimodalSettings) -> Brain | None:
    """The brain of an organ map; None where it draws none, or less than a brain can be."""
    mask = ndimage.binary_fill_holes(organs.labels.mask(_BRAIN))
    geometry = organs.labels.geometry
    if mask.sum() * geometry.voxel_volume_ml < settings.least_brain_ml:
        return None
    cut = tuple(
        (axis, end) for axis in range(3) for end in (0, -1) if mask.take(end, axis=axis).any()
    )
    tree = KDTree(geometry.to_lps_mm(np.argwhere(mask).astype(float)))
    return Brain(tree=tree, geometry=geometry, cut=cut, border_mm=organs.border_mm)


def beside_brain(
    seen: Iterable[SeenLesion], brain: Brain | None, settings: MultimodalSettings
) -> tuple[SeenLesion, ...]:
    """The lesions; those on MR of the brain that do not reach it bear how far they are off."""
    return tuple(
        one if brain is None else replace(one, off_brain=_off(one, brain, settings)) for one in seen
    )


def _off(one: SeenLesion, brain: Brain, settings: MultimodalSettings) -> OffBrain | None:
    if one.region is not MrRegion.BRAIN or one.points_lps_mm is None:
        return None
    gap_mm = brain.gap_mm(one.points_lps_mm)
    reach_mm = settings.reach_times * one.uncertainty_mm + brain.border_mm
    return OffBrain(gap_mm=gap_mm, reach_mm=reach_mm) if gap_mm > one.uncertainty_mm else None
