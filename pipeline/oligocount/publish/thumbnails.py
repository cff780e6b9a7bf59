"""Three small pictures of a lesion: axial, coronal and sagittal planes through its middle."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.result import Result
from oligocount.domain.volume import Geometry
from oligocount.publish.middles import Point
from oligocount.publish.pictures import dark_on_white, fused, grey, jpeg_uri
from oligocount.settings import PublishSettings, ThumbnailSettings

_RIGHT_AND_DOWN = {  # LPS directions of a picture's columns and rows, as radiologists hang them
    "axial": ((1, 0, 0), (0, 1, 0)),
    "coronal": ((1, 0, 0), (0, 0, -1)),
    "sagittal": ((0, 1, 0), (0, 0, -1)),
}
_OUTLINE_RGB = (0, 255, 255)  # cyan stands out from grey and from hot colours alike
_BETWEEN_PX = 4


def thumbnail_uris(
    result: Result, at: Mapping[int, Point], settings: PublishSettings
) -> dict[int, str]:
    """For each lesion id on the PET one strip of three pictures, the first `max_lesions` alone.

    `at` says through which point of each lesion the planes go.
    """
    on_pet = [one for one in result.lesions if one.lesion.has_uptake]
    shown = on_pet[: settings.thumbnails.max_lesions]
    ids = [one.lesion.id for one in shown]
    return {each: jpeg_uri(_strip(each, at[each], result, settings)) for each in ids}


def strip_size(settings: ThumbnailSettings) -> tuple[int, int]:
    """Width and height of a strip in pixels."""
    return (3 * settings.size_px + 2 * _BETWEEN_PX, settings.size_px)


def _strip(label: int, at: Point, result: Result, settings: PublishSettings) -> NDArray[np.uint8]:
    grids = [_plane(at, name, settings) for name in _RIGHT_AND_DOWN]
    pictures = [_picture(label, grid, result, settings) for grid in grids]
    gap = np.full((settings.thumbnails.size_px, _BETWEEN_PX, 3), 255, np.uint8)
    return np.concatenate([pictures[0], gap, pictures[1], gap, pictures[2]], axis=1)


def _plane(at: Point, name: str, settings: PublishSettings) -> NDArray[np.float64]:
    """LPS points (row, column, 3) of the plane's pixels."""
    right, down = (np.array(each, float) for each in _RIGHT_AND_DOWN[name])
    size, field = settings.thumbnails.size_px, settings.thumbnails.field_mm
    offsets = (np.arange(size) - (size - 1) / 2) * field / size
    centre = np.array(at)
    points: NDArray[np.float64] = (
        centre + offsets[:, None, None] * down + offsets[None, :, None] * right
    )
    return points


def _picture(
    label: int, points: NDArray[np.float64], result: Result, settings: PublishSettings
) -> NDArray[np.uint8]:
    """CT below uptake where there is a CT, uptake alone otherwise; the lesion outlined."""
    images = result.images
    suv = _sampled(images.suv.array, images.suv.geometry, points, order=1, outside=0.0)
    window = settings.projections.window_suv
    if images.ct is None:
        picture = np.repeat(dark_on_white(suv, window)[..., None], 3, axis=-1)
    else:
        low, high = settings.thumbnails.ct_window_hu
        ct = _sampled(images.ct.array, images.ct.geometry, points, order=1, outside=low)
        picture = fused(grey(ct, low, high), suv, window)
    labels = result.lesion_map.labels
    inside = _sampled(labels.array, labels.geometry, points, order=0, outside=0) == label
    picture[inside & ~ndimage.binary_erosion(inside)] = _OUTLINE_RGB
    return picture


def _sampled(
    array: NDArray[np.generic],
    geometry: Geometry,
    points: NDArray[np.float64],
    *,
    order: int,
    outside: float,
) -> NDArray[np.float32]:
    """Values at LPS points; `outside` beyond the grid. Works on a crop: points are few."""
    index = np.moveaxis(geometry.to_index(points), -1, 0)
    low = [max(0, int(axis.min()) - 1) for axis in index]
    high = [int(axis.max()) + 3 for axis in index]
    box = tuple(slice(a, max(a, b)) for a, b in zip(low, high, strict=True))
    near = array[box]
    if not near.size:
        return np.full(points.shape[:-1], outside, np.float32)
    shifted = index - np.array(low, float).reshape(3, 1, 1)
    values: NDArray[np.float32] = ndimage.map_coordinates(
        near.astype(np.float32), shifted, order=order, mode="constant", cval=outside
    )
    return values
