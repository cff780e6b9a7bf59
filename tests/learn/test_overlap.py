"""autoPET's volumes: the same numbers as its loop, from one labelling."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from oligocount.learn.overlap import voxel_score


def autopet_loop(truth: np.ndarray, predicted: np.ndarray, volume_ml: float) -> tuple[float, float]:
    """The challenge's loop, component by component, at 18-connectivity."""
    eighteen = ndimage.generate_binary_structure(3, 2)

    def untouched(mask: np.ndarray, other: np.ndarray) -> float:
        parts, count = ndimage.label(mask, eighteen)
        total = 0
        for number in range(1, count + 1):
            component = np.isin(parts, number)
            if (component & other).sum() == 0:
                total += component.sum()
        return float(total) * volume_ml

    return untouched(predicted, truth), untouched(truth, predicted)


def blobs(seed: int) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(24, 40, 40)), 1.2)
    return noise > 0.22


@pytest.mark.parametrize("seed", range(4))
def test_false_volumes_are_those_of_the_loop(seed: int) -> None:
    truth, predicted = blobs(seed), blobs(seed + 100)
    score = voxel_score(truth, predicted, 0.5)
    expected = autopet_loop(truth, predicted, 0.5)
    assert expected[0] > 0
    assert (score.false_positive_ml, score.false_negative_ml) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["prediction_a", "prediction_b"])
def test_a_real_patients_false_volumes_are_those_of_the_loop(shared_data: Path, name: str) -> None:
    """Cropped to where either mask is, so that the loop ends in seconds."""
    folder = shared_data / "lesion_masks"
    image = nib.load(folder / "truth.nii.gz")
    truth = np.asarray(image.dataobj) > 0
    predicted = np.asarray(nib.load(folder / f"{name}.nii.gz").dataobj) > 0
    volume_ml = float(np.prod(image.header.get_zooms()[:3])) / 1000
    where = np.argwhere(truth | predicted)
    box = tuple(slice(a, b + 1) for a, b in zip(where.min(0), where.max(0), strict=True))
    score = voxel_score(truth, predicted, volume_ml)
    expected = autopet_loop(truth[box], predicted[box], volume_ml)
    assert (score.false_positive_ml, score.false_negative_ml) == pytest.approx(expected)


def test_voxels_that_share_an_edge_are_one_component_and_a_corner_two() -> None:
    """18 neighbours: the edge pair is touched as a whole, of the corner pair one voxel is not."""
    truth = np.zeros((4, 4, 4), bool)
    truth[0, 0, 0] = True
    by_edge, by_corner = truth.copy(), truth.copy()
    by_edge[0, 1, 1] = by_corner[1, 1, 1] = True
    assert voxel_score(truth, by_edge, 1.0).false_positive_ml == 0
    assert voxel_score(truth, by_corner, 1.0).false_positive_ml == 1


def test_nothing_in_either_mask_has_no_dice() -> None:
    empty = np.zeros((3, 3, 3), bool)
    score = voxel_score(empty, empty, 1.0)
    assert (score.dice, score.false_positive_ml, score.false_negative_ml) == (None, 0, 0)


def test_dice_of_half_a_mask_is_two_thirds() -> None:
    truth = np.zeros((4, 4, 4), bool)
    truth[0, :2] = True
    half = truth.copy()
    half[0, 1] = False
    assert voxel_score(truth, half, 1.0).dice == pytest.approx(2 / 3)
