"""The part of the body that is scanned, as an axis-aligned isotropic grid."""

from enum import Enum

import numpy as np

from oligocount.domain.volume import Geometry

# z of landmarks in a patient of scale 1, mm from the apex of the lungs
_HEAD_TOP, _CHIN, _INLET, _KIDNEY, _GROIN, _MID_THIGH, _FEET = 290, 60, 20, -300, -620, -800, -1460


class Extent(Enum):
    """How much of the body a scan shows."""

    WHOLE_BODY = "whole_body"
    EYES_TO_THIGHS = "eyes_to_thighs"
    TOTAL_BODY = "total_body"
    THORAX = "thorax"
    ANY = "any"


def draw_grid(
    rng: np.random.Generator, *, spacing_mm: float, scale: float, extent: Extent
) -> Geometry:
    """A grid over this part of a body of this height, its borders a little at random."""
    high, low = _range(extent, rng)
    low, high = low * scale, high * scale
    width = float(rng.uniform(480, 600)) * max(1.0, scale)
    depth = float(rng.uniform(390, 460)) * max(1.0, scale)
    shape = [max(8, int(np.ceil(length / spacing_mm))) for length in (high - low, depth, width)]
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = spacing_mm
    affine[:3, 3] = (-width / 2 + rng.uniform(-8, 8), -0.58 * depth - rng.uniform(-8, 8), low)
    affine[3, 3] = 1
    return Geometry(shape=(shape[0], shape[1], shape[2]), affine=affine)


def _range(extent: Extent, rng: np.random.Generator) -> tuple[float, float]:
    wobble = rng.uniform(-40, 40)
    if extent is Extent.ANY:
        length = rng.uniform(250, 900)
        top = rng.uniform(_MID_THIGH + length - 150, _HEAD_TOP + 20)
        return float(top), float(top - length)
    high, low = {
        Extent.WHOLE_BODY: (_HEAD_TOP + 15, _MID_THIGH),
        Extent.EYES_TO_THIGHS: (160, _MID_THIGH),
        Extent.TOTAL_BODY: (_HEAD_TOP + 15, _FEET),
        Extent.THORAX: (_INLET + 50, _KIDNEY),
    }[extent]
    return high + 0.4 * wobble, low + wobble
