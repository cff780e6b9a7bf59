"""Long bodies drawn slab by slab, so that memory stays small."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def by_slabs(
    draw: Callable[[slice], Array], slices: int, *, slab: int, margin: int, parts: int = 1
) -> Array:
    """What `draw` gives (K, n, j, i) for slices, joined along the body (K, all, j, i).

    It is asked for `slab` slices at a time with `margin` more at either end, which are cut off
    again. Of each slice it draws `parts`.
    """
    out: Array | None = None
    for start in range(0, slices, slab):
        stop = min(start + slab, slices)
        first, last = max(0, start - margin), min(slices, stop + margin)
        drawn = draw(slice(first, last))
        if out is None:
            out = np.empty((len(drawn), slices * parts, *drawn.shape[2:]), np.float32)
        own = slice((start - first) * parts, (stop - first) * parts)
        out[:, start * parts : stop * parts] = drawn[:, own]
    if out is None:
        raise ValueError("no slices to draw")
    return out
