"""The result as DICOM objects beside the PET they came from: SEG, SR, RTSTRUCT."""

from oligocount.publish.dicom.objects import dicom_objects, write_objects

__all__ = ["dicom_objects", "write_objects"]
