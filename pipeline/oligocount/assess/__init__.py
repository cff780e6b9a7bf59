"""Counting and definitions together: one call from findings to everything told of a patient."""

from oligocount.assess.assessment import assess
from oligocount.assess.count_interval import count_interval
from oligocount.assess.document import assess_document, assessment_document
from oligocount.assess.facts_file import check_facts, fact_names, read_facts, read_tracer_facts
from oligocount.assess.patient import Patient, facts_from
from oligocount.assess.patients_file import patients_from, read_patients
from oligocount.assess.remote import ask_engine

__all__ = [
    "Patient",
    "ask_engine",
    "assess",
    "assess_document",
    "assessment_document",
    "check_facts",
    "count_interval",
    "fact_names",
    "facts_from",
    "patients_from",
    "read_facts",
    "read_patients",
    "read_tracer_facts",
]
