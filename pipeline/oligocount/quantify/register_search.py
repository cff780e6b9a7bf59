"""Where an MR may lie in a larger image: mutual information on a coarse grid of positions.

What a place leaves outside the other image counts against it. A thigh or a neck may be bent by 30
degrees and more against the other day's, so positions are tried at several pitches about the axis
from side to side.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.volume import Volume
from oligocount.settings_quantify import RegisterSettings

Matrix = NDArray[np.float64]
_BINS = 24
_BODY_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """A rigid move (4 x 4, LPS mm) and the information that the two images share under it."""

    matrix: Matrix
    score: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """An MR with the mask of its tissue, and the image that it is brought onto."""

    mr: Volume
    onto: Volume
    mask: NDArray[np.bool_]

    @property
    def centre_mm(self) -> NDArray[np.float64]:
        """The middle of the tissue."""
        middle: NDArray[np.float64] = self.mr.geometry.to_lps_mm(
            np.argwhere(self.mask).mean(axis=0)
        )
        return middle

    @property
    def corners_mm(self) -> NDArray[np.float64]:
        """The corners of the tissue's box, as columns (x, y, z, 1)."""
        places = np.argwhere(self.mask)
        low, high = places.min(axis=0), places.max(axis=0)
        index = np.array(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), float)
        points = self.mr.geometry.to_lps_mm(index.reshape(3, -1).T)
        return np.column_stack([points, np.ones(len(points))])

    def overlap(self, matrix: Matrix) -> float:
        """The share of the tissue that a move puts inside the other image."""
        places = np.argwhere(self.mask)[::7].astype(float)
        points = self.mr.geometry.to_lps_mm(places) @ matrix[:3, :3].T + matrix[:3, 3]
        index = self.onto.geometry.to_index(points)
        inside = (index >= -0.5) & (index <= np.array(self.onto.geometry.shape) - 0.5)
        return float(inside.all(axis=1).mean())


def foreground(
    array: NDArray[np.float32], settings: RegisterSettings, *, spacing_mm: float
) -> NDArray[np.bool_]:
    """Tissue of an MR with a rim of air around it: the skin is what aligns best."""
    bright = float(np.percentile(array, 95))
    tissue = ndimage.gaussian_filter(array, 1.0) > settings.tissue_share * bright
    tissue = ndimage.binary_fill_holes(ndimage.binary_opening(tissue))
    if not tissue.any():
        return np.ones(array.shape, bool)
    rim = max(1, round(settings.rim_mm / spacing_mm))
    grown: NDArray[np.bool_] = ndimage.binary_dilation(tissue, iterations=rim)
    return grown


def search(pair: Pair, probe: "Probe", settings: RegisterSettings) -> list[Start]:
    """The best starts, far enough apart to be different, the best first."""
    shifts = list(_shifts(pair, settings))
    coarse = [
        probe.start(turn_about(0, pitch_deg), shift)
        for pitch_deg in settings.search_pitch_deg
        for shift in shifts
    ]
    best = _distinct(coarse, pair, settings.search_step_mm * 0.9, settings.searched)
    turned = [start for one in best for start in around_start(probe, one, settings)]
    return _distinct([*best, *turned], pair, settings.distinct_mm, settings.starts)


def around_start(probe: "Probe", one: Start, settings: RegisterSettings) -> Iterator[Start]:
    """A start turned and nudged a little to every side."""
    shift = shift_of(one.matrix, probe.centre_mm)
    for turn in _turns(settings.search_angle_deg):
        for nudge in nudges(settings.search_step_mm / 2):
            yield probe.start(turn @ one.matrix[:3, :3], shift + nudge)


class Probe:
    """What a pair shares at any move, from one fixed sample of the MR."""

    def __init__(self, pair: Pair, settings: RegisterSettings, samples: int) -> None:
        sigma = settings.search_smooth_mm / settings.spacing_mm
        small = ndimage.gaussian_filter(pair.mr.array, sigma)
        onto = ndimage.gaussian_filter(pair.onto.array, sigma)
        self.centre_mm = pair.centre_mm
        self._geometry = pair.onto.geometry
        self._onto = np.searchsorted(_edges(onto), onto).astype(np.uint8)
        self._least = settings.min_overlap
        places = np.argwhere(pair.mask)
        rng = np.random.default_rng(0)
        chosen = rng.choice(len(places), min(len(places), samples), replace=False)
        self._points = pair.mr.geometry.to_lps_mm(places[chosen].astype(float))
        self._bins = _binned(small[tuple(places[chosen].T)], small[pair.mask])

    def start(self, turn: Matrix, shift: NDArray[np.float64]) -> Start:
        """The move that turns about the MR's middle and then shifts, with its score."""
        matrix = turned_and_shifted(turn, shift, self.centre_mm)
        return Start(matrix=matrix, score=self.score(matrix))

    def score(self, matrix: Matrix) -> float:
        """Information times the share inside the other image; -inf below the least share."""
        return self.score_of(lambda points: points @ matrix[:3, :3].T + matrix[:3, 3])

    def score_of(self, apply: Callable[[Matrix], Matrix]) -> float:
        """The same of any way to move points (n, 3)."""
        near = np.rint(self._geometry.to_index(apply(self._points))).astype(int)
        inside = ((near >= 0) & (near < self._geometry.shape)).all(axis=1)
        share = float(inside.mean())
        if share < self._least:
            return -np.inf
        other = self._onto[tuple(near[inside].T)].astype(int)
        return _information(self._bins[inside], other) * share


