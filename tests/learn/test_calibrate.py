"""Calibration: what was drawn from a known curve is found again."""

import numpy as np
import pytest

from oligocount.learn.calibrate import fit_calibration, logit, reliability


def logits(means) -> np.ndarray:
    return np.array([[logit(p)] for p in means])


def test_a_known_curve_of_two_features_is_found_again() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4000, 2))
    chance = 1 / (1 + np.exp(-(features @ [1.7, -0.5] - 0.8)))
    weights = fit_calibration(features, list(rng.random(4000) < chance))
    assert weights == pytest.approx([1.7, -0.5, -0.8], abs=0.12)


def test_separable_foci_give_a_finite_curve() -> None:
    weights = fit_calibration(logits([0.1, 0.2, 0.8, 0.9]), [False, False, True, True])
    assert np.isfinite(weights).all()
    assert weights[0] > 0


def test_reliability_counts_every_focus_once() -> None:
    rows = reliability([0.05, 0.1, 0.95, 1.0], [False, False, True, False])
    assert [row["n"] for row in rows] == [2, 2]
    assert rows[1]["observed"] == 0.5


def test_a_few_sure_mistakes_do_not_break_the_fit() -> None:
    """Most foci near 0 are none, some near 1 are none too: full Newton steps diverge here."""
    means = [1e-5] * 200 + [0.9999] * 54
    truth = [False] * 196 + [True] * 4 + [True] * 25 + [False] * 29
    slope, intercept = fit_calibration(logits(means), truth)
    assert 1 / (1 + np.exp(-(slope * logit(0.9999) + intercept))) == pytest.approx(
        25 / 54, abs=0.01
    )
    assert 0 < slope < 1
