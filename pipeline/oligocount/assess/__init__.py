"""Counting and definitions together: one call from findings to everything told of a patient."""

from oligocount.assess.assessment import assess
from oligocount.assess.facts_file import check_facts, fact_names, read_facts
from oligocount.assess.patient import Patient, facts_from
from oligocount.assess.patients_file import patients_from, read_patients

__all__ = [
    "Patient",
    "assess",
    "check_facts",
    "fact_names",
    "facts_from",
    "patients_from",
    "read_facts",
    "read_patients",
]
