"""One case as a folder of files."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from oligocount.domain.result import Result
from oligocount.publish.case_folder import write_case_folder
from oligocount.publish.masks import write_masks
from oligocount.publish.result_json import result_document
from oligocount.publish.version import make_version, utc_now, write_version
from oligocount.publish.volumes import write_ct, write_suv
from oligocount.settings import PublishSettings


def write(
    out: Path,
    result: Result,
    settings_yaml: str,
    settings: PublishSettings,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> tuple[Path, ...]:
    """The case stands in the folder `out`, whole; returns the files written.

    A previous case there is replaced. Where no DICOM objects can be made the case is written
    without them, with the caveat NO_DICOM_OUT. Raises PublishError when `out` holds anything
    else or cannot be written, or where a PDF is asked for and no browser prints it; ConfigError
    for a report language that there is not. Then `out` is as it was.
    """
    version = make_version(result_document(result), result, settings, clock())

    def fill(folder: Path) -> None:
        write_version(folder, version, pdf=settings.pdf)
        (folder / "settings.yaml").write_text(settings_yaml, "utf-8")
        write_masks(folder, result)
        if settings.keep_suv:
            write_suv(folder / "suv.nii.gz", result.images.suv)
        if settings.keep_ct and result.images.ct is not None:
            write_ct(folder / "ct.nii.gz", result.images.ct)

    return write_case_folder(out, fill)
