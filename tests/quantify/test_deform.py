"""A known smooth bend is found, folding and useless bends are refused, and points go both ways."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from oligocount.config import load_settings
from oligocount.domain.registration import Bend, Move, MoveSource
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.quantify import deform

SETTINGS = load_settings().quantify.register
STEP_MM = 4.0
SHAPE = (40, 44, 48)
STILL = Move(matrix=np.eye(4), source=MoveSource.REGISTERED, uncertainty_mm=3.0)


def grid() -> Geometry:
    affine = np.zeros((4, 4))
    affine[[2, 1, 0], [0, 1, 2]], affine[3, 3] = STEP_MM, 1.0
    return Geometry(shape=SHAPE, affine=affine)


def wave(most_mm: float) -> np.ndarray:
    """A smooth displacement (k, j, i, 3), greatest in the middle, along x and z."""
    away = [
        (axis - (n - 1) / 2) * STEP_MM for axis, n in zip(np.indices(SHAPE), SHAPE, strict=True)
    ]
    bell = np.exp(-sum(each**2 for each in away) / (2 * 35.0**2))
    return (most_mm * bell[..., None] * np.array([0.8, 0.0, 0.6])).astype(np.float32)


def organs() -> np.ndarray:
    """A trunk with eight organs of their own brightness."""
    k, j, i = np.indices(SHAPE)
    rng = np.random.default_rng(3)
    out = np.zeros(SHAPE, np.uint8)
    out[((k - 20) / 18) ** 2 + ((j - 22) / 19) ** 2 + ((i - 24) / 21) ** 2 < 1] = 1
    for label in range(2, 12):
        centre = np.array(SHAPE) / 2 + rng.uniform(-10, 10, 3)
        away = [(axis - c) / r for axis, c, r in zip((k, j, i), centre, rng.uniform(3, 7, 3),
                                                     strict=True)]  # fmt: skip
        out[(sum(each**2 for each in away) < 1) & (out > 0)] = label
    return out


CT_LEVELS = np.array([-1000, 20, 90, -80, 60, 140, 0, -100, 110, 40, 75, 200], float)
MR_LEVELS = np.array([0, 300, 150, 800, 520, 60, 700, 900, 220, 420, 620, 110], float)


def ct() -> Volume:
    array = ndimage.gaussian_filter(CT_LEVELS[organs()], 0.7)
    return Volume(array=array.astype(np.float32), unit=Unit.HU, geometry=grid())


def mr(field_mm: np.ndarray) -> Volume:
    """The MR in which what the CT shows at p lies at p + u(p)."""
    bend = Bend(field_mm=field_mm, geometry=grid())
    points = grid().to_lps_mm(np.indices(SHAPE).reshape(3, -1).T.astype(float))
    index = np.rint(grid().to_index(bend.undone(points))).astype(int)
    index = np.clip(index, 0, np.array(SHAPE) - 1)
    clean = ndimage.gaussian_filter(MR_LEVELS[organs()[tuple(index.T)]].reshape(SHAPE), 0.7)
    noise = np.random.default_rng(1).normal(0, 10, SHAPE)
    array = np.maximum(clean + noise, 0).astype(np.float32)
    return Volume(array=array, unit=Unit.ARBITRARY, geometry=grid())


def inside() -> np.ndarray:
    return grid().to_lps_mm(np.argwhere(ndimage.binary_erosion(organs() > 0, iterations=3)) * 1.0)


def told_of(truth: Bend) -> Callable[..., np.ndarray]:
    """A search that finds the truth at once."""

    def told(fixed: Volume, *_: object) -> np.ndarray:
        shape = fixed.geometry.shape
        points = fixed.geometry.to_lps_mm(np.indices(shape).reshape(3, -1).T.astype(float))
        return truth.at(points).reshape(*shape, 3).astype(np.float32)

    return told


def test_a_known_smooth_bend_is_found() -> None:
    truth = Bend(field_mm=wave(12.0), geometry=grid())
    outcome = deform.bend(mr(truth.field_mm), ct(), STILL, SETTINGS)
    assert outcome.move is not None, outcome.reason
    assert outcome.move.source is MoveSource.BENT
    assert outcome.after > outcome.before
    assert outcome.move.bend is not None
    points = inside()
    before = np.linalg.norm(truth.at(points), axis=1)
    after = np.linalg.norm(outcome.move.bend.at(points) - truth.at(points), axis=1)
    assert after.mean() < 0.5 * before.mean()
    assert after.mean() < 2.5
    assert outcome.move.bend.stretch().min() > 0


@pytest.mark.parametrize(("rigid_mm", "bent_mm"), [(3.0, 5.0), (8.0, 8.0)])
def test_a_bend_is_no_surer_than_what_it_may_add(
    monkeypatch: pytest.MonkeyPatch, rigid_mm: float, bent_mm: float
) -> None:
    """A head, or an MR in the PET's own frame, is sure by 3 mm: once bent it is not."""
    truth = Bend(field_mm=wave(12.0), geometry=grid())
    monkeypatch.setattr(deform, "_displaced", told_of(truth))
    rigid = replace(STILL, uncertainty_mm=rigid_mm)
    outcome = deform.bend(mr(truth.field_mm), ct(), rigid, SETTINGS)
    assert outcome.move is not None, outcome.reason
    assert outcome.move.uncertainty_mm == bent_mm


