"""The linear-quadratic formula against numbers that every department knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligocount.decide.dose import bed_gy, bed_of_eqd2_gy, eqd2_gy
from oligocount.errors import ConfigError


@pytest.mark.parametrize(
    ("total", "fractions", "bed", "eqd2"),
    [
        (60.0, 30, 72.0, 60.0),
        (50.0, 25, 60.0, 50.0),
        (50.4, 28, 59.472, 49.56),
        (50.0, 5, 100.0, 250 / 3),
        (54.0, 3, 151.2, 126.0),
        (30.0, 10, 39.0, 32.5),
        (41.2, 5, 75.1488, 62.624),
    ],
)
def test_doses_at_alpha_beta_10(total, fractions, bed, eqd2) -> None:
    assert bed_gy(total, fractions, alpha_beta_gy=10.0) == pytest.approx(bed)
    assert eqd2_gy(total, fractions, alpha_beta_gy=10.0) == pytest.approx(eqd2)


def test_late_tissue_feels_large_fractions_more() -> None:
    assert eqd2_gy(50.0, 5, alpha_beta_gy=3.0) == pytest.approx(130.0)


@given(st.floats(1, 100), st.floats(1, 20))
def test_a_dose_in_2_gy_fractions_is_its_own_eqd2(eqd2, ratio) -> None:
    bed = bed_of_eqd2_gy(eqd2, alpha_beta_gy=ratio)
    assert bed / (1 + 2 / ratio) == pytest.approx(eqd2)


@pytest.mark.parametrize(
    ("total", "fractions", "ratio"), [(0, 5, 10), (50, 0, 10), (50, 5, 0), (-1, 5, 10)]
)
def test_a_dose_that_cannot_be_is_refused(total, fractions, ratio) -> None:
    with pytest.raises(ConfigError, match=f"dose {total} Gy in {fractions} fractions"):
        bed_gy(total, fractions, alpha_beta_gy=ratio)
