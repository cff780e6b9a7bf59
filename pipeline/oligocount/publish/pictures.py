"""Arrays as pictures that stand inside a page: grey scale, hot overlay, data URIs."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_HOT = np.array([[0, 0, 0], [150, 0, 0], [255, 110, 0], [255, 220, 60], [255, 255, 255]], float)
_OPACITY_GAIN = 1.5  # opaque from two thirds of the window on
_JPEG_QUALITY = 82


def dark_on_white(suv: NDArray[np.float32], window_suv: float) -> NDArray[np.uint8]:
    """Grey levels as PET is read: 0 is white, `window_suv` and above black."""
    levels: NDArray[np.uint8] = (255 * (1 - np.clip(suv / window_suv, 0, 1))).astype(np.uint8)
    return levels


def grey(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Grey levels: `low` is black, `high` white."""
    share = np.clip((values - low) / (high - low), 0, 1)
    levels: NDArray[np.uint8] = (255 * share).astype(np.uint8)
    return levels


def fused(
    anatomy: NDArray[np.uint8], suv: NDArray[np.float32], window_suv: float
) -> NDArray[np.uint8]:
    """RGB: grey anatomy with uptake over it in hot colours, the more opaque the higher."""
    level = np.clip(suv / window_suv, 0, 1)
    stops = np.linspace(0, 1, len(_HOT))
    hot = np.stack([np.interp(level, stops, _HOT[:, channel]) for channel in range(3)], -1)
    opacity = np.clip(_OPACITY_GAIN * level, 0, 1)[..., None]
    rgb: NDArray[np.uint8] = (anatomy[..., None] * (1 - opacity) + hot * opacity).astype(np.uint8)
    return rgb


def jpeg_uri(pixels: NDArray[np.uint8]) -> str:
    """The picture, grey (row, column) or RGB (row, column, 3), as a data URI."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
