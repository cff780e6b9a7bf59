"""Labels on a finer grid follow the probabilities between the voxels of the coarse one."""

import numpy as np
import pytest
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry, LabelMap
from oligocount.geometry.affine import crop, regrid
from oligocount.geometry.likeliest import likeliest_labels
from oligocount.geometry.resample import resample_labels


def grid(shape: tuple[int, int, int], spacing: float) -> Geometry:
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = spacing
    affine[3, 3] = 1
    return Geometry(shape=shape, affine=affine)


def ball(geometry: Geometry, radius_mm: float, centre_mm: float) -> NDArray[np.float32]:
    """The chance to be in a ball: one half on its surface, falling by 1 over 16 mm."""
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), -1)
    gap = np.linalg.norm(geometry.to_lps_mm(index.astype(float)) - centre_mm, axis=-1)
    return np.clip(0.5 + (radius_mm - gap) / 16.0, 0, 1).astype(np.float32)


def drawn(probability: NDArray[np.float32], geometry: Geometry) -> LabelMap:
    return LabelMap(
        array=probability.argmax(axis=0).astype(np.int32), names={1: "ball"}, geometry=geometry
    )


@pytest.mark.parametrize(("step_mm", "share"), [(4.0, 0.5), (3.0, 0.5), (2.0, 0.65), (1.0, 0.65)])
def test_a_ball_is_rounder_than_its_coarse_voxels(step_mm: float, share: float) -> None:
    """Below 2.5 mm the labels of a grid of 4 mm are taken."""
    coarse = grid((12, 12, 12), 8.0)
    fine = regrid(coarse, (step_mm,) * 3)
    inside = ball(coarse, 19.0, 45.0)
    probability = np.stack([1 - inside, inside])
    true = ball(fine, 19.0, 45.0) > 0.5
    labels = drawn(probability, coarse)
    wrong = {
        name: int(((each.array == 1) ^ true).sum())
        for name, each in (
            ("likeliest", likeliest_labels(probability, labels, fine)),
            ("nearest", resample_labels(labels, fine)),
        )
    }
    assert wrong["likeliest"] < share * wrong["nearest"]


def test_on_its_own_grid_the_labels_stay() -> None:
    coarse = grid((9, 8, 7), 8.0)
    chance = np.random.default_rng(3).random((4, 9, 8, 7)).astype(np.float32)
    labels = drawn(chance / chance.sum(axis=0), coarse)
    found = likeliest_labels(chance / chance.sum(axis=0), labels, coarse)
    np.testing.assert_array_equal(labels.array, found.array)


def test_what_was_dropped_does_not_come_back() -> None:
    coarse = grid((12, 12, 12), 8.0)
    inside = ball(coarse, 14.0, 30.0)
    inside[9:11, 9:11, 9:11] = 0.9
    probability = np.stack([1 - inside, inside])
    array = (inside > 0.5).astype(np.int32)
    array[8:, 8:, 8:] = 0
    cleaned = LabelMap(array=array, names={1: "ball"}, geometry=coarse)
    found = likeliest_labels(probability, cleaned, regrid(coarse, (4.0, 4.0, 4.0)))
    assert found.array[:14, :14, :14].any()
    assert not found.array[16:, 16:, 16:].any()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_flipped_target_gives_flipped_labels(axis: int) -> None:
    coarse = grid((10, 11, 12), 8.0)
    inside = ball(coarse, 21.0, 38.0)
    probability = np.stack([1 - inside, inside])
    fine = regrid(coarse, (4.0, 4.0, 4.0))
    affine = fine.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (fine.shape[axis] - 1)
    affine[:3, axis] *= -1
    turned = Geometry(shape=fine.shape, affine=affine)
    straight = likeliest_labels(probability, drawn(probability, coarse), fine)
    found = likeliest_labels(probability, drawn(probability, coarse), turned)
    np.testing.assert_array_equal(straight.array, np.flip(found.array, axis))


def test_beyond_the_coarse_grid_there_is_nothing() -> None:
    coarse = grid((6, 6, 6), 8.0)
    probability = np.stack([np.zeros((6, 6, 6)), np.ones((6, 6, 6))]).astype(np.float32)
    far = crop(regrid(coarse, (4.0, 4.0, 4.0)), (slice(8, 20),) * 3)
    found = likeliest_labels(probability, drawn(probability, coarse), far).array
    assert (found[:4, :4, :4] == 1).all()
    assert not found[4:].any()
    away = Geometry(shape=(3, 3, 3), affine=coarse.affine + np.eye(4, k=3) * 500.0)
    assert not likeliest_labels(probability, drawn(probability, coarse), away).array.any()
