"""Files to values: the only stage that opens a user's files."""

from oligocount.intake.load import load
from oligocount.intake.masks import read_mask
from oligocount.intake.nifti import read_nifti_study
from oligocount.intake.scan import Survey, scan, survey
from oligocount.intake.told_tracer import tracer_from_facts

__all__ = [
    "Survey",
    "load",
    "read_mask",
    "read_nifti_study",
    "scan",
    "survey",
    "tracer_from_facts",
]
