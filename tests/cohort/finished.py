"""A cohort folder as a batch leaves it, built without running anything."""

import json
from pathlib import Path
from typing import Any

from oligocount.cohort.ledger import Digests, Ledger, Outcome, State
from oligocount.cohort.manifest import CohortCase
from oligocount.cohort.plan import case_folder

DIGESTS = Digests(input="i", settings="s", models="m")


def result(case_id: str, **verdicts: str) -> dict[str, Any]:
    """Two liver lesions, one of them decisive, and a benign node; verdicts as told."""
    liver = {
        "kind": "organ", "status": "malignant", "organ": "liver", "organ_system": "liver",
        "counted": True, "counted_as": "liver", "volume_ml": 3.0, "suv_max": 8.0, "mtv_ml": 3.0,
        "tlg": 15.0, "centroid_lps_mm": [-60.0, 1.0, 2.0],
    }  # fmt: skip
    node = {
        "id": 3, "kind": "node", "status": "benign", "organ": "lymph_node", "counted": False,
        "station": {"ajcc8": "7", "jes": "107", "iaslc": "7"}, "suv_max": 2.0,
    }  # fmt: skip
    return {
        "case_id": case_id,
        "status": "needs_review",
        "inputs": {
            "series": [{"uid": f"1.2.{case_id}", "role": "pet", "chosen": True}],
            "suv": {"route": "BQML/START"},
        },
        "clinical": {"histology": "SCC"},
        "lesions": [{"id": 1, **liver}, {"id": 2, **liver, "suv_max": 11.0}, node],
        "counts": {"V": 2, "S": 0, "R": 0, "N": 2, "O": 1, "M": 2, "N_low": 1, "N_high": 2},
        "verdicts": {
            name: {"decision": decision, "best": "OLIGO", "worst": decision, "reason": "because"}
            for name, decision in verdicts.items()
        },
        "studies": {"ESO13": "PASS"},
        "estro_eortc": {"class": 1, "name": "de_novo_synchronous"},
        "decision_critical_lesions": [2],
        "flags": [],
        "caveats": [{"code": "NO_CT", "text": "no CT"}],
    }


def finish(out: Path, *results: dict[str, Any], failed: str | None = None) -> Path:
    """`out` with these cases done, one failed on request, and one refused row."""
    out.mkdir(exist_ok=True)
    names = [one["case_id"] for one in results] + ([failed] if failed else [])
    cases = [
        CohortCase(case_id=name, input=Path("/in", name), given={"centre": "north"})
        for name in names
    ]
    with Ledger.open(out) as ledger:
        ledger.list_cases(cases, {"cohort.csv row 9": "input is empty"})
        for name in names:
            state = State.FAILED if name == failed else State.DONE
            known = (
                {"error_class": "InputError", "error": "no PET </script>"} if failed == name else {}
            )
            attempt = ledger.begin(name, DIGESTS)
            outcome = Outcome(
                state=state, seconds=2.0, peak_mib=500.0,
                stage_seconds={"intake": 0.5, "lesions": 1.5},
                stage_peak_mib={"intake": 400.0, "lesions": 500.0}, **known,
            )  # fmt: skip
            ledger.end(name, attempt, outcome)
    for one in results:
        folder = case_folder(out, one["case_id"])
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps(one))
    return out
