"""The reader's version as a folder beside the machine's files, which stay as they are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from oligocount.domain.result import Result
from oligocount.domain.study import Role
from oligocount.errors import PublishError
from oligocount.publish.case_folder import write_case_folder
from oligocount.publish.dicom import kept_source_headers, read_source_headers
from oligocount.publish.masks import write_label_map
from oligocount.publish.version import (
    Headers,
    Version,
    make_version,
    utc_now,
    write_document,
    write_version,
)
from oligocount.recount.as_result import as_result
from oligocount.recount.case import Case
from oligocount.recount.images import CaseImages
from oligocount.recount.recount import ReaderVersion
from oligocount.settings import PublishSettings

# A slice of the grid is then no image of the PET, or lies otherwise than one.
_REGRIDDED = frozenset({"SLICES_INTERPOLATED", "SPACING_UNEVEN", "GANTRY_TILT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files of a reader's version, and what could not be made, each with its reason."""

    files: tuple[Path, ...]
    missing: tuple[str, ...]


def write_reader_version(
    out: Path,
    case: Case,
    version: ReaderVersion,
    images: CaseImages | None,
    settings: PublishSettings,
    *,
    clock: Callable[[], datetime] = utc_now,
) -> Written:
    """`out` holds the reader's version, whole; an earlier one there is replaced.

    Without `images` it is result.json, lesions.csv and lesions.nii.gz alone; with them also the
    report, the viewer, summary.json and the DICOM objects of the lesions. Raises PublishError
    when it cannot be written.
    """
    drawn = None
    missing = ["report or DICOM objects: the case kept no suv.nii.gz (name it: --pet or --input)"]
    if images is not None:
        drawn = _drawn(case, version, images, settings, clock())
        missing = list(_left_out(case, drawn, images))

    def fill(folder: Path) -> None:
        if drawn is not None:
            write_version(folder, drawn, pdf=settings.pdf)
        else:
            write_document(folder, version.document)
        write_label_map(folder / "lesions.nii.gz", version.labels)

    return Written(files=write_case_folder(out, fill), missing=tuple(missing))


def _left_out(case: Case, drawn: Version, images: CaseImages) -> Iterator[str]:
    series = case.document["inputs"]["series"]
    had_ct = any(each["chosen"] and each["role"] == Role.CT.value for each in series)
    if had_ct and images.shown.ct is None:
        yield "pictures over the CT: the case kept no ct.nii.gz (name the study: --input)"
    if drawn.why_no_dicom:
        yield drawn.why_no_dicom


def _drawn(
    case: Case,
    version: ReaderVersion,
    images: CaseImages,
    settings: PublishSettings,
    now: datetime,
) -> Version:
    result = as_result(case, version, images)

    def read_source(result: Result) -> Headers:
        if images.study is not None:
            return read_source_headers(result)
        codes = {each["code"] for each in case.document["caveats"]}
        if regridded := sorted(codes & _REGRIDDED):
            raise PublishError(
                f"the PET's images are not the grid's slices ({regridded[0]}); name the study that "
                "the case was made from (--input)"
            )
        return kept_source_headers(case.folder / "dicom", case.labels.geometry)

    return make_version(version.document, result, settings, now, read_source=read_source)
