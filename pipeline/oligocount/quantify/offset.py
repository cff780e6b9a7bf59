"""How far PET and CT lie apart, at the body's outline and at the dome of the diaphragm.

Both are medians over many places, so that a few odd ones do not count. In the plane each row's
two edges are compared and their shifts averaged: a threshold that draws one outline wider than
the other cancels. Along the body the right dome is compared, where liver meets lung: the CT's
edge half-way between their densities, the PET's half-way between liver and lung.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.settings_quantify import QualitySettings

Mask = NDArray[np.bool_]
Values = NDArray[np.float32]

_MIN_COLUMNS = 20


def trunk_outline(mask: Mask, spacing_mm: tuple[float, float, float], open_mm: float) -> Mask:
    """The largest part of a body mask, thin things as table tops opened away, filled by slice."""
    steps = max(1, round(open_mm / 2 / spacing_mm[1]))
    disc = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), steps)[None]
    parts, count = ndimage.label(ndimage.binary_opening(mask, disc))
    if not count:
        return np.zeros(mask.shape, bool)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return np.stack([ndimage.binary_fill_holes(one) for one in parts == sizes.argmax()])


def outline_offset_mm(
    pet_body: Mask, ct_body: Mask, spacing_mm: tuple[float, float, float]
) -> tuple[float, float] | None:
    """PET minus CT along (j, i) in mm; None where they share fewer than ten slices."""
    both = pet_body.any(axis=(1, 2)) & ct_body.any(axis=(1, 2))
    if both.sum() < 10:
        return None
    shifts = []
    for axis, step_mm in ((2, spacing_mm[1]), (1, spacing_mm[2])):
        middle = [_middles(np.any(body[both], axis=axis)) for body in (pet_body, ct_body)]
        shifts.append(float(np.mean(_trimmed(middle[0] - middle[1]))) * step_mm)
    return shifts[0], shifts[1]


def diaphragm_offset_mm(
    suv: Values, ct_hu: Values, liver: Mask, lung: Mask, step_mm: float,
    settings: QualitySettings,
) -> float | None:  # fmt: skip
    """How much higher the dome lies in PET than in CT, in mm; None where it cannot be seen.

    All arrays have k upward. `liver` and `lung` only say where to look.
    """
    inner = [ndimage.binary_erosion(one, iterations=2) for one in (liver, lung)]
    if not all(one.any() for one in inner):
        return None
    level = float(np.mean([np.median(suv[one]) for one in inner]))
    reach = round(settings.dome_reach_mm / step_mm)
    gaps = []
    for top, j, i in _dome(liver, lung, settings.dome_mm / step_mm, reach):
        low = max(0, top - reach)
        column = slice(low, top + reach + 1)
        ct_edge = _falling_edge(ct_hu[column, j, i], settings.lung_edge_hu, top - low)
        pet_edge = _falling_edge(suv[column, j, i], level, top - low)
        if ct_edge is not None and pet_edge is not None:
            gaps.append(pet_edge - ct_edge)
    return float(np.median(gaps)) * step_mm if len(gaps) >= _MIN_COLUMNS else None


def _middles(rows: Mask) -> NDArray[np.float64]:
    """Half-way between the first and the last True of each row."""
    first = rows.argmax(axis=1)
    last = rows.shape[1] - 1 - rows[:, ::-1].argmax(axis=1)
    middle: NDArray[np.float64] = (first + last) / 2
    return middle


def _trimmed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values between the quartiles: half voxels average out, odd slices stay out."""
    low, high = np.percentile(values, (25, 75))
    kept: NDArray[np.float64] = values[(values >= low) & (values <= high)]
    return kept


def _dome(liver: Mask, lung: Mask, depth: float, reach: int) -> list[tuple[int, int, int]]:
    """Columns (top, j, i) near the liver's highest point with lung above."""
    has = liver.any(axis=0)
    top = np.where(has, liver.shape[0] - 1 - liver[::-1].argmax(axis=0), -1)
    highest = np.percentile(top[has], 99)
    near = np.argwhere(top >= highest - depth)
    columns = [(int(top[j, i]), int(j), int(i)) for j, i in near]
    return [(k, j, i) for k, j, i in columns if lung[k + 1 : k + 1 + reach, j, i].sum() > reach / 2]


def _falling_edge(profile: Values, level: float, start: int) -> float | None:
    """Where the profile falls through the level nearest to `start`, between two samples."""
    above = profile >= level
    falls = np.flatnonzero(above[:-1] & ~above[1:])
    if not falls.size:
        return None
    share = (profile[falls] - level) / (profile[falls] - profile[falls + 1])
    edges = falls + share
    return float(edges[np.abs(edges - start).argmin()])
