"""A lesion network for MRI: a MONAI bundle whose channels are named by the MR that fills them.

A channel is `mr_<kind>` (mr_flair, mr_t1_contrast, mr_t2, mr_dwi, mr_adc ...), each normalised to
mean 0 and deviation 1 over its tissue, an ADC map to um2/s over 1000. All channels come from one
frame of reference and lie on the grid of the first, at the bundle's spacing. `settings` of the
bundle hold `voxel_threshold`; `region` (brain, liver) where it may look at MR of that region alone,
and `trained_on` where its training is to be told beside every result.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.lesion import LesionMap
from oligocount.domain.mr import MrRegion
from oligocount.domain.provenance import Caveat
from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.errors import BundleMismatch, InputError
from oligocount.geometry.affine import regrid
from oligocount.geometry.resample import resample_volume
from oligocount.inference.bundle import Bundle
from oligocount.inference.channels import mr_channel
from oligocount.multimodal.seen import MrLesions
from oligocount.settings import MultimodalSettings

_PREFIX, _LESION = "mr_", "lesion"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MrNetwork:
    """An MrSegmenter that runs a bundle wherever a frame of reference holds all its inputs."""

    bundle: Bundle
    settings: MultimodalSettings

    def __call__(self, images: tuple[MrImage, ...]) -> tuple[MrLesions, ...]:
        """Return its lesions; InputError when no frame holds every MR that it needs."""
        groups = self.groups(images)
        if not groups:
            raise _nothing_for(self.needs, images)
        return tuple(self._lesions(group) for group in groups)

    @property
    def needs(self) -> str:
        """What it has to be given, in words."""
        of = f" of the {self._region.value}" if self._region else ""
        wanted = f"MR {', '.join(self._kinds())}{of}"
        return f"bundle {self.bundle.metadata.name}: needs {wanted} in one frame of reference"

    def groups(self, images: tuple[MrImage, ...]) -> list[Mapping[str, MrImage]]:
        """The frames of reference that hold all it needs, each as MR by kind."""
        groups: dict[object, dict[str, MrImage]] = {}
        for one in images:
            region = one.facts.region if one.facts else None
            if self._region in (None, region):
                frame = one.volume.geometry.frame_of_reference_uid or one.series_uid
                groups.setdefault(frame, {}).setdefault(one.kind, one)
        kinds = set(self._kinds())
        return [group for group in groups.values() if kinds <= set(group)]

    @property
    def _region(self) -> MrRegion | None:
        told = self.bundle.metadata.settings.get("region")
        try:
            return None if told is None else MrRegion(told)
        except ValueError as error:
            raise BundleMismatch(
                f"bundle {self.bundle.metadata.name}: region {told!r}; expected one of "
                + ", ".join(each.value for each in MrRegion)
            ) from error

    def _kinds(self) -> tuple[str, ...]:
        metadata = self.bundle.metadata
        odd = [each for each in metadata.channels if not each.startswith(_PREFIX)]
        if odd or _LESION not in metadata.classes or "voxel_threshold" not in metadata.settings:
            raise BundleMismatch(
                f"bundle {metadata.name}: expected channels mr_<kind>, a class {_LESION!r} and "
                f"settings with voxel_threshold; found {', '.join(metadata.channels)}"
            )
        return tuple(each.removeprefix(_PREFIX) for each in metadata.channels)

    def _lesions(self, group: Mapping[str, MrImage]) -> MrLesions:
        kinds, metadata = self._kinds(), self.bundle.metadata
        first = group[kinds[0]]
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
        return MrLesions(
            image=replace(first), lesions=lesions, caveats=self._caveats(), only=self._region
        )

    def _caveats(self) -> tuple[Caveat, ...]:
        metadata = self.bundle.metadata
        trained = metadata.settings.get("trained_on")
        if trained is None:
            return ()
        text = f"lesions on MR were marked by {metadata.name}, trained on {trained}"
        return (Caveat(code="MR_MODEL_TRAINED_ON", text=text),)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MrNetworks:
    """An MrSegmenter of several networks: each looks at what it can."""

    networks: tuple[MrNetwork, ...]

    def __call__(self, images: tuple[MrImage, ...]) -> tuple[MrLesions, ...]:
        """Return the lesions of all; InputError when none of them has what it needs."""
        able = [one for one in self.networks if one.groups(images)]
        if not able:
            raise _nothing_for("; ".join(one.needs for one in self.networks), images)
        return tuple(found for one in able for found in one(images))


def _nothing_for(needs: str, images: tuple[MrImage, ...]) -> InputError:
    there = ", ".join(sorted({_told(one) for one in images})) or "none"
    return InputError(f"{needs}; found {there}")


def _told(one: MrImage) -> str:
    region = one.facts.region if one.facts else None
    return f"{one.kind} ({region.value if region else 'region unknown'})"


def normalised(volume: Volume, grid: Geometry) -> NDArray[np.float32]:
    """An MR on the grid as a network's channel."""
    array = resample_volume(volume, grid, outside=0.0).array
    return mr_channel(array, is_adc=volume.unit is Unit.ADC)
