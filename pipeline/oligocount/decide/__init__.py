"""Counts and facts to verdicts under every definition, classes, flags and notes."""

from oligocount.decide.classes import classify
from oligocount.decide.definition import Definition
from oligocount.decide.engine import (
    decision_of,
    possible,
    possible_in_any,
    study_result_of,
)
from oligocount.decide.flags import clinical_flags, eligibility_flags
from oligocount.decide.library import Library, read_library
from oligocount.decide.statements import statement_notes
from oligocount.decide.verdict import judge

__all__ = [
    "Definition",
    "Library",
    "classify",
    "clinical_flags",
    "decision_of",
    "eligibility_flags",
    "judge",
    "possible",
    "possible_in_any",
    "read_library",
    "statement_notes",
    "study_result_of",
]
