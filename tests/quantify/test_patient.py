"""Dose, half-life, weight, height and drug: magnitudes, and what is refused."""

from collections.abc import Callable

import pytest

from oligocount.errors import MissingTag, OligocountError, QuantificationError
from oligocount.quantify.patient import check_drug, dose_bq, half_life_s, size_cm, weight_kg
from oligocount.settings_quantify import QuantifySettings
from quantify.builders import a_tracer

TRUTH_TABLE = [
    # read      stated in the header              -> value     doubt or refusal
    (dose_bq, {"injected_dose_bq": 320e6}, 320e6, None),
    (dose_bq, {"injected_dose_bq": 320.0}, 320e6, "DOSE_IN_MBQ"),
    (dose_bq, {"injected_dose_bq": 1.2e7}, 1.2e7, "DOSE_UNUSUAL"),
    (dose_bq, {"injected_dose_bq": 9e9}, 9e9, "DOSE_UNUSUAL"),
    (dose_bq, {"injected_dose_bq": 10.0}, QuantificationError, "neither Bq nor MBq"),
    (dose_bq, {"injected_dose_bq": 370000.0}, QuantificationError, "neither Bq nor MBq"),
    (dose_bq, {"injected_dose_bq": 0.0}, MissingTag, "0018,1074"),
    (dose_bq, {"injected_dose_bq": -5.0}, MissingTag, "0018,1074"),
    (dose_bq, {"injected_dose_bq": None}, MissingTag, "0018,1074"),
    (weight_kg, {"patient_weight_kg": 80.0}, 80.0, None),
    (weight_kg, {"patient_weight_kg": 80000.0}, 80.0, "WEIGHT_IN_GRAMS"),
    (weight_kg, {"patient_weight_kg": 0.0}, MissingTag, "0010,1030"),
    (weight_kg, {"patient_weight_kg": None}, MissingTag, "0010,1030"),
    (weight_kg, {"patient_weight_kg": 1.75}, QuantificationError, "no body weight"),
    (weight_kg, {"patient_weight_kg": 800.0}, QuantificationError, "no body weight"),
    (size_cm, {"patient_size_m": 1.78}, 178.0, None),
    (size_cm, {"patient_size_m": 178.0}, 178.0, "HEIGHT_IN_CM"),
    (size_cm, {"patient_size_m": 17.8}, QuantificationError, "no body height"),
    (size_cm, {"patient_size_m": 0.0}, MissingTag, "0010,1020"),
    (half_life_s, {"half_life_s": 6588.0}, 6588.0, None),
    (half_life_s, {"half_life_s": None}, 6586.2, "HALF_LIFE_OF_NUCLIDE"),
    (half_life_s, {"half_life_s": 109.8}, QuantificationError, "does not fit F-18"),
    (half_life_s, {"half_life_s": 4057.7}, QuantificationError, "does not fit F-18"),
    (half_life_s, {"half_life_s": None, "radionuclide": None}, MissingTag, "0018,1075"),
    (half_life_s, {"half_life_s": 4057.7, "radionuclide": None}, 4057.7, None),
]


@pytest.mark.parametrize(("read", "stated", "expected", "told"), TRUTH_TABLE)
def test_numbers_are_read_by_magnitude_or_refused(
    read: Callable, stated: dict, expected: object, told: str | None, quantify: QuantifySettings
) -> None:
    arguments = (a_tracer(**stated), quantify.magnitude)
    if isinstance(expected, type) and issubclass(expected, OligocountError):
        with pytest.raises(expected, match=told):
            read(*arguments)
        return
    step = read(*arguments)
    assert step.value == pytest.approx(expected)
    assert [one.code for one in step.caveats] == ([told] if told else [])


@pytest.mark.parametrize(
    "name",
    ["FDG", "FDG -- fluorodeoxyglucose", "Fluorodeoxyglucose F^18^", "18F-FDG", "[18F]FDG",
     "18FFDG", "fludeoxyglucose (18F)", "F-18 fdg", "FDG_F18", "FluorodeoxyglucoseF18",
     "2-deoxy-2-[F-18]fluoro-D-glucose", "Fluor-Desoxyglucose"],
)  # fmt: skip
def test_every_spelling_of_fdg_passes(name: str, quantify: QuantifySettings) -> None:
    allowed = quantify.allowed_radiopharmaceuticals
    assert check_drug(a_tracer(radiopharmaceutical=name), allowed) == ()


@pytest.mark.parametrize(
    ("name", "nuclide"),
    [("Ga68-PSMA", "Ga-68"), ("FDGal", "F-18"), ("F-DOPA", "F-18"), ("FDG", "C-11"),
     ("18F-FLT", "F-18"), ("Fluorodeoxygalactose", "F-18"), ("PSMA-1007", "F-18"),
     ("Solution", "F-18"), (None, "Ga-68")],
)  # fmt: skip
def test_another_tracer_is_refused_unless_asked_for(
    name: str | None, nuclide: str, quantify: QuantifySettings
) -> None:
    tracer = a_tracer(radiopharmaceutical=name, radionuclide=nuclide)
    with pytest.raises(QuantificationError, match="allowed_radiopharmaceuticals"):
        check_drug(tracer, quantify.allowed_radiopharmaceuticals)
    assert check_drug(tracer, ("*",)) == ()


def test_a_tracer_without_a_name_is_a_doubt(quantify: QuantifySettings) -> None:
    tracer = a_tracer(radiopharmaceutical=None, radionuclide=None)
    (doubt,) = check_drug(tracer, quantify.allowed_radiopharmaceuticals)
    assert doubt.code == "TRACER_NOT_NAMED"
