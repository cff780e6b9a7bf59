"""One version of a case, the machine's or a reader's: its document, pages and DICOM objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from oligocount.domain.result import Result
from oligocount.errors import PublishError
from oligocount.publish.dicom import dicom_objects, read_source_headers, write_objects
from oligocount.publish.fhir import summary_bundle
from oligocount.publish.pdf import write_pdf
from oligocount.publish.report import render_report
from oligocount.publish.result_json import to_json
from oligocount.publish.tables import lesions_csv
from oligocount.publish.viewer import render_viewer
from oligocount.settings import PublishSettings

_NO_DICOM = "NO_DICOM_OUT"

Headers = tuple[Dataset, ...]
ReadSource = Callable[[Result], Headers]


def utc_now() -> datetime:
    """The clock that stands in what is written."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What is to be written, all of it in memory."""

    document: dict[str, Any]
    summary: dict[str, Any]
    report: str
    viewer: str | None
    objects: Mapping[str, Dataset]

    @property
    def why_no_dicom(self) -> str | None:
        """The reason where no DICOM objects could be made."""
        caveats = self.document["caveats"]
        return next((each["text"] for each in caveats if each["code"] == _NO_DICOM), None)


def make_version(
    document: Mapping[str, Any],
    result: Result,
    settings: PublishSettings,
    now: datetime,
    *,
    read_source: ReadSource = read_source_headers,
) -> Version:
    """The version that the document tells, drawn from the result's images and maps.

    `read_source` gives the headers of the PET. Where no DICOM objects can be made, the document
    says so (NO_DICOM_OUT). Raises ConfigError for a report language that there is not.
    """
    said = [each for each in document["caveats"] if each["code"] != _NO_DICOM]
    objects: Mapping[str, Dataset] = {}
    try:
        objects = dicom_objects(result, document, settings.dicom, now, read_source=read_source)
    except PublishError as error:
        said.append({"code": _NO_DICOM, "text": f"No DICOM written: {error}."})
    document = {**document, "caveats": said}
    return Version(
        document=document,
        summary=summary_bundle(document, result, now),
        report=render_report(document, result, settings),
        viewer=render_viewer(document, result, settings),
        objects=objects,
    )


def write_document(folder: Path, document: Mapping[str, Any]) -> None:
    """result.json and its table of lesions stand in the folder."""
    (folder / "result.json").write_text(to_json(dict(document)), "utf-8")
    (folder / "lesions.csv").write_text(lesions_csv(document["lesions"]), "utf-8")


def write_version(folder: Path, version: Version, *, pdf: bool) -> None:
    """The version's files stand in the folder. Raises PublishError where no browser prints."""
    write_document(folder, version.document)
    (folder / "summary.json").write_text(to_json(version.summary), "utf-8")
    (folder / "report.html").write_text(version.report, "utf-8")
    if version.viewer is not None:
        (folder / "viewer.html").write_text(version.viewer, "utf-8")
    if pdf:
        write_pdf(folder / "report.html", folder / "report.pdf")
    if version.objects:
        write_objects(folder / "dicom", version.objects)
