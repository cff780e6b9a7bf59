"""The lesion network: aligned images and an organ map to foci with probabilities.

Two kinds of foci are taken. Voxels that the network calls lesion; and hot spots: connected
voxels above the patient's own level outside organs that take up FDG, each scored as a whole by
the network. A large or unusual lesion that the network sees only in part is still drawn whole.
The bundle's metadata hold `voxel_threshold`, `focus_threshold` and `calibration` (weights of a
focus' mean probability and peak uptake), measured on held-out phantoms.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import BundleMismatch
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.box import grown
from oligocount.geometry.resample import resample_labels, resample_volume
from oligocount.inference.bundle import Bundle
from oligocount.inference.channels import AIR_HU, Inputs, fill_channels, structure_mask
from oligocount.segment.core import with_cold_cores
from oligocount.segment.foci import Box, Mask, components, regrouped, split_components
from oligocount.segment.segmenter import Finder
from oligocount.segment.threshold import percist_level
from oligocount.settings_segment import SegmentSettings

_LESION = "lesion"
Chance = Callable[[Box, Mask], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Thresholds, and the map from what a focus shows to its chance of being a lesion.

    `slope` weighs the logit of its mean network probability, `uptake_slope` the logarithm of its
    peak over the patient's own level.
    """

    voxel_threshold: float
    focus_threshold: float
    slope: float
    uptake_slope: float
    intercept: float

    def chance(self, mean_probability: float, peak_over_level: float) -> float:
        """The calibrated probability of a focus."""
        clipped = min(max(mean_probability, 1e-4), 1 - 1e-4)
        logit = self.slope * math.log(clipped / (1 - clipped)) + self.intercept
        return 1 / (1 + math.exp(-logit - self.uptake_slope * math.log(peak_over_level)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkSegmenter:
    """A Segmenter that runs a lesion bundle."""

    bundle: Bundle
    calibration: Calibration
    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the foci that the network holds for lesions, with calibrated probabilities."""
        return self.finder(images, organs)(self.settings)

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return the foci as a function of settings; the network is asked once, now."""
        suv = images.suv
        probability = self.probability(images, organs)
        own_level = self.level(suv, organs)

        def chance(box: Box, focus: Mask) -> float:
            uptake = suv.array[box]
            mean = mean_of_core(probability[box], uptake, focus)
            return self.calibration.chance(mean, float(uptake[focus].max()) / own_level)

        def draw(settings: SegmentSettings) -> Mask:
            varied = replace(self, settings=settings)
            rule, level = settings.network, varied.level(suv, organs)
            mask = varied.marked(suv, organs, probability, level)
            mask |= varied.hot_spots(suv, organs, chance, level)
            return with_cold_cores(
                mask, suv.geometry, radius_mm=rule.core_mm, min_ml=rule.core_min_ml
            )

        return regrouped(
            suv,
            draw,
            organs,
            self.settings,
            model=self.bundle.metadata.model,
            score=chance,
            min_score=self.calibration.focus_threshold,
        )

    def level(self, suv: Volume, organs: OrganMap) -> float:
        """The patient's own level: PERCIST's, or a fixed SUV where no liver can be measured."""
        return percist_level(suv, organs, self.settings) or self.settings.threshold.high_suv

    def probability(self, images: AlignedImages, organs: OrganMap) -> NDArray[np.float32]:
        """The network's lesion probability on the PET grid."""
        grid = axial_grid(images.suv.geometry, self.bundle.metadata.spacing_mm)
        channels = fill_channels(self.bundle.metadata.channels, _inputs(images, organs, grid))
        lesion = self.bundle.predict(channels)[_lesion_channel(self.bundle)]
        volume = Volume(array=lesion, unit=Unit.ARBITRARY, geometry=grid)
        return resample_volume(volume, images.suv.geometry, outside=0.0).array

    def marked(
        self, suv: Volume, organs: OrganMap, probability: NDArray[np.float32], level: float
    ) -> NDArray[np.bool_]:
        """Voxels that the network calls lesion, drawn out to a share of each focus' maximum.

        A focus needs a peak near the patient's level; in the lung, which is cold, a lower one.
        """
        rule = self.settings.network
        needed = np.where(
            structure_mask(organs.labels, ("lung",)), rule.min_suv, rule.share_of_level * level
        )
        called = (probability >= self.calibration.voxel_threshold) & (suv.array >= rule.min_suv)
        peaks = called & (suv.array >= needed)
        parts, count = ndimage.label(called)
        has_peak = np.zeros(count + 1, bool)
        has_peak[parts[peaks]] = True
        return drawn_to_uptake(suv, has_peak[parts], rule.share_of_maximum, rule.grow_mm)

    def hot_spots(
        self, suv: Volume, organs: OrganMap, chance: Chance, level: float
    ) -> NDArray[np.bool_]:
        """Voxels of hot spots that the network, looking at each as a whole, holds for lesions."""
        parts = components(suv.array >= level, self.settings)
        pieces = split_components(suv, parts, organs, self.settings).labels
        out = np.zeros(suv.array.shape, bool)
        for number, box in enumerate(ndimage.find_objects(pieces), start=1):
            focus = pieces[box] == number
            if chance(box, focus) >= self.calibration.focus_threshold:
                out[box] |= focus
        return out


def drawn_to_uptake(
    suv: Volume, mask: NDArray[np.bool_], share_of_maximum: float, grow_mm: float
) -> NDArray[np.bool_]:
    """The mask, each component trimmed and grown to voxels above a share of its own maximum.

    It grows by at most `grow_mm`, so that it does not run into what the network left out.
    """
    parts, _ = ndimage.label(mask)
    reach = [math.ceil(grow_mm / step) for step in suv.geometry.spacing_mm]
    drawn = np.zeros(mask.shape, bool)
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        # A voxel within reach lies in the wide box of the part that is nearest to it.
        wide = grown(box, reach, mask.shape)
        uptake, here = suv.array[wide], parts[wide]
        away, nearest = ndimage.distance_transform_edt(
            here == 0, sampling=suv.geometry.spacing_mm, return_indices=True
        )
        own = (here[tuple(nearest)] == number) & (away <= grow_mm)
        drawn[wide] |= own & (uptake >= share_of_maximum * uptake[here == number].max())
    return drawn


def mean_of_core(
    probability: NDArray[np.float32], suv: NDArray[np.float32], focus: NDArray[np.bool_]
) -> float:
    """The mean probability over the hotter half of a focus; its rim is blurred into background."""
    values = suv[focus]
    return float(probability[focus][values >= np.median(values)].mean())


def calibration_of(bundle: Bundle) -> Calibration:
    """The calibration in a bundle's metadata. Raises BundleMismatch when it is not there."""
    held = bundle.metadata.settings
    try:
        return Calibration(
            voxel_threshold=float(held["voxel_threshold"]),
            focus_threshold=float(held["focus_threshold"]),
            slope=float(held["calibration"]["slope"]),
            uptake_slope=float(held["calibration"]["uptake_slope"]),
            intercept=float(held["calibration"]["intercept"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleMismatch(
            f"bundle {bundle.metadata.name}: expected oligocount.settings with voxel_threshold, "
            f"focus_threshold and calibration: {error!r}"
        ) from error


def _lesion_channel(bundle: Bundle) -> int:
    if _LESION not in bundle.metadata.classes:
        raise BundleMismatch(
            f"bundle {bundle.metadata.name}: expected a class {_LESION!r}, "
            f"found {', '.join(bundle.metadata.classes)}"
        )
    return bundle.metadata.classes.index(_LESION)


def _inputs(images: AlignedImages, organs: OrganMap, grid: Geometry) -> Inputs:
    return Inputs(
        suv=resample_volume(images.suv, grid, outside=0.0),
        ct=resample_volume(images.ct, grid, outside=AIR_HU) if images.ct else None,
        organs=resample_labels(organs.labels, grid) if organs.known else None,
    )
