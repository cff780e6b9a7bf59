"""What a patient's other spots say of a spot: its rank among its like, what lies near, its twin.

A node that is the hottest of few is another thing than one of thirty in a chain, and uptake with a
twin across the body is seldom a tumour. Spots are like one another when the same organ holds them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from oligocount.segment.describe import ALONE, HOSTS

COMPANY = (
    "like_count", "like_rank", "over_like", "over_next_like", "like_rank_quiet", "over_like_quiet",
    "all_count", "all_rank", "hot_count",
    "near_count", "over_near", "near_like_count", "twin", "over_twin", "in_line_count",
)  # fmt: skip
_NEAR_MM = 50.0  # in the coronal plane
_TWIN_MM = 25.0
_ASIDE_MM = 15.0  # nearer to the midline a spot is its own twin
_TWIN_FRONT = 0.25  # of the body's column, back to front
_LINE_MM = 20.0
_LINE_FRONT = 0.2
_NOBODY = -2.0  # log ratio to a neighbour that is not there
_FIRST = 3.0  # log ratio of the only one of its kind
_AMONG = 2.0  # the same, to the median

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Crowd:
    """All spots of a patient, an entry each; uptake as logarithms, places in mm."""

    host: NDArray[np.intp]
    uptake: Rows
    contrast: Rows
    left_mm: Rows
    up_mm: Rows
    front: Rows


def company(rows: Rows, up_mm: NDArray[np.floating]) -> Rows:
    """A row of `COMPANY` for each spot, from `rows` (n, ALONE) and the heights (n,) of the peaks.

    Heights count from any one level. Counts are logarithms, uptakes log ratios.
    """
    column = {name: rows[:, n] for n, name in enumerate(ALONE)}
    within = np.stack([column[f"in_{name}"] + 0.5 * column[f"by_{name}"] for name in HOSTS], axis=1)
    crowd = _Crowd(
        host=within.argmax(axis=1),
        uptake=column["top_over_level"],
        contrast=column["over_quiet"],
        left_mm=100 * column["leftness"],
        up_mm=np.asarray(up_mm, np.float32),
        front=column["frontness"],
    )
    if not len(rows):
        return np.zeros((0, len(COMPANY)), np.float32)
    return np.concatenate([_among_like(crowd), _among_all(crowd), _among_near(crowd)], axis=1)


def _among_like(crowd: _Crowd) -> Rows:
    out = np.zeros((len(crowd.host), 6), np.float32)
    for host in np.unique(crowd.host):
        like = np.flatnonzero(crowd.host == host)
        uptake, contrast = crowd.uptake[like], crowd.contrast[like]
        out[like, 0] = np.log(len(like))
        out[like, 1] = _rank(uptake)
        out[like, 4] = _rank(contrast)
        if len(like) == 1:
            out[like, 2], out[like, 3], out[like, 5] = _AMONG, uptake + _FIRST, _AMONG
            continue
        second, first = np.sort(uptake)[-2:]
        out[like, 2] = uptake - np.median(uptake)
        out[like, 3] = uptake - np.where(uptake == first, second, first)
        out[like, 5] = contrast - np.median(contrast)
    return out


def _among_all(crowd: _Crowd) -> Rows:
    out = np.zeros((len(crowd.host), 3), np.float32)
    out[:, 0] = np.log(len(crowd.host))
    out[:, 1] = _rank(crowd.uptake)
    out[:, 2] = np.log1p((crowd.uptake >= 0).sum())
    return out


def _among_near(crowd: _Crowd) -> Rows:
    out = np.zeros((len(crowd.host), 6), np.float32)
    for n in range(len(crowd.host)):
        across, up = crowd.left_mm - crowd.left_mm[n], crowd.up_mm - crowd.up_mm[n]
        deep = np.abs(crowd.front - crowd.front[n])
        near = np.hypot(across, up) < _NEAR_MM
        twin = (np.abs(crowd.left_mm + crowd.left_mm[n]) < _TWIN_MM) & (np.abs(up) < _TWIN_MM)
        twin &= (abs(crowd.left_mm[n]) > _ASIDE_MM) & (deep < _TWIN_FRONT)
        line = (np.abs(across) < _LINE_MM) & (deep < _LINE_FRONT)
        near[n] = twin[n] = line[n] = False
        uptake = crowd.uptake - crowd.uptake[n]
        out[n] = (
            np.log1p(near.sum()),
            uptake[near].max() if near.any() else _NOBODY - crowd.uptake[n],
            np.log1p((near & (crowd.host == crowd.host[n])).sum()),
            np.exp(-np.abs(uptake[twin]).min()) if twin.any() else 0.0,
            uptake[twin].max() if twin.any() else _NOBODY - crowd.uptake[n],
            np.log1p(line.sum()),
        )
    return out


def _rank(values: Rows) -> NDArray[np.float64]:
    """The share of all that are not above each."""
    return np.searchsorted(np.sort(values), values, side="right") / len(values)
