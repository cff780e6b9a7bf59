"""Masks and organ maps that a user gives as files, as the tools that `run_study` takes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from oligocount import intake
from oligocount.anatomy.labelmap import GivenMap, label_table
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap
from oligocount.errors import ConfigError
from oligocount.segment.given import GivenMask
from oligocount.segment.segmenter import Finder
from oligocount.settings import SegmentSettings
from oligocount.version import __version__

_NIFTI = (".nii", ".nii.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFile:
    """A Segmenter that takes the lesions of a NIfTI, DICOM SEG or RTSTRUCT file."""

    file: Path
    settings: SegmentSettings

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the given lesions; InputError or GeometryError when the file holds none here."""
        return self.finder(images, organs)(self.settings)

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return the lesions as a function of settings; the file is read once, now."""
        mask = intake.read_mask(self.file, images.suv.geometry)
        return GivenMask(mask=mask, settings=self.settings).finder(images, organs)


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
