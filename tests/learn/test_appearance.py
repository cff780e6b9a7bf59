"""The appearance of an image drawn anew: what is dense is so by another factor."""

import numpy as np
import torch

from oligocount.learn.appearance import AppearanceSettings, vary_ct

PLAIN = AppearanceSettings(organ_shift_sd_hu=0.0, ct_noise_max_hu=0.0, blur_max_voxels=0.0)
SOFT, BONE = (-100.0, 0.0, 40.0), 310.0


def varied(settings: AppearanceSettings, seed: int) -> tuple[np.ndarray, float]:
    """Soft tissues, and the factor of what bone has above 60 HU, the scanner's scale taken off."""
    ct = torch.tensor([*SOFT, BONE]).reshape(1, 1, 4)
    out = vary_ct(ct, torch.ones(1, 1, 4, dtype=torch.uint8), np.random.default_rng(seed), settings)
    *soft, bone = out.flatten().double().tolist()
    scale, shift = np.polyfit(SOFT, soft, 1)
    return np.array(soft) - (scale * np.array(SOFT) + shift), ((bone - shift) / scale - 60) / 250


def test_bone_is_as_dense_as_the_factors_say_and_soft_tissue_as_before() -> None:
    plain = AppearanceSettings(
        organ_shift_sd_hu=0.0, ct_noise_max_hu=0.0, blur_max_voxels=0.0, dense_gain_sd=0.0,
        dense_gain=(0.5, 0.8),
    )  # fmt: skip
    found = [varied(plain, seed) for seed in range(40)]
    assert max(np.abs(off).max() for off, _ in found) < 1e-3
    factors = [factor for _, factor in found]
    assert 0.5 <= min(factors) < 0.55
    assert 0.75 < max(factors) <= 0.8


def test_real_ribs_lie_within_what_is_drawn() -> None:
    """Medians of 104 and 195 HU; the simulator's are 240 to 340."""
    factors = np.array([varied(PLAIN, seed)[1] for seed in range(200)])
    assert factors.min() < (104 - 60) / (240 - 60)
    assert np.quantile(factors, 0.4) < (195 - 60) / (240 - 60) < 1 < factors.max()
