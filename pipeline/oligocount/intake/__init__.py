"""Files to values: the only stage that opens a user's files."""

from oligocount.intake.load import load
from oligocount.intake.masks import read_mask, series_drawn_on
from oligocount.intake.nifti import read_nifti_study
from oligocount.intake.scan import Survey, scan, survey
from oligocount.intake.told_tracer import tracer_from_facts

__all__ = [
    "Survey",
    "load",
    "read_mask",
    "read_nifti_study",
    "scan",
    "series_drawn_on",
    "survey",
    "tracer_from_facts",
]
