"""Tracer facts that a user states beside a NIfTI PET in Bq/ml, as a header would state them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from oligocount.domain.study import Tracer
from oligocount.errors import MissingTag

_NEEDED = ("radionuclide", "injected_dose_mbq", "minutes_from_injection", "patient_weight_kg")
_REFERENCE = datetime(2000, 1, 2, tzinfo=UTC)  # only the difference to the injection matters


def tracer_from_facts(told: Mapping[str, Any]) -> Tracer:
    """The tracer of a PET whose voxels are decay-corrected to `minutes_from_injection`.

    Raises MissingTag that names every fact that SUV needs and nobody stated.
    """
    missing = [name for name in _NEEDED if told.get(name) is None]
    if missing:
        raise MissingTag(
            f"PET in Bq/ml without {', '.join(missing)}: expected under `tracer:` in the "
            "clinical facts"
        )
    return Tracer(
        units="BQML",
        decay_correction="START",
        radionuclide=told["radionuclide"],
        radiopharmaceutical=told.get("radiopharmaceutical"),
        injected_dose_bq=told["injected_dose_mbq"] * 1e6,
        half_life_s=told.get("half_life_s"),
        injection=_REFERENCE - timedelta(minutes=told["minutes_from_injection"]),
        decay_reference=_REFERENCE,
        patient_weight_kg=told["patient_weight_kg"],
        patient_size_m=told.get("patient_height_m"),
        patient_sex=told.get("patient_sex"),
    )
