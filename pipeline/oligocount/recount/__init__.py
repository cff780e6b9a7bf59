"""A reader's edits on a finished case: counts and verdicts again, both versions kept."""

from oligocount.recount.case import Case, kept_suv, read_case
from oligocount.recount.difference import differences
from oligocount.recount.edits import Edits, read_edits
from oligocount.recount.recount import recount
from oligocount.recount.write import write_reader_version

__all__ = [
    "Case",
    "Edits",
    "differences",
    "kept_suv",
    "read_case",
    "read_edits",
    "recount",
    "write_reader_version",
]