def test_what_is_not_bent_stays_where_it_is() -> None:
    outcome = deform.bend(mr(wave(0.0)), ct(), STILL, SETTINGS)
    assert outcome.move is None
    assert "does not help" in outcome.reason


def test_a_bend_no_larger_than_that_of_an_unbent_pair_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The truth of a slight bend: it helps, but noise would look alike."""
    slight = Bend(field_mm=wave(3.5), geometry=grid())
    monkeypatch.setattr(deform, "_displaced", told_of(slight))
    any_gain = replace(SETTINGS, deform=replace(SETTINGS.deform, min_gain=0.0))
    outcome = deform.bend(mr(slight.field_mm), ct(), STILL, any_gain)
    assert outcome.move is None
    assert "unbent pair" in outcome.reason


def test_a_bend_that_folds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the search had gone wild: a spike of 40 mm within 12 mm."""

    def wild(fixed: Volume, *_: object) -> np.ndarray:
        field = np.zeros((*fixed.geometry.shape, 3), np.float32)
        k, j, i = np.array(fixed.geometry.shape) // 2
        field[k - 1 : k + 2, j - 1 : j + 2, i - 1 : i + 2] = 40.0
        return field

    monkeypatch.setattr(deform, "_displaced", wild)
    outcome = deform.bend(mr(wave(0.0)), ct(), STILL, SETTINGS)
    assert outcome.move is None
    assert "would fold" in outcome.reason


def test_a_bend_that_makes_it_worse_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def off(fixed: Volume, *_: object) -> np.ndarray:
        return np.full((*fixed.geometry.shape, 3), 12.0, np.float32)

    monkeypatch.setattr(deform, "_displaced", off)
    outcome = deform.bend(mr(wave(0.0)), ct(), STILL, SETTINGS)
    assert outcome.move is None
    assert "does not help" in outcome.reason
    assert outcome.after < outcome.before


def test_points_go_through_a_bend_and_back() -> None:
    bend = Bend(field_mm=wave(12.0), geometry=grid())
    move = replace(STILL, bend=bend)
    points = inside()
    there = move.apply(points)
    assert there + bend.at(there) == pytest.approx(points, abs=0.01)


def test_volume_is_kept_by_a_shift_and_doubled_by_a_stretch() -> None:
    shift = Bend(field_mm=np.full((*SHAPE, 3), 7.0, np.float32), geometry=grid())
    assert shift.stretch() == pytest.approx(1.0)
    x = grid().to_lps_mm(np.indices(SHAPE).reshape(3, -1).T.astype(float))[:, 0]
    field = np.zeros((*SHAPE, 3), np.float32)
    field[..., 0] = x.reshape(SHAPE)
    assert Bend(field_mm=field, geometry=grid()).stretch() == pytest.approx(2.0)
