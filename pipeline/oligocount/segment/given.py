"""A mask that a reader or another tool drew, taken as it is."""

from dataclasses import dataclass

import numpy as np

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap
from oligocount.geometry.resample import resample_labels
from oligocount.segment.foci import regrouped
from oligocount.segment.segmenter import Finder
from oligocount.settings_segment import SegmentSettings
from oligocount.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GivenMask:
    """A given mask as a segmenter. With several labels each is one lesion, whatever it touches.

    A mask with one label only is binary: its components are the foci, split and joined by rule.
    """

    mask: LabelMap
    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the given lesions on the PET grid."""
        return self.finder(images, organs)(self.settings)

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return the lesions as a function of settings: several labels are what they are."""
        array = resample_labels(self.mask, images.suv.geometry).array
        model = ModelInfo(name="given_mask", version=__version__)
        used = [int(n) for n in np.unique(array) if n > 0]
        if len(used) < 2:
            mask = array > 0
            return regrouped(images.suv, lambda _: mask, organs, self.settings, model=model)
        lookup = np.zeros(max(used) + 1, np.int32)
        lookup[used] = np.arange(1, len(used) + 1)
        names = {number: f"lesion {number}" for number in range(1, len(used) + 1)}
        lesions = LesionMap(
            labels=LabelMap(
                array=lookup[np.maximum(array, 0)], names=names, geometry=images.suv.geometry
            ),
            probability=dict.fromkeys(names),
            model=model,
        )
        return lambda _: lesions
