"""How much memory and time a case will need, from its headers, before a pixel is read."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from oligocount.cohort.links import link_files
from oligocount.cohort.manifest import CohortCase
from oligocount.domain.study import Role, Series, Study
from oligocount.errors import InputError
from oligocount.intake.scan import read_headers, scan
from oligocount.settings import IntakeSettings

# Above the peak resident memory of whole cases with both networks (PET 2 to 15 million voxels, CT
# 35 to 97 million): libraries and weights, then bytes a voxel of each kind of series.
_BASE_MIB = 1200.0
_BYTES_PER_VOXEL = {Role.PET: 96.0, Role.CT: 9.0, Role.MR: 12.0}
# Core seconds of whole cases on two cores with both networks: 12 s of the clock for 2.2 million PET
# and 35 million CT voxels, 16 s for 4.4 and none, 45 s for 15 and 97. Other machines differ.
_BASE_S = 10.0
_S_PER_MILLION = {Role.PET: 5.0, Role.CT: 0.1, Role.MR: 0.1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The memory that a case should stay below, and about how long one core works on it."""

    memory_mib: float
    core_s: float


def estimate_core_s(study: Study, settings: IntakeSettings) -> float:
    """About how many seconds one core works on this study; rough, for planning alone."""
    return _BASE_S + sum(
        _voxels(series, settings) / 1e6 * seconds
        for role, seconds in _S_PER_MILLION.items()
        for series in study.chosen(role)
    )


def estimate_memory_mib(study: Study, settings: IntakeSettings) -> float:
    """The peak memory that this study should stay below."""
    used = sum(
        _voxels(series, settings) * bytes_per_voxel
        for role, bytes_per_voxel in _BYTES_PER_VOXEL.items()
        for series in study.chosen(role)
    )
    return _BASE_MIB + used / 2**20


def refuse_oversized(study: Study, settings: IntakeSettings, limit_mib: float) -> None:
    """Raise InputError when the estimate goes beyond the limit."""
    estimate_mib = estimate_memory_mib(study, settings)
    if estimate_mib > limit_mib:
        raise InputError(
            f"case {study.case_id}: needs about {estimate_mib / 1024:.1f} GiB of memory; "
            f"a case may use {limit_mib / 1024:.1f} GiB (--memory-limit)"
        )


def check_readiness(case: CohortCase, settings: IntakeSettings, limit_mib: float) -> Needs:
    """The estimate for a case that can run, from headers alone.

    Raises InputError for one that cannot, with the reason.
    """
    if not case.files:
        return _within(scan(case.input, settings, case_id=case.case_id), settings, limit_mib)
    with TemporaryDirectory(prefix="oligocount-") as place:
        names = [str(file.relative_to(case.input)) for file in case.files]
        link_files(names, case.input, Path(place))
        study = scan(Path(place), settings, case_id=case.case_id)
        return _within(study, settings, limit_mib)


def _within(study: Study, settings: IntakeSettings, limit_mib: float) -> Needs:
    refuse_oversized(study, settings, limit_mib)
    return Needs(
        memory_mib=estimate_memory_mib(study, settings), core_s=estimate_core_s(study, settings)
    )


def _voxels(series: Series, settings: IntakeSettings) -> int:
    """From the first file's header: all slices of a chosen series have one size."""
    frames = read_headers(series.files[:1], settings)
    in_first = sum((one.rows or 0) * (one.columns or 0) for one in frames)
    return in_first * len(series.files)
