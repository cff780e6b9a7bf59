"""An organ map without a network: outline, lungs and bone from HU, a few organs from uptake."""

from dataclasses import dataclass

import numpy as np

from oligocount.anatomy.frame import Frame, axial_frame, volume_to_frame
from oligocount.anatomy.outline import (
    Mask,
    body_from_ct,
    body_from_pet,
    bone_from_ct,
    lungs_from_ct,
)
from oligocount.anatomy.pet_rules import organs_from_pet
from oligocount.anatomy.sides import midline_mm, split_paired
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap
from oligocount.geometry.resample import resample_labels
from oligocount.settings_anatomy import AnatomySettings
from oligocount.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMapper:
    """An OrganMapper of place, density and level; draws little and says so."""

    settings: AnatomySettings

    def __call__(self, images: AlignedImages) -> OrganMap:
        """Body always; lungs and bone with CT; liver, heart, kidneys, bladder, brain by uptake."""
        masks, frame = _drawn(images, self.settings)
        names = dict(enumerate(masks, start=1))
        array = np.zeros(frame.geometry.shape, np.int32)
        for label, name in names.items():
            array[masks[name]] = label
        labels = LabelMap(array=array, names=names, geometry=frame.geometry)
        labels = resample_labels(split_paired(labels), images.suv.geometry)
        return OrganMap(
            labels=labels,
            known=frozenset(labels.names.values()),
            model=ModelInfo(name="organ_rules", version=__version__),
            confidence=dict.fromkeys(labels.names.values(), 0.6),
            caveats=(
                Caveat(
                    code="ORGANS_BY_RULE",
                    text="organs were drawn by rules without a network: only "
                    + ", ".join(sorted(labels.names.values())),
                ),
            ),
            border_mm=self.settings.border_voxels * max(images.suv.geometry.spacing_mm),
        )


def _drawn(images: AlignedImages, settings: AnatomySettings) -> tuple[dict[str, Mask], Frame]:
    nowhere = (np.array([0.0]), np.array([0.0]))
    frame = axial_frame(images.suv.geometry, nowhere)
    suv = volume_to_frame(images.suv, frame, outside=0.0).array
    if images.ct is None:
        body = body_from_pet(suv, frame, settings.outline)
        dense: dict[str, Mask] = {}
    else:
        hu = volume_to_frame(images.ct, frame, outside=-1024.0).array
        body = body_from_ct(hu, frame, settings.outline)
        dense = {
            "bone": bone_from_ct(hu, body, frame, settings.outline),
            "lung": lungs_from_ct(hu, body, frame, settings.outline),
        }
    outline = LabelMap(array=body.astype(np.uint8), names={1: "body"}, geometry=frame.geometry)
    frame = axial_frame(images.suv.geometry, midline_mm(outline))
    organs = organs_from_pet(suv, body, frame, settings.pet_rules)
    return {"body": body} | dense | organs, frame
