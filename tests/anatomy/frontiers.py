"""Straight walks from one region of a station map into its neighbour, for the laws of frontiers."""

from collections.abc import Iterator

import numpy as np

from oligocount.domain.volume import LabelMap

Walk = tuple[str, str, np.ndarray]


def walks(stations: LabelMap, *, reach_mm: float, step_mm: float) -> Iterator[Walk]:
    """One walk for each pair of regions that meet: names, and LPS points `step_mm` apart.

    A walk runs along a grid axis, `reach_mm` to both sides of the frontier, and only where nothing
    but the two regions lies along it and `reach_mm` / 2 beside it, each on its own side.
    """
    array, geometry = stations.array, stations.geometry
    done: set[tuple[int, int]] = set()
    for axis in range(3):
        step = geometry.spacing_mm[axis]
        half = int(np.ceil(reach_mm / step))
        side = [int(np.ceil(reach_mm / 2 / s)) for s in geometry.spacing_mm]
        here = np.moveaxis(array, axis, 0)
        beside = [n for a, n in enumerate(side) if a != axis]
        ahead = here[1:] != here[:-1]
        for k, j, i in np.argwhere(ahead & (here[1:] > 0) & (here[:-1] > 0)):
            pair = (int(here[k, j, i]), int(here[k + 1, j, i]))
            if pair in done or (pair[1], pair[0]) in done:
                continue
            box = here[
                max(0, k + 1 - half) : k + 1 + half,
                max(0, j - beside[0]) : j + beside[0] + 1,
                max(0, i - beside[1]) : i + beside[1] + 1,
            ]
            if box.shape[0] < 2 * half:
                continue
            if (box[:half] == pair[0]).all() and (box[half:] == pair[1]).all():
                done.add(pair)
                index = np.insert(np.array([j, i], float), axis, k + 0.5)
                offsets = np.arange(-reach_mm, reach_mm + 0.1, step_mm) / step
                points = np.repeat(index[None], offsets.size, axis=0)
                points[:, axis] += offsets
                names = stations.names
                yield names[pair[0]], names[pair[1]], geometry.to_lps_mm(points)
