"""One case as a folder of files."""

from pathlib import Path

from oligocount.domain.result import Result
from oligocount.publish.case_folder import write_case_folder
from oligocount.publish.masks import write_masks
from oligocount.publish.report import render_report
from oligocount.publish.result_json import result_document, to_json
from oligocount.publish.tables import lesions_csv
from oligocount.settings import PublishSettings


def write(
    out: Path, result: Result, settings_yaml: str, settings: PublishSettings
) -> tuple[Path, ...]:
    """The case stands in the folder `out`, whole; returns the files written.

    A previous case there is replaced. Raises PublishError when `out` holds anything else or
    cannot be written, ConfigError for a report language that there is not; then `out` is as it
    was.
    """
    document = result_document(result)
    report = render_report(document, result, settings)

    def fill(folder: Path) -> None:
        (folder / "result.json").write_text(to_json(document), "utf-8")
        (folder / "lesions.csv").write_text(lesions_csv(document["lesions"]), "utf-8")
        (folder / "settings.yaml").write_text(settings_yaml, "utf-8")
        (folder / "report.html").write_text(report, "utf-8")
        write_masks(folder, result)

    return write_case_folder(out, fill)
