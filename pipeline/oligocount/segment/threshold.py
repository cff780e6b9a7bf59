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

_LATTICE_MM = 8.0  # between spheres in the liver


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
    """1.5 x mean + 2 SD of a 3 cm sphere in the liver; None when it is small, cold or none fits.

    The median over all spheres that fit: where a single one lies would be left to noise and to
    the map's last voxel, and neither a metastasis nor a cyst is the typical liver.
    """
    rule = settings.threshold
    liver = organs.labels.mask("liver")
    if not liver.any() or liver.sum() * suv.geometry.voxel_volume_ml < rule.liver_min_ml:
        return None
    mean, deviation = _in_spheres(liver, suv, rule.liver_sphere_mm / 2)
    if not mean.size or np.median(mean) < rule.liver_min_suv:
        return None
    return float(np.median(rule.liver_times * mean + rule.liver_deviations * deviation))


def _in_spheres(
    liver: NDArray[np.bool_], suv: Volume, radius_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of SUV in each sphere that fits into the liver, on a lattice."""
    spacing = np.array(suv.geometry.spacing_mm)
    box = bounding_box(liver)
    depth = ndimage.distance_transform_edt(np.pad(liver[box], 1), sampling=spacing)
    deep = depth[1:-1, 1:-1, 1:-1] >= radius_mm
    steps = np.maximum(1, (_LATTICE_MM / spacing).astype(int))
    lattice = np.zeros(deep.shape, bool)
    lattice[tuple(slice(None, None, step) for step in steps)] = True
    spread = deep & lattice
    centres = np.argwhere(spread if spread.any() else deep)
    half = np.ceil(radius_mm / spacing).astype(int)
    around = np.argwhere(np.ones(2 * half + 1, bool)) - half
    around = around[((around * spacing) ** 2).sum(axis=1) < radius_mm**2]
    uptake = np.ascontiguousarray(suv.array[box], np.float64)
    whole = np.array([uptake.shape[1] * uptake.shape[2], uptake.shape[2], 1])
    flat, total, squares = centres @ whole, np.zeros(len(centres)), np.zeros(len(centres))
    for offset in around @ whole:
        values = uptake.ravel()[flat + offset]
        total += values
        squares += values**2
    mean = total / len(around)
    return mean, np.sqrt(np.maximum(squares / len(around) - mean**2, 0.0))


def _rule(name: str) -> ModelInfo:
    return ModelInfo(name=name, version=__version__)
