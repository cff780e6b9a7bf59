"""Values to files: result.json, tables, masks, report, DICOM. Nothing half-written is left."""

from oligocount.publish.case import write

__all__ = ["write"]
