"""Whose scan it is: one patient is taken, everybody else's series are named and left out.

Patients are told apart by a digest of (0010,0020) Patient ID; an object without one says nothing
and passes. No identity is kept or shown: a patient is named by the UIDs of his studies.
"""

from collections import defaultdict
from collections.abc import Iterable

from oligocount.errors import AmbiguousSeries, InputError
from oligocount.intake.headers import Header

_SHOWN = 4


def is_of_patient(one: Header, pet: Header) -> bool:
    """Whether nothing says that they are of two patients."""
    return one.patient_digest == pet.patient_digest or None in (
        one.patient_digest,
        pet.patient_digest,
    )


def why_not_his(one: Header, pet: Header) -> str | None:
    """Why a series cannot serve beside the PET that is taken, or None."""
    if is_of_patient(one, pet):
        return None
    return f"of another patient than the PET: (0010,0020) differs (study {one.study_uid})"


def refuse_shared_series(headers: Iterable[Header]) -> None:
    """Raises InputError where slices of one series are of several patients."""
    patients = defaultdict(set)
    for one in headers:
        if one.patient_digest:
            patients[one.series_uid].add(one.patient_digest)
    shared = sorted(uid for uid, digests in patients.items() if len(digests) > 1)
    if shared:
        raise InputError(
            f"series {shared[0]}: its files are of {len(patients[shared[0]])} patients by"
            " (0010,0020); expected one patient a series"
        )


def why_several(pets: Iterable[Header]) -> AmbiguousSeries | None:
    """The error for PET of several patients, or None where they are of one."""
    firsts = list(pets)
    digests = {one.patient_digest for one in firsts if one.patient_digest}
    if len(digests) < 2:
        return None
    studies = sorted({one.study_uid or "" for one in firsts})
    shown = ", ".join(studies[:_SHOWN]) + (", ..." if len(studies) > _SHOWN else "")
    lines = "".join(f"\n  {one.series_uid}: study {one.study_uid}" for one in firsts)
    return AmbiguousSeries(
        f"PET of {len(digests)} patients in {len(studies)} studies ({shown}); expected one patient"
        f" an input, or pick a PET with --pet-series UID:{lines}"
    )
