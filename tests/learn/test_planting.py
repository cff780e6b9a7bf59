"""Planted lesions: where they may lie, how hot, and how uneven large ones are."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from oligocount.learn.planting import PlantSettings, plant_lesions

LARGE = PlantSettings(
    mean_count=1.0, radius_median_mm=32.0, radius_gsd=1.001, suv_median=8.0, suv_gsd=1.001,
    cold_core_share=0.0,
)  # fmt: skip


def planted(seed: int, settings: PlantSettings) -> tuple[np.ndarray, np.ndarray]:
    """SUV and lesion mask of an even body of SUV 1; lesions lie about its middle."""
    suv, ct = torch.ones(36, 36, 36), torch.zeros(36, 36, 36)
    allowed = torch.zeros(36, 36, 36, dtype=torch.bool)
    allowed[14:22, 14:22, 18:24] = True
    suv, _, lesions = plant_lesions(
        suv, ct, torch.zeros(36, 36, 36), allowed, spacing_mm=4.0,
        rng=np.random.default_rng(seed), settings=settings,
    )  # fmt: skip
    return suv.numpy(), lesions.numpy() > 0


def spread(settings: PlantSettings) -> list[float]:
    """How far the logarithm of uptake varies in the cores of planted lesions."""
    out = []
    for seed in range(12):
        suv, inside = planted(seed, settings)
        if inside.any():
            core = ndimage.binary_erosion(inside, iterations=3)
            out.append(float(np.log(suv[core]).std()))
    return out


def test_large_lesions_are_as_uneven_as_real_ones_and_no_two_alike() -> None:
    found = spread(LARGE)
    assert max(found) > 0.28
    assert np.ptp(found) > 0.1
    assert max(spread(replace(LARGE, unevenness=0.03))) < 0.08


def test_small_lesions_are_even() -> None:
    small = replace(LARGE, radius_median_mm=11.0)
    with_and_without = [
        [planted(seed, replace(small, unevenness=u))[0].max() for seed in range(6)]
        for u in (0.03, 0.9)
    ]
    np.testing.assert_allclose(*with_and_without)


@pytest.mark.parametrize("seed", range(3))
def test_what_does_not_stand_out_is_not_planted(seed: int) -> None:
    faint = replace(LARGE, suv_median=1.5, suv_range=(1.0, 2.0), min_contrast=2.0)
    suv, inside = planted(seed, faint)
    assert not inside.any()
    assert (suv == 1).all()
