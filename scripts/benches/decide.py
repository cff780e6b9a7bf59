"""Patients a second on one core: counting and every definition, then the whole assessment.

Patients are drawn from a fixed seed: up to eight lesions over organs and stations, a tenth of
them equivocal. Time is processor time of this process, so that a busy machine does not matter.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from oligocount import count, decide
from oligocount.assess import Patient, assess, patients_from
from oligocount.config import load_settings

_ORGANS = ("lung", "liver", "bone", "adrenal", "brain", "soft_tissue")
_STATIONS = ("104L", "104R", "16a2", "axillary_L")


def main() -> None:
    """Print one line a measurement."""
    settings = load_settings()
    library = decide.read_library(settings.decide.protocols)
    patients = draw_patients(1000, random.Random(20260101))  # noqa: S311 - no secret
    definitions = (*library.definitions, *library.studies)

    def decide_one(patient: Patient) -> None:
        readings = count.read_findings(patient.findings, patient.facts, settings.count)
        scenarios = count.count(readings, patient.facts, settings.count)
        late = count.is_metachronous(patient.facts, settings.count)
        for each in definitions:
            bits = decide.possible_in_any(each, scenarios.all, patient.facts)
            if each.is_study:
                decide.study_result_of(bits)
            else:
                decide.judge(each, bits, scenarios, patient.facts)
        decide.classify(scenarios.base, patient.facts, is_metachronous=late)

    print(f"patients {len(patients)}, definitions {len(definitions)}")
    rate = patients_per_second(patients, decide_one)
    print(f"count, {len(definitions)} definitions, class   {rate:7.0f} patients/s")
    rate = patients_per_second(
        patients, lambda each: assess(each.findings, each.facts, settings, library)
    )
    print(f"whole assessment                      {rate:7.0f} patients/s")


def draw_patients(number: int, rng: random.Random) -> tuple[Patient, ...]:
    """Synthetic patients of the worked-cases form."""
    return patients_from({"cases": [_case(index, rng) for index in range(number)]})


def patients_per_second(patients: Sequence[Patient], work: Callable[[Patient], Any]) -> float:
    """The best of three rounds."""
    rounds = []
    for _ in range(3):
        begun = time.process_time()
        for each in patients:
            work(each)
        rounds.append(time.process_time() - begun)
    return len(patients) / min(rounds)


def _case(index: int, rng: random.Random) -> dict[str, Any]:
    context = {
        "months": rng.choice((0, 3, 6, 14)),
        "primary_status": rng.choice(("untreated", "resected")),
        "prior_poly": rng.random() < 0.1,
        "prior_oligo": False,
        "on_therapy": rng.random() < 0.3,
    }
    return {
        "id": index,
        "histology": rng.choice(("SCC", "SCC", "AC")),
        "primary": {"location": rng.choice(("upper", "middle", "lower", "EGJ_II"))},
        "context": context,
        "lesions": [_lesion(rng) for _ in range(rng.randint(1, 8))],
    }


def _lesion(rng: random.Random) -> dict[str, Any]:
    status = "equivocal" if rng.random() < 0.1 else "malignant"
    common = {"st": status, "d": round(rng.uniform(6, 60))}
    if rng.random() < 0.4:
        if rng.random() < 0.5:
            return {"site": "node", "station": "7", "cls": "reg", **common}
        return {"site": "node", "station": rng.choice(_STATIONS), "cls": "non", **common}
    side = rng.choice("LR")
    return {
        "site": rng.choice(_ORGANS),
        "side": side,
        "lobe": {"L": "left", "R": "right"}[side],
        **common,
    }


if __name__ == "__main__":
    main()
