"""A dump of many patients in one folder: its files, grouped by study."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import islice
from pathlib import Path

from oligocount.cohort.manifest import Cohort, CohortCase
from oligocount.errors import InputError
from oligocount.intake.elements import NotDicom
from oligocount.intake.headers import quiet, read_header
from oligocount.intake.source import list_files
from oligocount.settings import IntakeSettings

_AT_A_TIME = 4096


def read_dump(place: Path, settings: IntakeSettings) -> Cohort:
    """Each study below `place` is a case, by (0020,000D) Study Instance UID.

    A case is named by a digest of that UID. DICOM files that are broken are told as refused; what
    is no DICOM file is passed over. Raises InputError when no study is found.
    """
    studies: dict[str, list[Path]] = {}
    broken: dict[str, str] = {}
    for file, study in _read(list_files(place, settings.archive), settings.workers):
        if isinstance(study, str):
            studies.setdefault(study, []).append(file)
        elif type(study) is not NotDicom:  # a broken file is more than no DICOM file
            broken[str(file.relative_to(place))] = str(study)
    if not studies:
        raise InputError(f"{place}: holds no DICOM study")
    cases = (
        CohortCase(case_id=name, input=place, files=tuple(files))
        for name, files in sorted(studies.items())
    )
    return Cohort(cases=tuple(cases), refused=broken)


def _read(
    files: tuple[Path, ...], workers: int
) -> Iterator[tuple[Path, str | NotDicom | InputError]]:
    remaining = iter(files)
    with quiet(), ThreadPoolExecutor(workers) as pool:
        while some := list(islice(remaining, _AT_A_TIME)):
            yield from zip(some, pool.map(_study_of, some), strict=True)


def _study_of(file: Path) -> str | NotDicom | InputError:
    try:
        with file.open("rb") as stream:
            header = read_header(stream, file, size=file.stat().st_size)
    except (NotDicom, InputError) as error:
        return error
    except OSError as error:
        return InputError(f"cannot be read: {error.strerror}")
    if header.study_uid is None:
        return InputError("has no (0020,000D) Study Instance UID")
    return f"study-{sha256(header.study_uid.encode()).hexdigest()[:12]}"
