"""The baseline: foci by SUV threshold, with no opinion about what they are.

| name      | a voxel belongs to a focus when its SUV is at least                                |
|-----------|------------------------------------------------------------------------------------|
| suv25     | 2.5                                                                                |
| suv40     | 4.0                                                                                |
| percent41 | 41 % of its focus' maximum, foci being seeded at 2.5 (Boellaard, EANM 2015)        |
| percist   | 1.5 x mean + 2 SD of the liver (Wahl, PERCIST 1.0, 2009)                           |
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Volume
from oligocount.segment.foci import components, lesion_map, split_components
from oligocount.settings import SegmentSettings
from oligocount.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedThreshold:
    """Foci at or above one SUV."""

    name: str
    level_suv: float
    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the foci at or above the level."""
        mask = images.suv.array >= self.level_suv
        return lesion_map(images.suv, mask, organs, model=_rule(self.name), settings=self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentOfMaximum:
    """Foci seeded at a fixed SUV, each drawn at a share of its own maximum."""

    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the foci, each cut to its own level."""
        suv, rule = images.suv, self.settings.threshold
        seeds = components(suv.array >= rule.low_suv, self.settings)
        pieces = split_components(suv, seeds, organs, self.settings).labels
        count = int(pieces.max(initial=0))
        tops = np.zeros(count + 1, np.float32)
        if count:
            tops[1:] = ndimage.maximum(suv.array, pieces, range(1, count + 1))
        mask = (pieces > 0) & (suv.array >= rule.share_of_maximum * tops[pieces])
        return lesion_map(suv, mask, organs, model=_rule("percent41"), settings=self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Percist:
    """Foci above the liver, by PERCIST; without a liver the high fixed level, and a caveat."""

    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the foci at or above the patient's own level."""
        level = percist_level(images.suv, organs, self.settings)
        caveats: tuple[Caveat, ...] = ()
        if level is None:
            level = self.settings.threshold.high_suv
            text = f"no liver reference could be placed; SUV {level:g} was used instead of PERCIST"
            caveats = (Caveat(code="NO_LIVER_REFERENCE", text=text),)
        return lesion_map(
            images.suv,
            images.suv.array >= level,
            organs,
            model=_rule("percist"),
            settings=self.settings,
            caveats=caveats,
        )


def percist_level(suv: Volume, organs: OrganMap, settings: SegmentSettings) -> float | None:
    """1.5 x mean + 2 SD of a 3 cm sphere in the liver; None when none fits, or is cold."""
    rule = settings.threshold
    sphere = _liver_sphere(organs.labels.mask("liver"), suv, rule.liver_sphere_mm / 2)
    if sphere is None:
        return None
    values = suv.array[sphere]
    if values.mean() < rule.liver_min_suv:
        return None
    return float(rule.liver_times * values.mean() + rule.liver_deviations * values.std())


def _liver_sphere(
    liver: NDArray[np.bool_], suv: Volume, radius_mm: float
) -> NDArray[np.bool_] | None:
    """A sphere in the coolest place of those deep enough, so that no metastasis is measured."""
    if not liver.any():
        return None
    box = ndimage.find_objects(liver.astype(np.int8))[0]
    inside = np.pad(liver[box], 1)
    depth = ndimage.distance_transform_edt(inside, sampling=suv.geometry.spacing_mm)
    depth = depth[1:-1, 1:-1, 1:-1]
    deep = depth >= radius_mm
    if not deep.any():
        return None
    sigma = [radius_mm / 2 / step for step in suv.geometry.spacing_mm]
    level = ndimage.gaussian_filter(suv.array[box], sigma)
    # The median place: neither a metastasis nor a cyst is the typical liver.
    typical = np.abs(level - np.median(level[deep]))
    centre = np.unravel_index(np.argmin(np.where(deep, typical, np.inf)), deep.shape)
    index = np.indices(deep.shape, dtype=np.float32)
    away = [(axis - c) * step for axis, c, step in
            zip(index, centre, suv.geometry.spacing_mm, strict=True)]  # fmt: skip
    out = np.zeros(liver.shape, bool)
    out[box] = sum(one**2 for one in away) <= radius_mm**2
    return out


def _rule(name: str) -> ModelInfo:
    return ModelInfo(name=name, version=__version__)
