"""The scanner blurs, adds noise and moves the diaphragm, and keeps what it must keep."""

from dataclasses import replace

import numpy as np
import pytest

from oligocount.simulate.scanner import (
    Scanner,
    blur,
    breathe,
    breathe_labels,
    ct_image,
    draw_scanner,
    pet_image,
)

STILL = Scanner(
    pet_noise_inside=0.0,
    pet_end_noise=0.0,
    pet_fwhm_mm=6.0, pet_noise=0.0, pet_grain_mm=6.0, ct_fwhm_mm=2.0, ct_noise_hu=0.0,
    breath_shift_mm=0.0, breath_blur_mm=0.0,
)  # fmt: skip


def point() -> np.ndarray:
    array = np.zeros((31, 31, 31), np.float32)
    array[15, 15, 15] = 1000.0
    return array


def test_blur_has_the_width_it_was_asked_for_and_keeps_the_sum() -> None:
    blurred = blur(point(), 6.0, 1.0)
    profile = blurred.sum(axis=(0, 1))
    deviation = np.sqrt((profile * (np.arange(31) - 15) ** 2).sum() / profile.sum())
    assert deviation * 2.355 == pytest.approx(6, rel=0.03)
    assert blurred.sum() == pytest.approx(1000, rel=0.01)


def test_pet_without_noise_is_the_blurred_activity() -> None:
    rng = np.random.default_rng(1)
    assert np.allclose(pet_image(point(), STILL, 1.0, rng), blur(point(), 6.0, 1.0), atol=1e-4)


def test_pet_noise_grows_with_its_level() -> None:
    activity = np.ones((24, 24, 24), np.float32)
    spread = [
        pet_image(activity, replace(STILL, pet_noise=level), 4.0, np.random.default_rng(2)).std()
        for level in (0.05, 0.2)
    ]
    assert spread[1] == pytest.approx(4 * spread[0], rel=0.1)
    assert spread[0] == pytest.approx(0.05, rel=0.3)


def test_ct_stays_within_the_hounsfield_range() -> None:
    density = np.array([-5000.0, 0.0, 9000.0], np.float32).repeat(9).reshape(3, 3, 3)
    image = ct_image(density, STILL, 1.0, np.random.default_rng(0))
    assert image.min() >= -1024
    assert image.max() <= 3071


def test_breathing_moves_slices_near_the_dome_only() -> None:
    ramp = np.arange(101, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    moved = breathe(ramp, 50.0, replace(STILL, breath_shift_mm=12.0), 4.0)
    assert moved[50, 0, 0] == pytest.approx(53.0, abs=0.01)
    assert moved[0, 0, 0] == pytest.approx(0.0, abs=0.01)
    assert moved[100, 0, 0] == pytest.approx(100.0, abs=0.01)


def test_labels_breathe_with_the_activity_and_keep_their_numbers() -> None:
    labels = np.zeros((101, 2, 2), np.uint8)
    labels[53] = 7
    moved = breathe_labels(labels, 50.0, replace(STILL, breath_shift_mm=12.0), 4.0)
    assert set(np.unique(moved)) == {0, 7}
    assert moved[50, 0, 0] == 7


def test_scanners_differ_within_stated_bounds() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_scanner(rng) for _ in range(200)]
    widths = [one.pet_fwhm_mm for one in drawn]
    assert 4.0 <= min(widths) < 4.6
    assert 7.8 < max(widths) <= 8.5
