"""From a mask of hot voxels to a LesionMap: components, organ borders, split, join, sizes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import label as connected

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.volume import LabelMap, Volume
from oligocount.segment.split import basins, join_fragments
from oligocount.settings import SegmentSettings

Labels = NDArray[np.int32]
Score = Callable[[NDArray[np.bool_]], float | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """Foci (1..n) and, for those cut from a larger component, the number of that component."""

    labels: Labels
    origin: dict[int, int]


def components(mask: NDArray[np.bool_], settings: SegmentSettings) -> Labels:
    """Connected components, numbered from 1. `connectivity` is 6, 18 or 26 neighbours."""
    order = {6: 1, 18: 2, 26: 3}[settings.connectivity]
    found: Labels = connected(mask, connectivity=order).astype(np.int32)
    return found


def split_components(
    suv: Volume, parts: Labels, organs: OrganMap, settings: SegmentSettings
) -> Pieces:
    """Each component cut at the valleys between its peaks.

    Pieces whose peak lies in one and the same physiologic organ become one piece again: they
    are that organ's uptake, and what touches the organ stands apart from it.
    """
    hosts = _organ_numbers(organs, settings.cut_at)
    labels = np.zeros_like(parts)
    origin: dict[int, int] = {}
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        inside = parts[box] == number
        pieces = basins(suv.array[box], inside, suv.geometry, settings.split)
        pieces = _merged_by_host(pieces, suv.array[box], hosts[box])
        count = int(pieces.max())
        first = int(labels.max(initial=0)) + 1 if not origin else max(origin) + 1
        labels[box][inside] = pieces[inside] + first - 1
        origin |= dict.fromkeys(range(first, first + count), number if count > 1 else 0)
    return Pieces(labels=labels, origin=origin)


def lesion_map(
    suv: Volume,
    mask: NDArray[np.bool_],
    organs: OrganMap,
    *,
    model: ModelInfo,
    settings: SegmentSettings,
    score: Score = lambda _: None,
    min_score: float = 0.0,
    caveats: tuple[Caveat, ...] = (),
) -> LesionMap:
    """The foci of a mask, hottest first, each at least `min_volume_ml` and `min_score`.

    `score` gives a focus its probability, None where the method has none.
    """
    parts = join_fragments(components(mask, settings), suv.geometry, settings.split)
    parts = _renumbered(parts)
    pieces = split_components(suv, parts, organs, settings)
    least = settings.min_volume_ml / suv.geometry.voxel_volume_ml
    sizes = np.bincount(pieces.labels.ravel(), minlength=1)
    large = [n for n in range(1, len(sizes)) if sizes[n] >= least]
    chances = {n: score(pieces.labels == n) for n in large}
    kept = [n for n in large if chances[n] is None or (chances[n] or 0.0) >= min_score]
    tops = ndimage.maximum(suv.array, pieces.labels, kept) if kept else []
    ranked = [n for _, n in sorted(zip(tops, kept, strict=True), key=lambda one: -one[0])]
    lookup = np.zeros(len(sizes), np.int32)
    lookup[ranked] = np.arange(1, len(ranked) + 1)
    return LesionMap(
        labels=LabelMap(
            array=lookup[pieces.labels],
            names={n: f"lesion {n}" for n in range(1, len(ranked) + 1)},
            geometry=suv.geometry,
        ),
        probability={int(lookup[n]): chances[n] for n in ranked},
        model=model,
        splits={int(lookup[n]): pieces.origin[n] for n in ranked if pieces.origin[n]},
        caveats=caveats,
    )


def _organ_numbers(organs: OrganMap, names: tuple[str, ...]) -> NDArray[np.int32]:
    """0 outside the named organs; sides of one organ are different organs here."""
    out = np.zeros(organs.labels.array.shape, np.int32)
    for label, name in organs.labels.names.items():
        if any(f"{name}_".startswith(f"{each}_") for each in names):
            out[organs.labels.array == label] = label
    return out


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
    used = np.unique(labels)
    lookup = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    lookup[used[used > 0]] = np.arange(1, int((used > 0).sum()) + 1)
    return lookup[labels]
