"""A rigid move bent a little: what breathes or lies otherwise on the other day. On request alone.

Discrete displacements (`deform_search`) under mutual information, where the MR shows tissue. More
freedom always finds more information: a bend that hardly helps, that is slight (an unbent pair
shows such) or that folds is refused.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.registration import Bend, Move, MoveSource
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.geometry.resample import resample_volume
from oligocount.quantify.deform_search import search
from oligocount.quantify.register import make_pair
from oligocount.quantify.register_search import Pair, Probe
from oligocount.settings_quantify import DeformSettings, RegisterSettings

_MARGIN_VOXELS = 4
_MOST_PERCENTILE = 95
_FADE_MM = 40.0  # the bend fades to nothing over this much beyond the MR's tissue


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bending:
    """The bent move, or None, and why; `before` and `after` by the measure that judges."""

    move: Move | None
    before: float
    after: float
    reason: str


def bend(mr: Volume, onto: Volume, move: Move, settings: RegisterSettings) -> Bending:
    """`move`, bent so that the MR agrees better with the other image, or a refusal.

    What a bend may add by itself is the least that a bent move may be off.
    """
    pair = make_pair(mr, onto, None, settings)
    there = Geometry(shape=pair.mr.geometry.shape, affine=move.matrix @ pair.mr.geometry.affine)
    grid = _around(pair, move, settings)
    tissue = Volume(array=pair.mask.astype(np.float32), unit=Unit.ARBITRARY, geometry=there)
    mask = resample_volume(tissue, grid, outside=0.0).array > 0.5
    fixed = resample_volume(pair.onto, grid, outside=float(pair.onto.array.min()))
    moving = Volume(array=pair.mr.array, unit=pair.mr.unit, geometry=there)
    if not mask.any():
        return Bending(move=None, before=0.0, after=0.0, reason="the images come apart")
    found = Bend(field_mm=_displaced(fixed, moving, mask, settings), geometry=grid)
    return _judged(pair, move, found, mask, settings)


def _around(pair: Pair, move: Move, settings: RegisterSettings) -> Geometry:
    """A grid in the other image's frame about the tissue, wide enough for the bend to fade."""
    corners = pair.corners_mm @ move.matrix[:3].T
    low, high = corners.min(axis=0) - _FADE_MM, corners.max(axis=0) + _FADE_MM
    step = settings.spacing_mm
    k, j, i = (int(np.ceil(length / step)) + 1 for length in (high - low)[::-1])
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]], affine[3, 3] = step, 1.0
    affine[:3, 3] = low
    return Geometry(shape=(k, j, i), affine=affine)


def _displaced(
    fixed: Volume, moving: Volume, mask: NDArray[np.bool_], settings: RegisterSettings
) -> NDArray[np.float32]:
    """Displacements (k, j, i, 3) on the grid of `fixed`."""
    step = settings.spacing_mm
    there = resample_volume(moving, fixed.geometry, outside=float(moving.array.min())).array
    box = _box(mask)
    field = np.zeros((*mask.shape, 3), np.float32)
    found = search(fixed.array[box], there[box], mask[box], settings.bins, settings.deform)
    field[box] = np.moveaxis(found[::-1], 0, -1) * step  # LPS: x runs along the last axis
    away_mm = ndimage.distance_transform_edt(~mask) * step
    share = np.clip(1 - away_mm / _FADE_MM, 0, 1)[..., None]
    faded: NDArray[np.float32] = (field * share).astype(np.float32)
    return faded


def _box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    where = np.argwhere(mask)
    low, high = np.maximum(where.min(axis=0) - _MARGIN_VOXELS, 0), where.max(axis=0) + 1
    return tuple(slice(a, b + _MARGIN_VOXELS) for a, b in zip(low, high, strict=True))


def _judged(
    pair: Pair, move: Move, found: Bend, mask: NDArray[np.bool_], settings: RegisterSettings
) -> Bending:
    unsure_mm = max(move.uncertainty_mm, settings.deform.least_uncertainty_mm)
    bent = replace(move, bend=found, source=MoveSource.BENT, uncertainty_mm=unsure_mm)
    probe = Probe(pair, settings, settings.judge_samples)
    before, after = probe.score(move.matrix), probe.score_of(bent.apply)
    far_mm = np.linalg.norm(found.field_mm[mask], axis=1)
    reason = _doubt(found, far_mm, before, after, settings.deform)
    if reason:
        return Bending(move=None, before=before, after=after, reason=reason)
    told = (
        f"information {before:.2f} to {after:.2f}, bent by {np.median(far_mm):.1f} mm in the median"
        f" and {far_mm.max():.1f} mm at most"
    )
    return Bending(move=bent, before=before, after=after, reason=told)


def _doubt(
    found: Bend, far_mm: NDArray[np.float32], before: float, after: float, own: DeformSettings
) -> str:
    """Why a bend is not to be used; nothing where it is."""
    if not np.isfinite(after) or before <= 0:
        return "the images share nothing to judge a bend by"
    least = float(found.stretch().min())
    if least < own.min_stretch:
        return f"the bend would fold (volume times {least:.2f} somewhere)"
    if after < (1 + own.min_gain) * before:
        return f"the bend does not help (information {before:.2f} to {after:.2f})"
    most_mm = float(np.percentile(far_mm, _MOST_PERCENTILE))
    if most_mm < own.least_mm:
        return f"the bend is slight, as of an unbent pair ({most_mm:.1f} mm)"
    return ""
