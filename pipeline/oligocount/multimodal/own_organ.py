"""How far what an MR of one organ shows lies from that organ as the organ map draws it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.mr import MrRegion
from oligocount.domain.volume import Geometry
from oligocount.multimodal.seen import OffOrgan, SeenLesion
from oligocount.settings import MultimodalSettings, OwnOrganSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnOrgan:
    """An organ's voxels in the PET's frame. `cut` tells axis and end (0, -1) where the scan ends.

    `border_mm` is how far its drawn border may be off, `moves_mm` how far breathing moves it.
    """

    tree: KDTree
    geometry: Geometry
    cut: tuple[tuple[int, int], ...]
    border_mm: float
    moves_mm: float

    def gaps_mm(self, points_lps_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """From each of the points (n, 3) to the organ's edge; 0 where it may reach it.

        Beyond the end that cuts the organ anything may be of it.
        """
        half_mm = max(self.geometry.spacing_mm) / 2  # from a voxel's middle to its edge
        index = np.atleast_2d(self.geometry.to_index(points_lps_mm))
        gaps: NDArray[np.float64] = self.tree.query(points_lps_mm)[0] - half_mm
        for axis, end in self.cut:
            place, step = index[:, axis], self.geometry.spacing_mm[axis]
            inside = place if end == 0 else self.geometry.shape[axis] - 1 - place
            gaps = np.minimum(gaps, inside * step)
        return np.maximum(gaps, 0.0)


def find_organ(organs: OrganMap, region: MrRegion, settings: MultimodalSettings) -> OwnOrgan | None:
    """The organ that MR of the region show; None where the map draws none, or too little of it."""
    own = _settings(region, settings)
    if own is None:
        return None
    drawn, geometry = organs.labels.mask(region.value), organs.labels.geometry
    if drawn.sum() * geometry.voxel_volume_ml < own.least_ml:
        return None
    (box,) = ndimage.find_objects(drawn.astype(np.uint8))
    low = np.array([each.start for each in box])
    places = np.argwhere(ndimage.binary_fill_holes(drawn[box])) + low
    cut = tuple(
        (axis, end) for axis in range(3) for end in (0, -1) if drawn.take(end, axis=axis).any()
    )
    return OwnOrgan(
        tree=KDTree(geometry.to_lps_mm(places.astype(float))),
        geometry=geometry,
        cut=cut,
        border_mm=organs.border_mm,
        moves_mm=own.moves_mm,
    )


def beside_organ(
    seen: Iterable[SeenLesion], organs: OrganMap, settings: MultimodalSettings
) -> tuple[SeenLesion, ...]:
    """The lesions; those on MR of one organ bear how far they are off it, where that is known."""
    seen = tuple(seen)
    regions = [one.only or one.region for one in seen]
    own = {each: each and find_organ(organs, each, settings) for each in set(regions)}
    return tuple(
        replace(one, off_organ=_off(one, own[region], settings))
        for one, region in zip(seen, regions, strict=True)
    )


def _off(one: SeenLesion, organ: OwnOrgan | None, settings: MultimodalSettings) -> OffOrgan | None:
    if organ is None or one.points_lps_mm is None:
        return None
    gaps_mm = organ.gaps_mm(one.points_lps_mm)
    moved_mm = max(settings.reach_times * one.uncertainty_mm, organ.moves_mm)
    return OffOrgan(
        gap_mm=float(gaps_mm.min()),
        half_mm=float(np.median(gaps_mm)),
        sure_mm=one.uncertainty_mm,
        reach_mm=moved_mm + organ.border_mm,
    )


def _settings(region: MrRegion, settings: MultimodalSettings) -> OwnOrganSettings | None:
    return {MrRegion.BRAIN: settings.brain, MrRegion.LIVER: settings.liver}.get(region)
