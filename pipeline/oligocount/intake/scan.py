"""Headers of a whole dump, read in parallel, each file opened once, to a study."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Role, Study, Tracer
from oligocount.errors import InputError
from oligocount.intake.elements import BrokenDicom, NotDicom
from oligocount.intake.facts import read_tracer
from oligocount.intake.headers import Header, read_header, to_dataset
from oligocount.intake.select import Candidate, Selection, describe, select_series
from oligocount.intake.source import Sources, list_files
from oligocount.settings import IntakeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a dry run finds: the study as far as it goes, and why it is not ready (or None)."""

    study: Study
    problem: InputError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    headers: tuple[Header, ...]
    broken: tuple[tuple[Path, str], ...]
    n_foreign: int


def scan(
    input_path: Path,
    settings: IntakeSettings,
    *,
    pet_series: str | None = None,
    case_id: str | None = None,
) -> Study:
    """The study in a folder or archive, one PET chosen, each series with its reason.

    Raises InputError or one of its branches when there is no single usable PET.
    """
    found = survey(input_path, settings, pet_series=pet_series, case_id=case_id)
    if found.problem:
        raise found.problem
    return found.study


def survey(
    input_path: Path,
    settings: IntakeSettings,
    *,
    pet_series: str | None = None,
    case_id: str | None = None,
) -> Survey:
    """Like `scan`, but a study that is not ready is told, not raised.

    Raises InputError when nothing can be read or the files are of several patients.
    """
    found = _read_headers(list_files(input_path, settings.archive), settings)
    _refuse_nothing(found, input_path)
    _refuse_several_patients(found.headers, input_path)
    selection = select_series(found.headers, settings, pet_series=pet_series)
    pets = selection.chosen(Role.PET)
    study = Study(
        case_id=case_id or _pseudonym(pets[0].headers[0] if pets else found.headers[0]),
        series=tuple(describe(one) for one in selection.candidates),
        tracer=_tracer(pets[0]) if pets else None,
        caveats=_caveats(found, selection),
    )
    return Survey(study=study, problem=selection.problem)


def read_headers(files: tuple[Path, ...], settings: IntakeSettings) -> tuple[Header, ...]:
    """The headers of files that a scan has named.

    Raises InputError when one of them can no longer be read.
    """
    found = _read_headers(files, settings)
    for file, why in found.broken:
        raise InputError(f"{file}: {why}")
    return found.headers


def _read_headers(files: tuple[Path, ...], settings: IntakeSettings) -> _Found:
    with Sources() as sources, ThreadPoolExecutor(settings.workers) as pool:
        results = list(pool.map(lambda file: _read_one(file, sources), files))
    headers = tuple(one for one in results if isinstance(one, Header))
    broken = tuple(
        (file, str(one))
        for file, one in zip(files, results, strict=True)
        if isinstance(one, BrokenDicom | InputError)
    )
    return _Found(headers=headers, broken=broken, n_foreign=len(files) - len(headers) - len(broken))


def _read_one(file: Path, sources: Sources) -> Header | NotDicom | InputError:
    try:
        stream, size = sources.opened(file)
        with stream:
            return read_header(stream, file, size=size)
    except (NotDicom, InputError) as error:
        return error
    except OSError as error:
        return InputError(f"cannot be read: {error.strerror}")


def _refuse_nothing(found: _Found, input_path: Path) -> None:
    if found.headers:
        return
    n_files = len(found.broken) + found.n_foreign
    detail = ""
    if found.broken:
        file, why = found.broken[0]
        detail = f"; {file.name}: {why}"
    raise InputError(
        f"{input_path}: none of {n_files} file(s) is a readable DICOM file{detail};"
        " expected a PET/CT study"
    )


def _refuse_several_patients(headers: tuple[Header, ...], input_path: Path) -> None:
    patients = {one.patient_digest for one in headers if one.patient_digest}
    if len(patients) < 2:
        return
    studies = sorted({one.study_uid or "" for one in headers})
    shown = ", ".join(studies[:4]) + (", ..." if len(studies) > 4 else "")
    raise InputError(
        f"{input_path}: files of {len(patients)} patients in {len(studies)} studies ({shown});"
        " expected one patient a folder"
    )


def _pseudonym(header: Header) -> str:
    return hashlib.sha256((header.study_uid or header.series_uid).encode()).hexdigest()[:8]


def _tracer(pet: Candidate) -> Tracer | None:
    return read_tracer(tuple(to_dataset(one) for one in pet.headers))


def _caveats(found: _Found, selection: Selection) -> tuple[Caveat, ...]:
    caveats = []
    if found.broken:
        text = f"{len(found.broken)} DICOM file(s) are broken and left out"
        caveats.append(Caveat(code="BROKEN_FILES", text=text))
    for one in selection.candidates:
        if not one.chosen or one.stack is None:
            continue
        caveats += one.stack.caveats
        apart = [other for other in selection.candidates if other.uid == one.uid]
        n_apart = sum(len(other.headers) for other in apart) - len(one.headers)
        if n_apart:
            text = (
                f"{n_apart} frame(s) of the {one.role.value} series differ in kind and are left out"
            )
            caveats.append(Caveat(code="SERIES_SPLIT", text=text))
    return tuple(caveats)
