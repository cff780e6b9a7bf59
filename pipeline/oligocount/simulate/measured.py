"""What the image shows of each focus of a phantom."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.anatomy import NodalClass, Side
from oligocount.domain.lesion import Kind
from oligocount.domain.volume import Volume
from oligocount.simulate.lesions import Focus


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionTruth:
    """One focus of the truth. `kind` PHYSIOLOGIC stands in `mimics`, all others in `lesions`.

    `suv_max` is measured in the image within the focus; `structure` is the finest name: an
    organ map's name, a station, or the kind of mimic.
    """

    id: int
    kind: Kind
    organ: str | None
    structure: str
    station: str | None
    nodal_class: NodalClass | None
    side: Side | None
    lobe: str | None
    centroid_lps_mm: tuple[float, float, float]
    volume_ml: float
    diameter_mm: float
    suv_max: float
    suv_true: float


def measure_foci(
    foci: list[tuple[int, Focus]],
    lesions: NDArray[np.uint8],
    mimics: NDArray[np.uint8],
    pet: Volume,
) -> tuple[LesionTruth, ...]:
    """What the image shows of each focus; one that another covers whole is left out."""
    boxes = (ndimage.find_objects(lesions), ndimage.find_objects(mimics))
    truths = []
    for number, focus in foci:
        benign = focus.kind is Kind.PHYSIOLOGIC
        found = boxes[benign][number - 1] if number <= len(boxes[benign]) else None
        if found is not None:
            inside = (mimics if benign else lesions)[found] == number
            truths.append(_truth(number, focus, found, inside, pet))
    return tuple(truths)


def _truth(
    number: int,
    focus: Focus,
    box: tuple[slice, ...],
    inside: NDArray[np.bool_],
    pet: Volume,
) -> LesionTruth:
    geometry = pet.geometry
    points = np.argwhere(inside) + np.array([part.start for part in box])
    centre = geometry.to_lps_mm(points.mean(axis=0))
    return LesionTruth(
        id=number,
        kind=focus.kind,
        organ=focus.organ,
        structure=focus.structure,
        station=focus.station,
        nodal_class=focus.nodal_class,
        side=focus.side,
        lobe=focus.lobe,
        centroid_lps_mm=(float(centre[0]), float(centre[1]), float(centre[2])),
        volume_ml=float(len(points)) * geometry.voxel_volume_ml,
        diameter_mm=_longest(points) * geometry.spacing_mm[0],
        suv_max=float(pet.array[box][inside].max()),
        suv_true=focus.suv,
    )


def _longest(points: NDArray[np.intp]) -> float:
    """The longest distance between voxel corners, in voxels."""
    directions = np.stack(np.meshgrid(*[(-1, 0, 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    unit = directions[14:] / np.linalg.norm(directions[14:], axis=1, keepdims=True)
    along = points @ unit.T
    width = along.max(axis=0) - along.min(axis=0) + np.abs(unit).sum(axis=1)
    return float(width.max())
