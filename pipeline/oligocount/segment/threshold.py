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
from oligocount.geometry.box import bounding_box
from oligocount.segment.foci import Mask, components, regrouped, split_components
from oligocount.segment.segmenter import Finder
from oligocount.settings_segment import SegmentSettings
from oligocount.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedThreshold:
    """Foci at or above one SUV, which the settings name (`low_suv`, `high_suv`)."""

    name: str
    level: str
    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the foci at or above the level."""
        return self.finder(images, organs)(self.settings)

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return the foci as a function of settings."""

        def draw(settings: SegmentSettings) -> Mask:
            above: Mask = images.suv.array >= getattr(settings.threshold, self.level)
            return above

        return regrouped(images.suv, draw, organs, self.settings, model=_rule(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentOfMaximum:
    """Foci seeded at a fixed SUV, each drawn at a share of its own maximum."""

    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the foci, each cut to its own level."""
        return self.finder(images, organs)(self.settings)

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return the foci as a function of settings."""
        suv = images.suv

        def draw(settings: SegmentSettings) -> Mask:
            rule = settings.threshold
            seeds = components(suv.array >= rule.low_suv, settings)
            pieces = split_components(suv, seeds, organs, settings).labels
            mask = np.zeros(suv.array.shape, bool)
            for number, box in enumerate(ndimage.find_objects(pieces), start=1):
                inside, uptake = pieces[box] == number, suv.array[box]
                mask[box] |= inside & (uptake >= rule.share_of_maximum * uptake[inside].max())
            return mask

        return regrouped(suv, draw, organs, self.settings, model=_rule("percent41"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Percist:
    """Foci above the liver, by PERCIST; without a liver the high fixed level, and a caveat."""

    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the foci at or above the patient's own level."""
        return self.finder(images, organs)(self.settings)

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return the foci as a function of settings."""
        caveats: tuple[Caveat, ...] = ()
        if percist_level(images.suv, organs, self.settings) is None:
            suv = self.settings.threshold.high_suv
            text = f"no liver reference could be placed; SUV {suv:g} was used instead of PERCIST"
            caveats = (Caveat(code="NO_LIVER_REFERENCE", text=text),)

        def draw(settings: SegmentSettings) -> Mask:
            own = percist_level(images.suv, organs, settings)
            level = settings.threshold.high_suv if own is None else own
            above: Mask = images.suv.array >= level
            return above

        return regrouped(
            images.suv, draw, organs, self.settings, model=_rule("percist"), caveats=caveats
        )


def percist_level(suv: Volume, organs: OrganMap, settings: SegmentSettings) -> float | None:
    """1.5 x mean + 2 SD of a 3 cm sphere in the liver; None when it is small, cold or none fits."""
    rule = settings.threshold
    liver = organs.labels.mask("liver")
    if liver.sum() * suv.geometry.voxel_volume_ml < rule.liver_min_ml:
        return None
    sphere = _liver_sphere(liver, suv, rule.liver_sphere_mm / 2)
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
    box = bounding_box(liver)
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
