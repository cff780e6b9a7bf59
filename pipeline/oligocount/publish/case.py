"""One case as a folder of files."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pydicom.dataset import Dataset

from oligocount.domain.result import Result
from oligocount.errors import PublishError
from oligocount.publish.case_folder import write_case_folder
from oligocount.publish.dicom import dicom_objects, write_objects
from oligocount.publish.fhir import summary_bundle
from oligocount.publish.masks import write_masks, write_suv
from oligocount.publish.pdf import write_pdf
from oligocount.publish.report import render_report
from oligocount.publish.result_json import result_document, to_json
from oligocount.publish.tables import lesions_csv
from oligocount.publish.viewer import render_viewer
from oligocount.settings import PublishSettings


def _now() -> datetime:
    return datetime.now(UTC)


def write(
    out: Path,
    result: Result,
    settings_yaml: str,
    settings: PublishSettings,
    *,
    clock: Callable[[], datetime] = _now,
) -> tuple[Path, ...]:
    """The case stands in the folder `out`, whole; returns the files written.

    A previous case there is replaced. Where no DICOM objects can be made the case is written
    without them, with the caveat NO_DICOM_OUT. Raises PublishError when `out` holds anything
    else or cannot be written, or where a PDF is asked for and no browser prints it; ConfigError
    for a report language that there is not. Then `out` is as it was.
    """
    now = clock()
    document = result_document(result)
    objects: dict[str, Dataset] = {}
    try:
        objects = dicom_objects(result, document, settings.dicom, now)
    except PublishError as error:
        document["caveats"].append({"code": "NO_DICOM_OUT", "text": f"No DICOM written: {error}."})
    report = render_report(document, result, settings)
    viewer = render_viewer(document, result, settings)

    def fill(folder: Path) -> None:
        (folder / "result.json").write_text(to_json(document), "utf-8")
        (folder / "summary.json").write_text(
            to_json(summary_bundle(document, result, now)), "utf-8"
        )
        (folder / "lesions.csv").write_text(lesions_csv(document["lesions"]), "utf-8")
        (folder / "settings.yaml").write_text(settings_yaml, "utf-8")
        (folder / "report.html").write_text(report, "utf-8")
        if viewer is not None:
            (folder / "viewer.html").write_text(viewer, "utf-8")
        if settings.pdf:
            write_pdf(folder / "report.html", folder / "report.pdf")
        write_masks(folder, result)
        if settings.keep_suv:
            write_suv(folder / "suv.nii.gz", result.images.suv)
        if objects:
            write_objects(folder / "dicom", objects)

    return write_case_folder(out, fill)
