"""Whether memory has room for the voxels that a header announces: asked before one is read."""

import math

import psutil

from oligocount.errors import GeometryError

_FLOAT_BYTES = 4  # as which images are held


def refuse_beyond_memory(what: str, shape: tuple[int, ...]) -> None:
    """Raise GeometryError where a volume of this shape does not fit into the memory now free.

    A header of a hundred bytes can announce more voxels than any machine holds.
    """
    needed, free = math.prod(map(int, shape)) * _FLOAT_BYTES, psutil.virtual_memory().available
    if needed > free:
        raise GeometryError(
            f"{what}: {' x '.join(map(str, shape))} voxels need {needed / 2**30:.1f} GiB; expected "
            f"what fits into the {free / 2**30:.1f} GiB of memory that are free"
        )
