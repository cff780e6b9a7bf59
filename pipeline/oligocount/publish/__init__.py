"""Values to files: result.json, tables, masks, report, DICOM. Nothing half-written is left."""

from oligocount.publish.case import write
from oligocount.publish.case_folder import check_out
from oligocount.publish.pdf import find_browser

__all__ = ["check_out", "find_browser", "write"]
