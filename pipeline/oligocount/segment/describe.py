"""What a candidate shows, as numbers: uptake, shape, organs in and around it, place, density.

Every number is a ratio, a share or a distance clipped at what matters, so that scanners, grids and
organ maps of any origin speak one language. `ALONE` names the columns in order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.geometry.box import grown
from oligocount.segment.surroundings import FAR_MM, GROUPS, HEIGHTS, NEAR, Body

Mask = NDArray[np.bool_]
Row = dict[str, float]

_SHELL_MM = (3.0, 12.0)  # clear of the blur of the candidate itself
_CORE = 0.5  # of the maximum
_MIRROR_MM = 12.0

HOSTS = ("none", *GROUPS)
ALONE: tuple[str, ...] = (
    "top", "top_over_level", "top_over_blood", "evenness", "mean_share", "over_quarter",
    "over_around", "over_hottest_around", "over_quiet", "saddle", "beside_others", "noise",
    "mirror", "volume", "core_volume", "elongation", "flatness", "extent_z", "extent_x", "fullness",
    *(f"in_{name}" for name in HOSTS),
    *(f"by_{name}" for name in HOSTS),
    *(f"near_{name}" for name in NEAR),
    "over_host_median", "over_host_high", "host_share_as_hot", "host_filled",
    *HEIGHTS, *(f"knows_{name}" for name in HEIGHTS),
    "aside", "leftness", "depth", "scan_end", "frontness",
    "has_ct", "hu", "hu_spread", "hu_around", "fat", "air", "hard",
    "network_mean", "network_most", "network_around",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spot:
    """One candidate: `box` cuts it and its surroundings out of the grid; masks lie in the box."""

    box: tuple[slice, slice, slice]
    mask: Mask
    core: Mask
    shell: Mask
    other: Mask
    peak: tuple[int, int, int]
    top: float


def describe(labels: NDArray[np.int32], body: Body) -> NDArray[np.float32]:
    """A row of `ALONE` for each candidate 1..n of an isotropic axial grid."""
    rows = []
    for number, found in enumerate(ndimage.find_objects(labels), start=1):
        if found is None:
            rows.append(np.zeros(len(ALONE), np.float32))
            continue
        spot = _spot(labels, number, found, body)
        row = _uptake(spot, body) | _shape(spot, body) | _organs(spot, body)
        row |= _place(spot, body) | _density(spot, body) | _network(spot, body)
        rows.append(np.array([row[name] for name in ALONE], np.float32))
    return np.array(rows, np.float32).reshape(-1, len(ALONE))


def _spot(labels: NDArray[np.int32], number: int, found: tuple[slice, ...], body: Body) -> Spot:
    step = body.spacing_mm
    pad = int(np.ceil(_SHELL_MM[1] / step)) + 1
    box = grown(found, (pad, pad, pad), labels.shape)
    mask = labels[box] == number
    suv = body.suv[box]
    inside = np.where(mask, suv, 0)
    top = float(inside.max())
    away = ndimage.distance_transform_edt(~mask, sampling=step)
    local = np.unravel_index(int(inside.argmax()), inside.shape)
    peak = [int(p) + one.start for p, one in zip(local, box, strict=True)]
    return Spot(
        box=box,
        mask=mask,
        core=mask & (suv >= _CORE * top),
        shell=(away > _SHELL_MM[0]) & (away <= _SHELL_MM[1]),
        other=(labels[box] > 0) & ~mask,
        peak=(peak[0], peak[1], peak[2]),
        top=max(top, 1e-3),
    )


def _uptake(spot: Spot, body: Body) -> Row:
    suv = body.suv[spot.box]
    values = np.sort(suv[spot.mask])[::-1]
    few = values[: max(1, round(0.5 / body.voxel_ml))]
    ring = suv[spot.shell & body.inside[spot.box]]
    around = np.percentile(ring, [25, 50, 90]) if ring.size else np.zeros(3)
    quiet = suv[spot.shell & ~spot.other & body.inside[spot.box]]
    border = ndimage.binary_dilation(spot.mask) & ~spot.mask
    saddle = float(suv[border].max(initial=0.0))
    return {
        "top": _log(spot.top),
        "top_over_level": _log(spot.top / body.level),
        "top_over_blood": _log(spot.top / body.blood),
        "evenness": float(few.mean() / spot.top),
        "mean_share": float(values.mean() / spot.top),
        "over_quarter": _log(spot.top / max(around[0], 0.05)),
        "over_around": _log(spot.top / max(around[1], 0.05)),
        "over_hottest_around": _log(spot.top / max(around[2], 0.05)),
        "over_quiet": _log(spot.top / max(float(np.median(quiet)) if quiet.size else 0.0, 0.05)),
        "saddle": min(saddle / spot.top, 2.0),
        "beside_others": float((spot.shell & spot.other).sum() / max(spot.shell.sum(), 1)),
        "noise": body.noise,
        "mirror": min(_mirrored(spot, body) / spot.top, 2.0),
    }


def _mirrored(spot: Spot, body: Body) -> float:
    """The highest uptake about the place on the other side of the body."""
    k, j, i = spot.peak
    across = round(2 * body.midline - i)
    reach = round(_MIRROR_MM / body.spacing_mm)
    if abs(across - i) <= 2 * reach or not 0 <= across < body.suv.shape[2]:
        return 0.0
    part = body.suv[
        max(0, k - reach) : k + reach + 1,
        max(0, j - reach) : j + reach + 1,
        max(0, across - reach) : across + reach + 1,
    ]
    return float(part.max(initial=0.0))


def _shape(spot: Spot, body: Body) -> Row:
    count = int(spot.mask.sum())
    points = np.argwhere(spot.core) * body.spacing_mm
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(points.T) + np.eye(3) * body.spacing_mm**2 / 12)) \
        if len(points) > 1 else np.full(3, body.spacing_mm / np.sqrt(12))  # fmt: skip
    extent = (points.max(axis=0) - points.min(axis=0) + body.spacing_mm) / 10
    box_share = spot.core.sum() / max(float(np.prod(extent / body.spacing_mm * 10)), 1.0)
    return {
        "volume": _log(count * body.voxel_ml),
        "core_volume": _log(float(spot.core.sum()) * body.voxel_ml),
        "elongation": float(spread[2] / spread[1]),
        "flatness": float(spread[1] / spread[0]),
        "extent_z": _log(float(extent[0])),
        "extent_x": _log(float(extent[2])),
        "fullness": float(box_share),
    }


def _organs(spot: Spot, body: Body) -> Row:
    groups = body.groups[spot.box]
    count = len(GROUPS) + 1
    core = np.bincount(groups[spot.core], minlength=count) / max(int(spot.core.sum()), 1)
    shell = np.bincount(groups[spot.shell], minlength=count) / max(int(spot.shell.sum()), 1)
    host = int(np.argmax((core + 0.5 * shell)[1:])) + 1
    median, high = body.levels[host]
    row = {f"in_{name}": float(v) for name, v in zip(HOSTS, core, strict=True)}
    row |= {f"by_{name}": float(v) for name, v in zip(HOSTS, shell, strict=True)}
    row |= {f"near_{name}": float(np.exp(-body.gaps[name][_half(spot.peak, body.gaps[name].shape)]
                                         / FAR_MM)) for name in NEAR}  # fmt: skip
    return row | {
        "over_host_median": _log(spot.top / max(median, 0.05)),
        "over_host_high": _log(spot.top / max(high, 0.05)),
        "host_share_as_hot": body.share_as_hot(host, 0.5 * spot.top),
        "host_filled": float(min(1.0, (spot.mask & (groups == host)).sum()
                                 / max(body.sizes[host], 1))),
    }  # fmt: skip


def _place(spot: Spot, body: Body) -> Row:
    k, _, i = spot.peak
    z = k * body.spacing_mm
    row = {name: 0.0 if at is None else float(np.clip((z - at) / 100, -6, 6))
           for name, at in body.heights_mm.items()}  # fmt: skip
    row |= {f"knows_{name}": float(at is not None) for name, at in body.heights_mm.items()}
    to_end = min(k, body.suv.shape[0] - 1 - k) * body.spacing_mm
    return row | {
        "aside": float(min(abs(i - body.midline) * body.spacing_mm / 100, 4.0)),
        "leftness": float(np.clip((i - body.midline) * body.spacing_mm / 100, -4, 4)),
        "depth": float(min(body.depth_mm[_half(spot.peak, body.depth_mm.shape)] / 100, 1.5)),
        "scan_end": float(np.exp(-to_end / 15)),
        "frontness": body.frontness(spot.peak),
    }


def _density(spot: Spot, body: Body) -> Row:
    if body.ct is None:
        return {"has_ct": 0.0, "hu": 0.0, "hu_spread": 0.0, "hu_around": 0.0, "fat": 0.0,
                "air": 0.0, "hard": 0.0}  # fmt: skip
    hu, around = body.ct[spot.box][spot.core], body.ct[spot.box][spot.shell]
    return {
        "has_ct": 1.0,
        "hu": float(np.clip(hu.mean(), -900, 600) / 200),
        "hu_spread": float(min(hu.std(), 400) / 200),
        "hu_around": float(np.clip(around.mean(), -900, 600) / 200) if around.size else 0.0,
        "fat": float(((hu < -30) & (hu > -200)).mean()),
        "air": float((hu < -300).mean()),
        "hard": float((hu > 150).mean()),
    }


def _network(spot: Spot, body: Body) -> Row:
    if body.chance is None:
        return {"network_mean": 0.0, "network_most": 0.0, "network_around": 0.0}
    chance = body.chance[spot.box]
    return {
        "network_mean": float(chance[spot.core].mean()),
        "network_most": float(chance[spot.mask].max()),
        "network_around": float(chance[spot.shell].mean()) if spot.shell.any() else 0.0,
    }


def _half(index: tuple[int, int, int], shape: tuple[int, ...]) -> tuple[int, int, int]:
    k, j, i = (min(n // 2, size - 1) for n, size in zip(index, shape, strict=True))
    return k, j, i


def _log(value: float) -> float:
    return float(np.log(np.clip(value, 1e-3, 1e4)))
