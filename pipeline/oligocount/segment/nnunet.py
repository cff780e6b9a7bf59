"""Networks of nnU-Net as a segmenter: what they call lesion, as they draw it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import Geometry, Volume
from oligocount.errors import SeriesNotFound
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.resample import resample_volume
from oligocount.inference.channels import AIR_HU
from oligocount.inference.nnunet import NnUnet
from oligocount.inference.nnunet_folder import CT, SUV
from oligocount.segment.bundle import mean_of_core
from oligocount.segment.foci import Box, Mask, regrouped
from oligocount.segment.segmenter import Finder
from oligocount.settings_segment import SegmentSettings

_LESION = 0.5  # nnU-Net's own rule: the larger of two classes, or a region's sigmoid above a half
_UNCALIBRATED = Caveat(
    code="UNCALIBRATED_MODEL",
    text="the probabilities of lesions are those of an nnU-Net, whose calibration is not known",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NnUnetSegmenter:
    """A Segmenter that runs an nnU-Net v2 results folder."""

    networks: NnUnet
    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return what the networks call lesion, with their mean probability of its hotter half."""
        return self.finder(images, organs)(self.settings)

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return the foci as a function of settings; the networks are asked once, now."""
        suv, probability = images.suv, self.probability(images)
        mask = probability >= _LESION

        def chance(box: Box, focus: Mask) -> float:
            return mean_of_core(probability[box], suv.array[box], focus)

        return regrouped(
            suv,
            lambda _: mask,
            organs,
            self.settings,
            model=self.networks.results.model,
            score=chance,
            caveats=(_UNCALIBRATED,),
        )

    def probability(self, images: AlignedImages) -> NDArray[np.float32]:
        """The probability of lesion on the PET grid. Raises SeriesNotFound without its CT."""
        grid = upright(images.suv.geometry)
        given: dict[str, Volume] = {SUV: resample_volume(images.suv, grid, outside=0.0)}
        if images.ct is not None:
            given[CT] = resample_volume(images.ct, grid, outside=AIR_HU)
        elif CT in self.networks.results.channels:
            raise SeriesNotFound(
                f"{self.networks.results.model.name} was trained on PET and CT, and there is no CT"
            )
        lesion = self.networks.lesion_probability(given)
        return resample_volume(lesion, images.suv.geometry, outside=0.0).array


def upright(geometry: Geometry) -> Geometry:
    """The grid of a PET as scanners store it (k up, j posterior, i left), its spacing kept.

    nnU-Net takes images as they are stored, and does not turn them.
    """
    spacing = np.array(geometry.spacing_mm)
    along = np.abs(geometry.affine[:3, :3] / spacing).argmax(axis=1)  # x, y, z to k, j, i
    k, j, i = (float(spacing[axis]) for axis in along[::-1])
    return axial_grid(geometry, (k, j, i))
