"""What several marks on MR of one frame of reference show in one place, as one lesion.

A reader draws a tumour on T1 and again on T2: that is one tumour, however PET sees it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from oligocount.geometry.resample import resample_labels
from oligocount.multimodal.seen import MrLesions, SeenLesion
from oligocount.settings import MultimodalSettings


def once(
    marked: Sequence[MrLesions],
    seen: Sequence[Sequence[SeenLesion]],
    settings: MultimodalSettings,
) -> tuple[SeenLesion, ...]:
    """The lesions of all marks, each once; `seen` holds those of each mark in the labels' order.

    Two are one where at least `same_share` of the smaller lies in the other. Each lesion is one of
    another mark at most, the surest first. Its measures are those of the first mark that shows it.
    """
    kept: list[SeenLesion] = []
    entry: dict[tuple[int, int], int] = {}  # of mark and label, the place in `kept`
    for n, lesions in enumerate(seen):
        mine: dict[int, int] = {}
        for _, label, m, other in _overlaps(marked, n, settings.same_share):
            place = entry[m, other]
            if label not in mine and place not in mine.values():
                mine[label] = place
        for label, one in zip(_labels(marked[n]), lesions, strict=True):
            if label in mine:
                kept[mine[label]] = _both(kept[mine[label]], one)
            else:
                mine[label] = len(kept)
                kept.append(one)
        entry |= {(n, label): place for label, place in mine.items()}
    return tuple(kept)


def _overlaps(
    marked: Sequence[MrLesions], n: int, least: float
) -> Sequence[tuple[float, int, int, int]]:
    """(share of the smaller, label of mark n, earlier mark, its label), the largest share first."""
    found = [
        (share, label, m, other)
        for m in range(n)
        if _frame(marked[m]) == _frame(marked[n])
        for share, label, other in _shared(marked[n], marked[m])
        if share >= least
    ]
    return sorted(found, key=lambda each: -each[0])


def _shared(mine: MrLesions, other: MrLesions) -> Iterator[tuple[float, int, int]]:
    """Each two labels that overlap, on the grid of the other."""
    there = other.lesions.labels
    here = resample_labels(mine.lesions.labels, there.geometry).array
    sizes, others = np.bincount(here.ravel()), np.bincount(there.array.ravel())
    both = (here > 0) & (there.array > 0)
    pairs, counts = np.unique(np.stack([here[both], there.array[both]]), axis=1, return_counts=True)
    for (label, its), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        yield count / min(sizes[label], others[its]), label, its


def _frame(one: MrLesions) -> str:
    return one.image.volume.geometry.frame_of_reference_uid or one.image.series_uid


def _labels(one: MrLesions) -> list[int]:
    array = one.lesions.labels.array
    return [int(label) for label in np.unique(array[array > 0])]


def _both(first: SeenLesion, other: SeenLesion) -> SeenLesion:
    """The first with the other's sequence beside its own; a reader's mark outweighs a model's."""
    titles = first.measures.sequence.split(" and ")
    sequence = " and ".join(dict.fromkeys([*titles, other.measures.sequence]))
    is_read = first.probability is None or other.probability is None
    return replace(
        first,
        measures=replace(first.measures, sequence=sequence),
        probability=None if is_read else max(first.probability or 0, other.probability or 0),
        only=first.only if first.only is other.only else None,
    )
