"""The displacements under which two images tell most of each other, sought among discrete ones.

What a pair of brightnesses tells is read off the joint table of the rigidly aligned images. Each
place weighs every displacement of a small lattice, and smoothness is reached by turns of choice and
mean with a growing tie between them: coupled convex optimisation (Heinrich, Papiez, Schnabel and
Handels 2014). Forth and back are sought alike and made each other's inverse, half by half (Siebert,
Hansen and Heinrich 2021).
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.settings_quantify import DeformSettings

_Field = NDArray[np.float32]  # (3, k, j, i), voxels
_TIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # Heinrich's, growing
_STRIDE = 2  # voxels between the places that choose
_INVERSIONS = 15
_TABLE_BLUR = 1.0  # bins, Parzen
_FLOOR = 1e-3  # share of the table spread evenly: no pair is impossible


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sides:
    """Both images in bins (k, j, i), where they count, and what a pair of bins tells (nats)."""

    fixed: NDArray[np.float32]
    moving: NDArray[np.float32]
    weight: NDArray[np.float32]
    table: NDArray[np.float32]

    def turned(self) -> "_Sides":
        return _Sides(
            fixed=self.moving, moving=self.fixed, weight=self.weight, table=self.table.T.copy()
        )


def search(
    fixed: NDArray[np.float32],
    moving: NDArray[np.float32],
    mask: NDArray[np.bool_],
    bins: int,
    own: DeformSettings,
) -> _Field:
    """Displacements u (3, k, j, i) in voxels: what `fixed` shows at p, `moving` shows at p + u."""
    first, second = _in_bins(fixed, mask, bins), _in_bins(moving, mask, bins)
    weight = mask.astype(np.float32)
    forth = back = np.zeros((3, *fixed.shape), np.float32)
    for reach, step in zip(own.reach_steps, own.step_voxels, strict=True):
        table = _information(first[mask], _warped(second, forth)[mask], bins)
        sides = _Sides(fixed=first, moving=second, weight=weight, table=table)
        chosen = _chosen(sides, forth, reach, step, own)
        returned = _chosen(sides.turned(), back, reach, step, own)
        forth, back = _inverse_of_each_other(chosen, returned)
    return forth


def _in_bins(image: NDArray[np.float32], mask: NDArray[np.bool_], bins: int) -> NDArray[np.float32]:
    low, high = np.percentile(image[mask], [0.5, 99.5])
    scaled = (image - low) / max(float(high - low), 1e-9) * (bins - 1)
    out: NDArray[np.float32] = np.clip(scaled, 0, bins - 1).astype(np.float32)
    return out


def _information(
    first: NDArray[np.float32], second: NDArray[np.float32], bins: int
) -> NDArray[np.float32]:
    """Pointwise mutual information (bins, bins) of the pairs, in nats."""
    counts = np.histogram2d(first, second, bins=bins, range=[[-0.5, bins - 0.5]] * 2)[0]
    counts = ndimage.gaussian_filter(counts, _TABLE_BLUR, mode="nearest")
    share: NDArray[np.float64] = counts + _FLOOR * max(counts.sum(), 1.0) / bins**2
    share /= share.sum()
    alone = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    out: NDArray[np.float32] = np.log(share / alone).astype(np.float32)
    return out


def _chosen(sides: _Sides, start: _Field, reach: int, step: float, own: DeformSettings) -> _Field:
    """The field about `start` of least cost, each place moving by up to `reach` steps an axis."""
    lattice = np.array(list(product(np.arange(-reach, reach + 1) * step, repeat=3)), np.float32)
    known = sides.fixed.round().astype(np.intp)
    cost = np.stack([_smooth(_cost(sides, known, start, each), 2) for each in lattice])
    base = np.stack([_pooled(axis) for axis in start])
    cost += own.rest_cost * _squares(lattice, base)
    field = base + _picked(lattice, cost)
    for tie in _TIES:
        mean = np.stack([_smooth(axis, 3) for axis in field])
        field = base + _picked(lattice, cost + tie * _squares(lattice, base - mean))
    return np.stack([_grown(_smooth(axis, 2), start.shape[1:]) for axis in field])


def _squares(lattice: NDArray[np.float32], offset: _Field) -> NDArray[np.float32]:
    """|d + offset|^2 of every displacement d (n, 3): (n, k, j, i), without n fields in memory."""
    own = (lattice**2).sum(axis=1)[:, None, None, None]
    out: NDArray[np.float32] = np.tensordot(2 * lattice, offset, axes=1)
    out += own
    out += (offset**2).sum(axis=0)
    return out


def _cost(
    sides: _Sides, known: NDArray[np.intp], start: _Field, move: NDArray[np.float32]
) -> NDArray[np.float32]:
    there = _warped(sides.moving, start + move[:, None, None, None]).round().astype(np.intp)
    return _pooled(-sides.table[known, there] * sides.weight)


def _picked(lattice: NDArray[np.float32], cost: NDArray[np.float32]) -> _Field:
    return np.moveaxis(lattice[cost.argmin(axis=0)], -1, 0)


def _warped(image: NDArray[np.float32], field: _Field) -> NDArray[np.float32]:
    at = np.indices(image.shape, dtype=np.float32) + field
    out: NDArray[np.float32] = ndimage.map_coordinates(image, at, order=1, mode="nearest")
    return out


def _inverse_of_each_other(forth: _Field, back: _Field) -> tuple[_Field, _Field]:
    for _ in range(_INVERSIONS):
        undone: _Field = np.stack([_warped(axis, forth) for axis in back])
        redone: _Field = np.stack([_warped(axis, back) for axis in forth])
        half = np.float32(0.5)
        forth, back = (forth - undone) * half, (back - redone) * half
    return forth, back


def _smooth(image: NDArray[np.float32], times: int) -> NDArray[np.float32]:
    out = image
    for _ in range(times):
        out = ndimage.uniform_filter(out, 3, mode="nearest")
    return out


def _pooled(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of blocks of _STRIDE voxels an axis; the last block is filled with its edge."""
    pad = [(0, -n % _STRIDE) for n in image.shape]
    k, j, i = (-(-n // _STRIDE) for n in image.shape)
    blocks = np.pad(image, pad, mode="edge").reshape(k, _STRIDE, j, _STRIDE, i, _STRIDE)
    out: NDArray[np.float32] = blocks.mean(axis=(1, 3, 5))
    return out


def _grown(image: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The pooled values on the voxels again, linear between the blocks' middles."""
    middle = [(np.arange(n, dtype=np.float32) + 0.5) / _STRIDE - 0.5 for n in shape]
    at = np.stack(np.meshgrid(*middle, indexing="ij"))
    out: NDArray[np.float32] = ndimage.map_coordinates(image, at, order=1, mode="nearest")
    return out
