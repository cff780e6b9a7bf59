"""Boxes of voxels within an image."""

from collections.abc import Sequence


def grown(
    box: tuple[slice, ...], by: Sequence[int], shape: Sequence[int]
) -> tuple[slice, slice, slice]:
    """The box (k, j, i), larger by so many voxels at either end of each axis, within the image."""
    k, j, i = (
        slice(max(0, one.start - more), min(size, one.stop + more))
        for one, more, size in zip(box, by, shape, strict=True)
    )
    return (k, j, i)
