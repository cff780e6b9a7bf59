"""Liver and spleen that lie closer to the chest wall than the simulator lays them.

In a real patient 12 to 14 mm lie between their lateral surface and the hull of the ribs, little of
it muscle; in phantoms 16 to 24. A network that learns from these alone calls the rim of a real
liver muscle, whose density is the same.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.geometry.box import box_around
from oligocount.learn.samples import Sample

_ORGANS, _RIBS, _SPINE = ("liver", "spleen"), ("rib",), ("vertebrae_T", "vertebrae_L")
_FILLER = ("body", "muscle")
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class WallSettings:
    """In `share` of the samples organs reach up to `most_mm` further towards the ribs.

    Only filler nearer to the ribs than to the spine, and not nearer than `clear_mm`, is taken, on
    the way to them: what lies beyond a rib or between two is off it by more than `aside_mm`.
    """

    share: float = 0.5
    most_mm: float = 16.0
    clear_mm: float = 4.0
    aside_mm: float = 5.0


def nearer_to_the_wall(sample: Sample, rng: np.random.Generator, settings: WallSettings) -> Sample:
    """The sample with liver and spleen grown sideways: labels, density and uptake of their own."""
    if sample.organs is None or rng.random() >= settings.share:
        return sample
    organ, ribs = _is(sample.organs, _ORGANS), _is(sample.organs, _RIBS)
    if not organ.any() or not ribs.any():
        return sample
    reach_mm = rng.uniform(0, settings.most_mm)
    box = box_around(organ, 2 * settings.most_mm, (sample.spacing_mm,) * 3)
    inner = ndimage.binary_erosion(organ[box])  # the surface itself is blurred
    if not inner.any():
        return sample
    taken = _on_the_way(sample.organs[box], reach_mm, sample.spacing_mm, settings)
    nearest = ndimage.distance_transform_edt(~inner, return_distances=False, return_indices=True)
    source = tuple(axis[taken] for axis in nearest)

    def grown(array: NDArray[Any] | None) -> NDArray[Any] | None:
        if array is None:
            return None
        out = array.copy()
        part = out[box]
        part[taken] = array[box][source]
        return out

    return replace(sample, suv=grown(sample.suv), ct=grown(sample.ct), organs=grown(sample.organs))


def _on_the_way(
    organs: NDArray[np.integer], reach_mm: float, spacing_mm: float, settings: WallSettings
) -> Mask:
    """Filler between liver or spleen and the ribs, within reach of the organ."""
    gap, surface = ndimage.distance_transform_edt(
        ~_is(organs, _ORGANS), sampling=spacing_mm, return_indices=True
    )
    to_ribs = ndimage.distance_transform_edt(~_is(organs, _RIBS), sampling=spacing_mm)
    taken: Mask = (
        _is(organs, _FILLER)
        & (gap <= reach_mm)
        & (to_ribs >= settings.clear_mm)
        & (gap + to_ribs <= to_ribs[tuple(surface)] + settings.aside_mm)
    )
    spine = _is(organs, _SPINE)
    if spine.any():
        taken &= to_ribs < ndimage.distance_transform_edt(~spine, sampling=spacing_mm)
    return taken


def _is(organs: NDArray[np.integer], names: tuple[str, ...]) -> Mask:
    return np.isin(organs, _numbers(names))


@cache
def _numbers(names: tuple[str, ...]) -> tuple[int, ...]:
    network = load_vocabulary().network
    return tuple(network.index(name) + 1 for name in names)
