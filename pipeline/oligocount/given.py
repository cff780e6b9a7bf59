"""Masks and organ maps that a user gives as files, as the tools that `run_study` takes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage

from oligocount import intake
from oligocount.anatomy.labelmap import GivenMap, label_table
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages, MrImage
from oligocount.domain.volume import LabelMap
from oligocount.errors import ConfigError, GeometryError, InputError, OligocountError
from oligocount.multimodal import MrLesions
from oligocount.segment.given import GivenMask
from oligocount.segment.segmenter import Finder
from oligocount.settings import MultimodalSettings
from oligocount.settings_segment import SegmentSettings
from oligocount.version import __version__

_NIFTI = (".nii", ".nii.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFile:
    """A Segmenter that takes the lesions of a NIfTI, DICOM SEG or RTSTRUCT file.

    `names` picks structures; without it all that are tissue are taken.
    """

    file: Path
    settings: SegmentSettings
    names: tuple[str, ...] = ()

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the given lesions; InputError or GeometryError when the file holds none here."""
        return self.finder(images, organs)(self.settings)

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return the lesions as a function of settings; the file is read once, now."""
        mask = intake.read_mask(self.file, images.suv.geometry, self.names)
        return GivenMask(mask=mask, settings=self.settings).finder(images, organs)


@dataclass(frozen=True, slots=True, kw_only=True)
class MrMaskFiles:
    """An MrSegmenter that takes lesions from files drawn on an MR: NIfTI, DICOM SEG or RTSTRUCT.

    Each file is read on the grid of the MR that it was drawn on: that of its frame of reference
    and, where several share one, that which it names, else that which shows most of it. A
    structure in several pieces is several lesions. `names` picks structures of the files (the mass
    and not its oedema); without it all that are tissue are taken.
    """

    files: tuple[Path, ...]
    settings: MultimodalSettings
    names: tuple[str, ...] = ()

    def __call__(self, images: tuple[MrImage, ...]) -> tuple[MrLesions, ...]:
        """Return the lesions of each file; InputError or GeometryError when one lies on no MR."""
        return tuple(self._read(file, images) for file in self.files)

    def _read(self, file: Path, images: tuple[MrImage, ...]) -> MrLesions:
        found: list[tuple[float, MrImage, LabelMap]] = []
        problem: OligocountError = InputError(f"{file}: a mask drawn on MR, and there is no MR")
        for image in images:
            try:
                mask = intake.read_mask(file, image.volume.geometry, self.names)
            except (InputError, GeometryError) as error:
                problem = error
                continue
            size = float((mask.array > 0).sum()) * mask.geometry.voxel_volume_ml
            found.append((size, image, mask))
        if not found:
            raise problem
        told = intake.series_drawn_on(file) if len(found) > 1 else frozenset()
        _, image, mask = max(found, key=lambda each: (each[1].series_uid in told, each[0]))
        return MrLesions(image=image, lesions=self._lesions(file, mask))

    def _lesions(self, file: Path, mask: LabelMap) -> LesionMap:
        array = np.zeros(mask.array.shape, np.int32)
        for label in np.unique(mask.array[mask.array > 0]):
            parts, count = ndimage.label(mask.array == label, np.ones((3, 3, 3)))
            sizes = np.bincount(parts.ravel()) * mask.geometry.voxel_volume_ml
            for part in range(1, count + 1):
                if sizes[part] >= self.settings.min_volume_ml:
                    array[parts == part] = array.max() + 1
        names = {number: f"lesion {number}" for number in range(1, int(array.max()) + 1)}
        return LesionMap(
            labels=LabelMap(array=array, names=names, geometry=mask.geometry),
            probability=dict.fromkeys(names),
            model=ModelInfo(name=f"given:{file.name}", version=__version__),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganFile:
    """An OrganMapper that takes the organs of a NIfTI, DICOM SEG or RTSTRUCT file.

    `names` is a published id table (totalsegmentator_v1, totalsegmentator_v2) or a JSON file;
    None means the JSON that stands beside the NIfTI, as oligocount writes it.
    """

    file: Path
    names: str | None = None

    def __call__(self, images: AlignedImages) -> OrganMap:
        """Return the given organs; ConfigError when nobody says what the labels mean."""
        given = intake.read_mask(self.file, images.suv.geometry)
        if self.file.name.endswith(_NIFTI):
            table = label_names(self.file, self.names)
            names = {label: table.get(label, name) for label, name in given.names.items()}
            given = LabelMap(array=given.array, names=names, geometry=given.geometry)
        model = ModelInfo(name=f"given:{self.file.name}", version=__version__)
        return GivenMap(given=given, model=model)(images)


def label_names(file: Path, names: str | None) -> Mapping[int, str]:
    """What the labels of a NIfTI organ map mean.

    Raises ConfigError where neither `names` nor a JSON beside the file says so.
    """
    beside = file.with_name(file.name.removesuffix(".gz").removesuffix(".nii") + ".json")
    if names and not names.endswith(".json"):
        return label_table(names)
    table = Path(names) if names else beside
    try:
        document = json.loads(table.read_text("utf-8"))
        return {int(k): str(v) for k, v in document.get("labels", document).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"{file}: nobody says what its labels mean; expected --organ-names "
            f"totalsegmentator_v2, totalsegmentator_v1 or a JSON file like {beside.name} ({error})"
        ) from error
