"""Headers of a whole dump, read in parallel, each file opened once, to a study."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from oligocount.domain.study import Role, Study, Tracer
from oligocount.errors import InputError
from oligocount.intake.classes import VALUE_MAPPING
from oligocount.intake.directory import NAME as DICOMDIR
from oligocount.intake.doubts import Found, study_caveats
from oligocount.intake.elements import BrokenDicom, NotDicom
from oligocount.intake.facts import read_tracer
from oligocount.intake.frames import expand_frames, to_plain_dataset
from oligocount.intake.headers import Header, quiet, read_header
from oligocount.intake.patients import is_of_patient, refuse_shared_series
from oligocount.intake.select import (
    Candidate,
    StackKey,
    chosen_stacks,
    describe,
    select_series,
)
from oligocount.intake.slices import Stack
from oligocount.intake.source import BROKEN_ARCHIVE, Sources, list_files
from oligocount.settings import IntakeSettings

_RUN = 32  # files that a worker takes at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedStudy(Study):
    """A study that knows how the slices it takes are stacked: `load` reads no header again."""

    stacks: Mapping[StackKey, Stack] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a dry run finds: the study as far as it goes, and why it is not ready (or None)."""

    study: Study
    problem: InputError | None


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

    Raises InputError when nothing can be read or one series mixes patients.
    """
    found = _read_headers(list_files(input_path, settings.archive), settings)
    _refuse_nothing(found, input_path)
    refuse_shared_series(found.headers)
    selection = select_series(found.headers, settings, pet_series=pet_series)
    pets = selection.chosen(Role.PET)
    study = ScannedStudy(
        case_id=case_id or _pseudonym(pets[0].headers[0] if pets else found.headers[0]),
        series=describe(selection.candidates),
        tracer=_tracer(pets[0], found.headers) if pets else None,
        caveats=study_caveats(found, selection, settings),
        stacks=chosen_stacks(selection.candidates),
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


def _read_headers(files: tuple[Path, ...], settings: IntakeSettings) -> Found:
    with quiet(), Sources() as sources, ThreadPoolExecutor(settings.workers) as pool:
        runs = [files[n : n + _RUN] for n in range(0, len(files), _RUN)]
        read = pool.map(lambda run: [_read_one(file, sources) for file in run], runs)
        results = [one for run in read for one in run]
    pairs = list(zip(files, results, strict=True))
    return Found(
        files=files,
        headers=tuple(one for _, frames in pairs if isinstance(frames, tuple) for one in frames),
        broken=tuple(
            (file, str(why)) for file, why in pairs if isinstance(why, BrokenDicom | InputError)
        ),
        foreign=tuple(file for file, why in pairs if type(why) is NotDicom),
    )


def _read_one(file: Path, sources: Sources) -> tuple[Header, ...] | NotDicom | InputError:
    if file.name.upper() == DICOMDIR:
        return NotDicom("an index of files, no image")
    try:
        stream, size = sources.opened(file)
        with stream:
            header = read_header(stream, file, size=size)
        return expand_frames(header)
    except (NotDicom, InputError) as error:
        return error
    except (OSError, *BROKEN_ARCHIVE) as error:
        return InputError(f"cannot be read: {error}")


def _refuse_nothing(found: Found, input_path: Path) -> None:
    if found.headers:
        return
    reasons = [*found.broken, *((file, "not a DICOM file") for file in found.foreign)]
    file, why = reasons[0]
    raise InputError(
        f"{input_path}: none of {len(found.files)} file(s) is a readable DICOM file"
        f" ({file.name}: {why}); expected a PET/CT study"
    )


def _pseudonym(header: Header) -> str:
    return hashlib.sha256((header.study_uid or header.series_uid).encode()).hexdigest()[:8]


def _tracer(pet: Candidate, found: tuple[Header, ...]) -> Tracer:
    frames = pet.stack.headers if pet.stack else pet.headers
    objects = {one.file: one for one in frames}
    mappings = [
        one for one in found if one.sop_class_uid == VALUE_MAPPING and is_of_patient(one, frames[0])
    ]
    with quiet():
        try:
            slices = tuple(to_plain_dataset(one) for one in objects.values())
            claims = tuple(to_plain_dataset(one) for one in mappings)
        except BrokenDicom as error:
            raise InputError(f"PET series {pet.uid}: {error}") from error
        return read_tracer(slices, claims)
