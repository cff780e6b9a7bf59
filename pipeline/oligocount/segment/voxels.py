"""What the voxel network says of a body: each voxel's chance to lie in a lesion."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.volume import LabelMap, Volume
from oligocount.geometry.affine import crop
from oligocount.geometry.box import Box, bounding_box, grown
from oligocount.inference.bundle import Bundle
from oligocount.inference.channels import Inputs, fill_channels
from oligocount.inference.slabs import by_slabs

_Image = TypeVar("_Image", Volume, LabelMap)
_SLAB, _MARGIN = 96, 16  # slices: as much of a body as it saw at a time when it learned
_BODY_SUV = 0.2
_AROUND = (4, 4, 4)  # voxels


def lesion_chance(bundle: Bundle, inputs: Inputs) -> NDArray[np.float32]:
    """The chance (k, j, i) of each voxel of the inputs' grid; 0 away from the body."""
    if inputs.suv is None:
        raise ValueError("lesions are looked for on uptake")
    out = np.zeros(inputs.geometry.shape, np.float32)
    body = bounding_box(inputs.suv.array > _BODY_SUV)
    box = grown(body, _AROUND, out.shape)
    names = bundle.metadata.channels

    def draw(slices: slice) -> NDArray[np.float32]:
        k = slice(box[0].start + slices.start, box[0].start + slices.stop)
        return bundle.predict(fill_channels(names, _cut(inputs, (k, box[1], box[2]))))

    depth = box[0].stop - box[0].start
    out[box] = by_slabs(draw, depth, slab=_SLAB, margin=_MARGIN)[0]
    return out


def _cut(inputs: Inputs, box: Box) -> Inputs:
    return Inputs(
        suv=_part(inputs.suv, box), ct=_part(inputs.ct, box), organs=_part(inputs.organs, box)
    )


def _part(one: _Image | None, box: Box) -> _Image | None:
    if one is None:
        return None
    return replace(one, array=one.array[box], geometry=crop(one.geometry, box))
