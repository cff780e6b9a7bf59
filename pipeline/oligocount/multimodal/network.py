"""A lesion network for MRI: a MONAI bundle whose channels are named by the MR that fills them.

A channel is `mr_<kind>` (mr_flair, mr_t1_contrast, mr_t2, mr_dwi, mr_adc ...), each normalised to
mean 0 and deviation 1 over its tissue, an ADC map to um2/s over 1000. All channels come from one
frame of reference and lie on the grid of the first, at the bundle's spacing. `settings` of the
bundle hold `voxel_threshold`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.lesion import LesionMap
from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.errors import BundleMismatch, InputError
from oligocount.geometry.affine import regrid
from oligocount.geometry.resample import resample_volume
from oligocount.inference.bundle import Bundle
from oligocount.multimodal.seen import MrLesions
from oligocount.settings import MultimodalSettings

_PREFIX, _LESION = "mr_", "lesion"
_TISSUE_SHARE = 0.1  # of the bright end: above is tissue
_ADC_SCALE = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MrNetwork:
    """An MrSegmenter that runs a bundle wherever a frame of reference holds all its inputs."""

    bundle: Bundle
    settings: MultimodalSettings

    def __call__(self, images: tuple[MrImage, ...]) -> tuple[MrLesions, ...]:
        """Return its lesions; InputError when no frame holds every MR that it needs."""
        kinds = self._kinds()
        groups: dict[object, dict[str, MrImage]] = {}
        for one in images:
            frame = one.volume.geometry.frame_of_reference_uid or one.series_uid
            groups.setdefault(frame, {}).setdefault(one.kind, one)
        able = [group for group in groups.values() if set(kinds) <= set(group)]
        if not able:
            there = ", ".join(sorted({one.kind for one in images})) or "none"
            raise InputError(
                f"bundle {self.bundle.metadata.name}: needs MR {', '.join(kinds)} in one frame of "
                f"reference; found {there}"
            )
        return tuple(self._lesions(group, kinds) for group in able)

    def _kinds(self) -> tuple[str, ...]:
        metadata = self.bundle.metadata
        odd = [each for each in metadata.channels if not each.startswith(_PREFIX)]
        if odd or _LESION not in metadata.classes or "voxel_threshold" not in metadata.settings:
            raise BundleMismatch(
                f"bundle {metadata.name}: expected channels mr_<kind>, a class {_LESION!r} and "
                f"settings with voxel_threshold; found {', '.join(metadata.channels)}"
            )
        return tuple(each.removeprefix(_PREFIX) for each in metadata.channels)

    def _lesions(self, group: Mapping[str, MrImage], kinds: tuple[str, ...]) -> MrLesions:
        first, metadata = group[kinds[0]], self.bundle.metadata
        grid = regrid(first.volume.geometry, metadata.spacing_mm)
        channels = np.stack([normalised(group[kind].volume, grid) for kind in kinds])
        chance = self.bundle.predict(channels)[metadata.classes.index(_LESION)]
        marked = chance >= float(metadata.settings["voxel_threshold"])
        parts, count = ndimage.label(marked, np.ones((3, 3, 3)))
        sizes = np.bincount(parts.ravel()) * grid.voxel_volume_ml
        kept = [n for n in range(1, count + 1) if sizes[n] >= self.settings.min_volume_ml]
        array = np.zeros(parts.shape, np.int32)
        probability: dict[int, float | None] = {}
        for number, part in enumerate(kept, start=1):
            array[parts == part] = number
            probability[number] = float(chance[parts == part].mean())
        names = {number: f"lesion {number}" for number in probability}
        lesions = LesionMap(
            labels=LabelMap(array=array, names=names, geometry=grid),
            probability=probability,
            model=metadata.model,
        )
        return MrLesions(image=replace(first), lesions=lesions)


def normalised(volume: Volume, grid: Geometry) -> NDArray[np.float32]:
    """An MR on the grid as a network's channel: its tissue at mean 0 and deviation 1."""
    array = resample_volume(volume, grid, outside=0.0).array
    if volume.unit is Unit.ADC:
        return array / np.float32(_ADC_SCALE)
    tissue = array[array > _TISSUE_SHARE * float(np.percentile(array, 99))]
    if not tissue.size:
        return np.zeros_like(array)
    out: NDArray[np.float32] = (array - tissue.mean()) / max(float(tissue.std()), 1e-6)
    return out.astype(np.float32)