def turned_and_shifted(
    turn: Matrix, shift: NDArray[np.float64], centre_mm: NDArray[np.float64]
) -> Matrix:
    """The move (4 x 4) that turns about a centre and then shifts."""
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = centre_mm + shift - turn @ centre_mm
    return matrix


def shift_of(matrix: Matrix, centre_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a move (4 x 4) shifts a centre: what is left of it but the turn about that centre."""
    shift: NDArray[np.float64] = matrix[:3, :3] @ centre_mm + matrix[:3, 3] - centre_mm
    return shift


def corners_apart_mm(one: Matrix, other: Matrix, corners_mm: NDArray[np.float64]) -> float:
    """The farthest that two moves put corners, columns (x, y, z, 1), apart."""
    return float(np.linalg.norm(corners_mm @ (one - other)[:3].T, axis=1).max())


def _edges(values: NDArray[np.float32]) -> NDArray[np.float64]:
    edges: NDArray[np.float64] = np.linspace(float(values.min()), float(values.max()), _BINS + 1)[
        1:-1
    ]
    return edges


def _binned(values: NDArray[np.float32], like: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.searchsorted(_edges(like), values).astype(np.int64)


def _information(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    joint = np.bincount(one * _BINS + other, minlength=_BINS * _BINS).reshape(_BINS, _BINS)
    share = joint / joint.sum()
    expected = np.outer(share.sum(axis=1), share.sum(axis=0))
    filled = share > 0
    return float((share[filled] * np.log(share[filled] / expected[filled])).sum())


def _shifts(pair: Pair, settings: RegisterSettings) -> Iterator[NDArray[np.float64]]:
    """Shifts that put the MR's middle on a grid of positions in or near the body."""
    geometry, values = pair.onto.geometry, pair.onto.array
    step = max(1, round(settings.search_step_mm / settings.spacing_mm))
    low, high = float(values.min()), float(np.percentile(values, 99.5))
    body = values > low + _BODY_SHARE * (high - low)
    near = ndimage.maximum_filter(body, step + 1)[
        step // 2 :: step, step // 2 :: step, step // 2 :: step
    ]
    for place in np.argwhere(near):
        yield geometry.to_lps_mm((place * step + step // 2).astype(np.float64)) - pair.centre_mm


def _turns(angle_deg: float) -> Iterator[Matrix]:
    """No turn, and one about each axis to either side."""
    yield np.eye(3)
    for axis in range(3):
        for sign in (1, -1):
            yield turn_about(axis, sign * angle_deg)


def turn_about(axis: int, angle_deg: float) -> Matrix:
    """The rotation about x (0), y (1) or z (2)."""
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    turn = np.eye(3)
    j, k = (axis + 1) % 3, (axis + 2) % 3
    turn[j, j] = turn[k, k] = c
    turn[j, k], turn[k, j] = -s, s
    return turn


def nudges(step: float) -> Iterator[NDArray[np.float64]]:
    """No shift, and one along each axis to either side."""
    yield np.zeros(3)
    for axis in range(3):
        for sign in (1, -1):
            nudge = np.zeros(3)
            nudge[axis] = sign * step
            yield nudge


def _distinct(starts: list[Start], pair: Pair, apart_mm: float, count: int) -> list[Start]:
    """The best starts that put the MR's corners at least this far apart."""
    kept: list[Start] = []
    corners = pair.corners_mm
    for one in sorted(starts, key=lambda each: -each.score):
        if not np.isfinite(one.score) or len(kept) == count:
            break
        gaps = [corners_apart_mm(one.matrix, each.matrix, corners) for each in kept]
        if min(gaps, default=np.inf) >= apart_mm:
            kept.append(one)
    return kept
