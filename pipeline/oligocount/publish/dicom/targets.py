"""Gross volumes of lesions and the margins around them, each in a box of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.lesion import LocatedLesion
from oligocount.domain.volume import LabelMap
from oligocount.geometry.box import grown
from oligocount.publish.dicom.lesions import lesion_name
from oligocount.settings import RtstructSettings

_Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """A volume to draw: its DICOM interpreted type, and its mask within `box` of the grid."""

    name: str
    interpreted_type: str
    mask: NDArray[np.bool_]
    box: _Box


def targets(
    labels: LabelMap, lesions: Sequence[LocatedLesion], settings: RtstructSettings
) -> Iterator[Target]:
    """The GTV of each lesion, then its CTV and PTV where the settings ask for them.

    A margin takes every voxel whose centre lies within it of a voxel's centre of the volume
    that it surrounds. A lesion without voxels is a target with an empty mask.
    """
    boxes = dict(enumerate(ndimage.find_objects(labels.array), 1))
    spacing = labels.geometry.spacing_mm
    margins = {"CTV": settings.ctv_margin_mm, "PTV": settings.ptv_margin_mm}
    reach_mm = sum(margin for margin in margins.values() if margin is not None)
    for located in lesions:
        tight = boxes.get(located.lesion.id) or (slice(0, 1),) * 3
        box = _widened(tight, labels, reach_mm)
        mask = labels.array[box] == located.lesion.id
        name = lesion_name(located)
        yield Target(name=f"GTV {name}", interpreted_type="GTV", mask=mask, box=box)
        for kind, margin_mm in margins.items():
            if margin_mm is not None:
                mask = _grown(mask, margin_mm, spacing)
                yield Target(name=f"{kind} {name}", interpreted_type=kind, mask=mask, box=box)


def _widened(box: _Box, labels: LabelMap, reach_mm: float) -> _Box:
    """The box with room for the margins, as far as the grid goes."""
    room = [int(np.ceil(reach_mm / step)) for step in labels.geometry.spacing_mm]
    return grown(box, room, labels.array.shape)


def _grown(
    mask: NDArray[np.bool_], margin_mm: float, spacing_mm: tuple[float, float, float]
) -> NDArray[np.bool_]:
    if not mask.any():
        return mask
    distance = ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
    grown: NDArray[np.bool_] = distance <= margin_mm
    return grown
