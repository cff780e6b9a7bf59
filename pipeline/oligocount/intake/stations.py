"""Stations of one whole-body MR to one volume.

A body longer than the bore is measured in stations along the table, each a series of its own.
Stations belong together when they are of the same nature, lie in one frame of reference with
the same directions and spacing, and follow one another along the body. Where two overlap the
values pass over from one to the other linearly; each station's level is first matched to its
neighbour's in the overlap, for an MR has no absolute scale (an ADC map has, and is left).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.mr import MrRegion
from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.geometry.resample import resample_volume

_SAME = 1e-3
_GAP_MM = 15.0  # stations that nearly touch still follow one another
_MOST_OVERLAP = 0.6  # more than that is the same place measured again
_WHOLE_BODY_MM = 700.0
_HALF = 0.5


def compose_stations(images: Sequence[MrImage]) -> tuple[MrImage, ...]:
    """The images, those that are stations of one acquisition put together, in the same order."""
    groups: dict[object, list[MrImage]] = defaultdict(list)
    for one in images:
        groups[_nature(one)].append(one)
    chains = (chain for group in groups.values() for chain in _chains(group))
    return tuple(chain[0] if len(chain) == 1 else _composed(chain) for chain in chains)


def _nature(one: MrImage) -> object:
    geometry = one.volume.geometry
    axes = tuple(np.round(geometry.affine[:3, :3] / _SAME).astype(int).ravel().tolist())
    facts = one.facts
    told = None if facts is None else (facts.sequence, facts.contrast, facts.b_values, facts.dixon)
    uid = geometry.frame_of_reference_uid
    return (one.kind, told, axes, uid) if uid and told else id(one)


def _chains(group: list[MrImage]) -> list[list[MrImage]]:
    """Runs of images that follow one another from foot to head; others stand alone."""
    chains: list[list[MrImage]] = []
    for one in sorted(group, key=lambda each: _span(each)[0]):
        found = next((each for each in chains if _follows(each[-1], one)), None)
        if found is None:
            chains.append([one])
        else:
            found.append(one)
    return chains


def _follows(below: MrImage, above: MrImage) -> bool:
    """Next along the body, and in the same column of the table."""
    low, high = _span(below), _span(above)
    shared = low[1] - high[0]
    shorter = min(low[1] - low[0], high[1] - high[0])
    aside = np.abs(_middle(below) - _middle(above))[:2].max()
    return -_GAP_MM <= shared <= _MOST_OVERLAP * shorter and high[1] > low[1] and aside <= _GAP_MM


def _corners(one: MrImage) -> NDArray[np.float64]:
    shape = one.volume.geometry.shape
    index = np.array(np.meshgrid(*[(-0.5, n - 0.5) for n in shape], indexing="ij"))
    return one.volume.geometry.to_lps_mm(index.reshape(3, -1).T)


def _span(one: MrImage) -> tuple[float, float]:
    heights = _corners(one)[:, 2]
    return float(heights.min()), float(heights.max())


def _middle(one: MrImage) -> NDArray[np.float64]:
    middle: NDArray[np.float64] = _corners(one).mean(axis=0)
    return middle


def _composed(chain: list[MrImage]) -> MrImage:
    grid = _grid(chain)
    total = np.zeros(grid.shape, np.float32)
    weight = np.zeros(grid.shape, np.float32)
    for one in chain:
        array, inside = resample_volume(one.volume, grid, outside=0.0).array, _inside(one, grid)
        share = np.where(inside, _share(one, grid), 0).astype(np.float32)
        level = 1.0 if one.volume.unit is Unit.ADC else _level(total, weight, array, inside)
        total += array * share * np.float32(level)
        weight += share
    values = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    facts = chain[0].facts
    if facts is not None:
        length_mm = grid.shape[0] * grid.spacing_mm[0]
        region = MrRegion.WHOLE_BODY if length_mm >= _WHOLE_BODY_MM else facts.region
        told = (*facts.evidence, f"composed of {len(chain)} stations")
        facts = replace(facts, region=region, evidence=told)
    return MrImage(
        kind=chain[0].kind,
        series_uid=chain[0].series_uid,
        volume=Volume(array=values, unit=chain[0].volume.unit, geometry=grid),
        facts=facts,
        series_uids=tuple(uid for one in chain for uid in one.series_uids),
    )


def _inside(one: MrImage, grid: Geometry) -> NDArray[np.bool_]:
    ones = np.ones(one.volume.geometry.shape, np.float32)
    whole = Volume(array=ones, unit=Unit.ARBITRARY, geometry=one.volume.geometry)
    inside: NDArray[np.bool_] = resample_volume(whole, grid, outside=0.0).array > _HALF
    return inside


def _grid(chain: list[MrImage]) -> Geometry:
    """An axial grid over all stations, as fine as theirs."""
    first = chain[0].volume.geometry
    corners = np.concatenate([_corners(one) for one in chain])
    low, high = corners.min(axis=0), corners.max(axis=0)
    step = np.abs(first.affine[:3, :3]).max(axis=1)  # along world x, y, z
    count = np.maximum(np.ceil((high - low) / step - _SAME), 1).astype(int)
    affine = np.zeros((4, 4))
    affine[[0, 1, 2], [2, 1, 0]], affine[3, 3] = step, 1.0
    affine[:3, 3] = low + step / 2
    return Geometry(
        shape=(int(count[2]), int(count[1]), int(count[0])),
        affine=affine,
        frame_of_reference_uid=first.frame_of_reference_uid,
    )


def _share(one: MrImage, grid: Geometry) -> NDArray[np.float64]:
    """A weight that falls to nothing at both ends of the station along the body."""
    low, high = _span(one)
    heights = grid.affine[2, 3] + grid.affine[2, 0] * np.arange(grid.shape[0])
    edge = np.minimum(heights - low, high - heights)
    weight: NDArray[np.float64] = np.maximum(edge, 1e-3)[:, None, None]
    return weight


def _level(
    total: NDArray[np.float32],
    weight: NDArray[np.float32],
    array: NDArray[np.float32],
    inside: NDArray[np.bool_],
) -> float:
    """What brings a station to the level of those before it where they overlap; 1 without."""
    both = inside & (weight > 0)
    if not both.any():
        return 1.0
    before, now = float((total[both] / weight[both]).mean()), float(array[both].mean())
    return before / now if now > 0 and before > 0 else 1.0
