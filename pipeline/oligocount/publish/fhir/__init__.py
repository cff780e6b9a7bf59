"""The result as FHIR R5, for systems that read no DICOM."""

from oligocount.publish.fhir.bundle import summary_bundle

__all__ = ["summary_bundle"]
