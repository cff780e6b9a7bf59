"""Body sizes against published worked values."""

import pytest

from oligocount.errors import QuantificationError
from oligocount.quantify.body import SuvType, body_size_kg


@pytest.mark.parametrize(
    ("kind", "sex", "expected"),
    [
        # 70 kg, 175 cm, by hand: (70/175)^2 = 0.16; BMI = 22.857
        (SuvType.BW, "M", 70.0),
        (SuvType.LBM, "M", 77 - 120 * 0.16),
        (SuvType.LBMJAMES128, "M", 77 - 128 * 0.16),
        (SuvType.LBMJAMES128, "F", 74.9 - 148 * 0.16),
        (SuvType.LBMJAMES128, "O", (77 - 128 * 0.16 + 74.9 - 148 * 0.16) / 2),
        (SuvType.LBMJANMA, "M", 648900 / (6680 + 216 * 22.857)),
        (SuvType.LBMJANMA, "F", 648900 / (8780 + 244 * 22.857)),
        (SuvType.IBW, "M", 48 + 1.06 * 23),
        (SuvType.IBW, "F", 45.5 + 0.91 * 23),
        (SuvType.BSA, "F", 1.848),  # Du Bois, published tables: 1.85 m2
    ],
)
def test_sizes_equal_their_published_formula(kind: SuvType, sex: str, expected: float) -> None:
    found = body_size_kg(kind, weight_kg=70, height_cm=175, sex=sex)
    assert found == pytest.approx(expected, rel=1e-3)


def test_a_formula_beyond_its_range_is_refused() -> None:
    """James turns negative for the very obese: 250 kg at 150 cm."""
    with pytest.raises(QuantificationError, match="no positive size"):
        body_size_kg(SuvType.LBMJAMES128, weight_kg=250, height_cm=150, sex="F")
