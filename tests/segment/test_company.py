"""What other spots say of a spot, on patients of a few spots drawn by hand."""

import numpy as np
import pytest

from oligocount.segment.company import COMPANY, company
from oligocount.segment.describe import ALONE


def spot(
    organ: str, over_level: float, *, left_mm: float = 0.0, front: float = 0.5, quiet: float = 4.0
) -> np.ndarray:
    row = np.zeros(len(ALONE), np.float32)
    told = {
        f"in_{organ}": 1.0, "top_over_level": np.log(over_level), "over_quiet": np.log(quiet),
        "leftness": left_mm / 100, "frontness": front,
    }  # fmt: skip
    for name, value in told.items():
        row[ALONE.index(name)] = value
    return row


def told(spots: list[np.ndarray], up_mm: list[float] | None = None) -> list[dict[str, float]]:
    found = company(np.array(spots), np.array(up_mm or [0.0] * len(spots)))
    return [dict(zip(COMPANY, row, strict=True)) for row in found.tolist()]


def test_the_hottest_of_its_organ_stands_out_among_its_like() -> None:
    first, second, third, other = told(
        [spot("liver", 4), spot("liver", 2), spot("liver", 1, quiet=8), spot("lung", 8)]
    )
    assert [one["like_rank"] for one in (first, second, third)] == pytest.approx([1, 2 / 3, 1 / 3])
    assert first["over_next_like"] == pytest.approx(np.log(2))
    assert second["over_next_like"] == pytest.approx(np.log(0.5))
    assert third["over_like"] == pytest.approx(np.log(0.5))
    assert third["over_like_quiet"] == pytest.approx(np.log(2))
    assert (first["like_count"], other["like_count"]) == pytest.approx((np.log(3), 0))
    assert (other["all_rank"], first["all_rank"]) == pytest.approx((1, 0.75))
    assert other["hot_count"] == pytest.approx(np.log(5))


def test_a_twin_lies_across_the_body_at_the_same_height() -> None:
    left = spot("none", 2, left_mm=60)
    twins = told([left, spot("none", 3, left_mm=-55)], [0, 10])
    assert twins[0]["twin"] == pytest.approx(2 / 3)
    assert twins[0]["over_twin"] == pytest.approx(np.log(1.5))
    for other, up in (
        (spot("none", 3, left_mm=-55), 40.0),
        (spot("none", 3, left_mm=-55, front=0.9), 0.0),
        (spot("none", 3, left_mm=55), 0.0),
    ):
        assert told([left, other], [0, up])[0]["twin"] == 0
    middle = told([spot("none", 2, left_mm=5), spot("none", 2, left_mm=-5)])
    assert middle[0]["twin"] == 0


def test_near_and_in_line_are_counted_without_the_spot_itself() -> None:
    found = told(
        [spot("spine", 1), spot("spine", 2), spot("lung", 4, left_mm=30), spot("spine", 1)],
        [0, 30, 20, 200],
    )
    assert found[0]["near_count"] == pytest.approx(np.log(3))
    assert found[0]["near_like_count"] == pytest.approx(np.log(2))
    assert found[0]["over_near"] == pytest.approx(np.log(4))
    assert found[0]["in_line_count"] == pytest.approx(np.log(3))
    assert found[3]["near_count"] == 0


def test_order_and_mirror_and_height_of_the_scan_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    spots = [
        spot(("lung", "spine", "none")[n % 3], rng.uniform(0.5, 5), left_mm=rng.uniform(-90, 90),
             front=rng.uniform(0, 1), quiet=rng.uniform(2, 9))
        for n in range(12)
    ]  # fmt: skip
    rows, up_mm = np.array(spots), rng.uniform(0, 300, 12)
    before = company(rows, up_mm)
    order = rng.permutation(12)
    np.testing.assert_allclose(company(rows[order], up_mm[order]), before[order], atol=1e-6)
    np.testing.assert_allclose(company(rows, up_mm + 777), before, atol=1e-4)
    mirrored = rows.copy()
    mirrored[:, ALONE.index("leftness")] *= -1
    np.testing.assert_allclose(company(mirrored, up_mm), before, atol=1e-6)


def test_a_patient_without_spots_and_one_with_a_single_one() -> None:
    assert company(np.zeros((0, len(ALONE)), np.float32), np.zeros(0)).shape == (0, len(COMPANY))
    assert np.isfinite(company(np.array([spot("liver", 2)]), np.zeros(1))).all()
