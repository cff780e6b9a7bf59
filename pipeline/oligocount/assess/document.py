"""An assessment as a plain document: the line of `oligocount decide --json`.

Its shape is configs/assessment.schema.json; patients come in by configs/patients.schema.json.
"""

from typing import Any

from oligocount.assess.assessment import assess
from oligocount.assess.patient import Patient
from oligocount.assess.patients_file import patients_from
from oligocount.decide import Library
from oligocount.domain.report import Assessment
from oligocount.settings import Settings

_SHORT = {"CN2025": "CN"}  # the worked-cases form calls the consensus so in its alternatives


def assess_document(
    document: Any, settings: Settings, library: Library | None = None
) -> tuple[dict[str, Any], ...]:
    """Patients as plain dictionaries in, assessments as plain dictionaries out.

    Raises InputError that names the case and the key.
    """
    return tuple(
        assessment_document(each, assess(each.findings, each.facts, settings, library))
        for each in patients_from(document)
    )


def assessment_document(patient: Patient, assessment: Assessment) -> dict[str, Any]:
    """The blocks of result.json that follow from findings and facts, and the id."""
    blocks = assessment.blocks()
    entries = blocks.pop("lesions")
    return {
        "id": patient.case_id,
        **blocks,
        "alternatives": {
            name: _with_short_names(change) for name, change in blocks["alternatives"].items()
        },
        "lesions": [{"id": number, **entry} for number, entry in entries.items()],
        "caveats": [{"code": each.code, "text": each.text} for each in assessment.caveats],
    }


def _with_short_names(change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    short = {_SHORT[name]: value for name, value in change.items() if name in _SHORT}
    return change | short
