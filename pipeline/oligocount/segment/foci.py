"""From a mask of hot voxels to a LesionMap: components, organ borders, split, join, sizes."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label as connected

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.volume import LabelMap, Volume
from oligocount.geometry.box import bounding_box
from oligocount.geometry.memory import Memory, voxel_key
from oligocount.segment.segmenter import Finder
from oligocount.segment.split import basins, join_fragments
from oligocount.settings_segment import SegmentSettings

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]
Box = tuple[slice, ...]
Draw = Callable[[SegmentSettings], Mask]
Score = Callable[[Box, Mask], float | None]  # of a focus: its box in the image, its voxels there


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """Foci (1..n) and, for those cut from a larger component, the number of that component.

    `labels` cover the box `within` of the image.
    """

    labels: Labels
    origin: dict[int, int]
    within: Box


def unscored(_: Box, __: Mask) -> None:
    """No probability, as of a method that gives none."""
    return


def components(mask: NDArray[np.bool_], settings: SegmentSettings) -> Labels:
    """Connected components, numbered from 1. `connectivity` is 6, 18 or 26 neighbours."""
    order = {6: 1, 18: 2, 26: 3}[settings.connectivity]
    found: Labels = connected(mask, connectivity=order).astype(np.int32)
    return found


def split_components(
    suv: Volume,
    parts: Labels,
    organs: OrganMap,
    settings: SegmentSettings,
    *,
    within: Box | None = None,
    memory: Memory | None = None,
) -> Pieces:
    """Each component cut at the valleys between its peaks.

    Pieces whose peak lies in one and the same physiologic organ become one piece again: they
    are that organ's uptake, and what touches the organ stands apart from it. `within` is the box
    of the image that `parts` covers, if not all; `memory` knows components cut before.
    """
    covered = within or tuple(slice(0, size) for size in suv.array.shape)
    uptake, hosts = suv.array[covered], _organ_numbers(organs, settings.cut_at, covered)
    known, rule = memory or Memory(), replace(settings.split, join_gap_mm=0.0)

    def cut(number: int, box: Box) -> Labels:
        pieces = basins(uptake[box], parts[box] == number, suv.geometry, settings.split)
        return _merged_by_host(pieces, uptake[box], hosts[box])

    labels = np.zeros_like(parts)
    origin: dict[int, int] = {}
    last = 0
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        inside = parts[box] == number
        key = (rule, voxel_key(inside, shifted(box, covered)))
        pieces = known.ask("cut", key, functools.partial(cut, number, box))
        count = int(pieces.max())
        labels[box][inside] = pieces[inside] + last
        origin |= dict.fromkeys(range(last + 1, last + count + 1), number if count > 1 else 0)
        last += count
    return Pieces(labels=labels, origin=origin, within=covered)


def regrouped(
    suv: Volume,
    draw: Draw,
    organs: OrganMap,
    settings: SegmentSettings,
    *,
    model: ModelInfo,
    score: Score = unscored,
    min_score: float = 0.0,
    caveats: tuple[Caveat, ...] = (),
) -> Finder:
    """The foci of a drawn mask as a function of settings, hottest first.

    Each has at least `min_volume_ml` and `min_score`; `score` gives a focus its probability,
    None where the method has none. `draw` hears of other uptake thresholds alone: how it groups
    voxels into seeds stays as in `settings`. What the settings asked last share with the next
    ones is not computed again.
    """
    memory = Memory()
    last: list[Pieces] = []

    @functools.lru_cache(maxsize=1)
    def drawn(uptake: SegmentSettings) -> Mask:
        return draw(uptake)

    @functools.lru_cache(maxsize=1)
    def pieces(grouping: SegmentSettings) -> Pieces:
        uptake = replace(settings, threshold=grouping.threshold, network=grouping.network)
        found = _pieces(suv, drawn(uptake), organs, grouping, memory)
        last[:] = [last[0] if last and _are_same(found, last[0]) else found]
        return last[0]

    @functools.lru_cache(maxsize=1)
    def mapped(found: Pieces, kept: tuple[tuple[int, float | None], ...]) -> LesionMap:
        return _as_map(suv, found, kept, model=model, caveats=caveats)

    def find(asked: SegmentSettings) -> LesionMap:
        found = pieces(replace(asked, min_volume_ml=0.0))
        return mapped(found, _kept(suv, found, score, asked.min_volume_ml, min_score))

    return find


def _pieces(
    suv: Volume, mask: Mask, organs: OrganMap, settings: SegmentSettings, memory: Memory
) -> Pieces:
    """The pieces of the mask, in its bounding box: all that is cold is never looked at."""
    box = bounding_box(mask)
    parts = join_fragments(components(mask[box], settings), suv.geometry, settings.split)
    parts = _renumbered(parts)
    return split_components(suv, parts, organs, settings, within=box, memory=memory)


def _are_same(one: Pieces, other: Pieces) -> bool:
    return (
        one.within == other.within
        and one.origin == other.origin
        and np.array_equal(one.labels, other.labels)
    )


def _kept(
    suv: Volume, pieces: Pieces, score: Score, min_volume_ml: float, min_score: float
) -> tuple[tuple[int, float | None], ...]:
    """The pieces that are large and likely enough, hottest first, with their probability."""
    least = min_volume_ml / suv.geometry.voxel_volume_ml
    ranked = []
    for number, part in enumerate(ndimage.find_objects(pieces.labels), start=1):
        inside = pieces.labels[part] == number
        if inside.sum() < least:
            continue
        place = shifted(part, pieces.within)
        chance = score(place, inside)
        if chance is None or chance >= min_score:
            ranked.append((float(suv.array[place][inside].max()), number, chance))
    ranked.sort(key=lambda one: -one[0])
    return tuple((number, chance) for _, number, chance in ranked)


def _as_map(
    suv: Volume,
    pieces: Pieces,
    kept: tuple[tuple[int, float | None], ...],
    *,
    model: ModelInfo,
    caveats: tuple[Caveat, ...],
) -> LesionMap:
    lookup = np.zeros(int(pieces.labels.max(initial=0)) + 1, np.int32)
    lookup[[number for number, _ in kept]] = np.arange(1, len(kept) + 1)
    array = np.zeros(suv.array.shape, np.int32)
    array[pieces.within] = lookup[pieces.labels]
    origins = {rank: pieces.origin[number] for rank, (number, _) in enumerate(kept, start=1)}
    return LesionMap(
        labels=LabelMap(
            array=array,
            names={rank: f"lesion {rank}" for rank in range(1, len(kept) + 1)},
            geometry=suv.geometry,
        ),
        probability={rank: chance for rank, (_, chance) in enumerate(kept, start=1)},
        model=model,
        splits={rank: origin for rank, origin in origins.items() if origin},
        caveats=caveats,
    )


def shifted(part: Box, box: Box) -> Box:
    """The same part seen from the image of which `box` was cut."""
    return tuple(
        slice(one.start + outer.start, one.stop + outer.start)
        for one, outer in zip(part, box, strict=True)
    )


def _organ_numbers(organs: OrganMap, names: tuple[str, ...], within: Box) -> NDArray[np.int32]:
    """0 outside the named organs; sides of one organ are different organs here."""
    labels = organs.labels.array[within]
    lookup = np.zeros(max([0, *organs.labels.names, int(labels.max(initial=0))]) + 1, np.int32)
    for label, name in organs.labels.names.items():
        if any(f"{name}_".startswith(f"{each}_") for each in names):
            lookup[label] = label
    found: NDArray[np.int32] = lookup[labels]
    return found


def _merged_by_host(pieces: Labels, suv: NDArray[np.float32], hosts: NDArray[np.int32]) -> Labels:
    count = int(pieces.max())
    if count < 2:
        return pieces
    tops = ndimage.maximum_position(suv, pieces, range(1, count + 1))
    seen: dict[int, int] = {}
    lookup = np.zeros(count + 1, np.int32)
    for number, top in enumerate(tops, start=1):
        host = int(hosts[tuple(int(n) for n in top)])
        if host and host in seen:
            lookup[number] = seen[host]
            continue
        lookup[number] = lookup.max() + 1
        if host:
            seen[host] = int(lookup[number])
    return lookup[pieces]


def _renumbered(labels: Labels) -> Labels:
    used = np.flatnonzero(np.bincount(labels.ravel(), minlength=1))
    lookup = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    lookup[used[used > 0]] = np.arange(1, int((used > 0).sum()) + 1)
    return lookup[labels]
