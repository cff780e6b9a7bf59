"""What SUV can be divided by: lean body mass, ideal body weight, body surface area.

`suv = activity / dose x size`, where size is one of these instead of body weight. Formulas as
DICOM names them, PS3.3 C.8.9.1 SUV Type (0054,1006); weight in kg, height in cm. Sex O, on
which no source has a rule, takes the mean of both sexes (Vacha et al., SUV manual).
"""

from collections.abc import Callable
from enum import Enum

from oligocount.errors import QuantificationError


class SuvType(Enum):
    """SUV Type (0054,1006); BW also where it is absent."""

    BW = "SUVbw"
    LBM = "SUVlbm (Morgan, 120)"
    LBMJAMES128 = "SUVlbm (James, 128)"
    LBMJANMA = "SUVlbm (Janmahasatian)"
    IBW = "SUVibw"
    BSA = "SUVbsa"


def body_size_kg(kind: SuvType, *, weight_kg: float, height_cm: float, sex: str) -> float:
    """The mass that `kind` puts in the place of body weight; for BSA its area in m2.

    `sex` is M, F or O. Raises QuantificationError where a formula gives no positive size.
    """
    sexes = sex if sex in ("M", "F") else "MF"
    sizes = [_FORMULAS[kind](weight_kg, height_cm, each == "M") for each in sexes]
    size = sum(sizes) / len(sizes)
    if size <= 0:
        raise QuantificationError(
            f"{kind.value}: no positive size at {weight_kg} kg and {height_cm} cm"
        )
    return size


def _morgan(weight: float, height: float, is_male: object) -> float:
    ratio = (weight / height) ** 2
    return 1.10 * weight - 120 * ratio if is_male else 1.07 * weight - 148 * ratio


def _james(weight: float, height: float, is_male: object) -> float:
    ratio = (weight / height) ** 2  # James & Waterlow 1976, as given by Sugawara 1999
    return 1.10 * weight - 128 * ratio if is_male else 1.07 * weight - 148 * ratio


def _janmahasatian(weight: float, height: float, is_male: object) -> float:
    bmi = weight / (height / 100) ** 2  # Clin Pharmacokinet 2005;44:1051
    return 9270 * weight / (6680 + 216 * bmi if is_male else 8780 + 244 * bmi)


def _ideal(_weight: float, height: float, is_male: object) -> float:
    return 48.0 + 1.06 * (height - 152) if is_male else 45.5 + 0.91 * (height - 152)


def _du_bois(weight: float, height: float, _is_male: object) -> float:
    area: float = 0.007184 * height**0.725 * weight**0.425  # Du Bois 1916
    return area


_FORMULAS: dict[SuvType, Callable[[float, float, object], float]] = {
    SuvType.BW: lambda weight, _height, _is_male: weight,
    SuvType.LBM: _morgan,
    SuvType.LBMJAMES128: _james,
    SuvType.LBMJANMA: _janmahasatian,
    SuvType.IBW: _ideal,
    SuvType.BSA: _du_bois,
}
