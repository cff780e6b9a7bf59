"""The result as DICOM objects beside the PET they came from: SEG, SR, RTSTRUCT."""

from oligocount.publish.dicom.kept import kept_source_headers
from oligocount.publish.dicom.objects import dicom_objects, write_objects
from oligocount.publish.dicom.source import read_source_headers

__all__ = ["dicom_objects", "kept_source_headers", "read_source_headers", "write_objects"]
