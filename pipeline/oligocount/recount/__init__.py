"""A reader's edits on a finished case: counts and verdicts again, both versions kept."""

from oligocount.recount.case import Case, read_case
from oligocount.recount.difference import differences
from oligocount.recount.edits import Edits, read_edits
from oligocount.recount.images import (
    CaseImages,
    images_of_file,
    images_of_study,
    kept_images,
)
from oligocount.recount.recount import recount
from oligocount.recount.write import write_reader_version

__all__ = [
    "Case",
    "CaseImages",
    "Edits",
    "differences",
    "images_of_file",
    "images_of_study",
    "kept_images",
    "read_case",
    "read_edits",
    "recount",
    "write_reader_version",
]
