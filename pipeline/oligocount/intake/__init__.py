"""Files to values: the only stage that opens a user's files."""

from oligocount.intake.load import load
from oligocount.intake.scan import Survey, scan, survey

__all__ = ["Survey", "load", "scan", "survey"]
