"""What an archive can do, whichever way it is talked to, and what it says about its content."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from oligocount.errors import InputError
from oligocount.pacs.objects import DicomObject

_WILD = frozenset("*?\\")  # they match many values (PS3.4 C.2.2.2), so many patients


class KeyKind(StrEnum):
    """By what studies are looked for; the value is the attribute's keyword."""

    STUDY = "StudyInstanceUID"
    ACCESSION = "AccessionNumber"
    PATIENT = "PatientID"


@dataclass(frozen=True, slots=True)
class Key:
    """One value that studies must have, exactly. Its text does not show it: it may name a person.

    Raises InputError for what would match more than one value.
    """

    kind: KeyKind
    value: str

    def __post_init__(self) -> None:
        if not self.value.strip():
            raise InputError(f"{self.kind}: an empty value would match every study")
        if _WILD & set(self.value):
            raise InputError(f"{self.kind}: expected one value, without * ? \\")

    def __repr__(self) -> str:
        return f"Key({self.kind})"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFound:
    """A study as the archive tells it; what it does not tell is None or empty."""

    uid: str
    date: str | None
    modalities: tuple[str, ...]
    n_series: int | None
    n_objects: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFound:
    """A series with the identifiers of its objects, and their kinds where the archive tells."""

    uid: str
    modality: str
    objects: tuple[str, ...]
    sop_classes: tuple[str, ...]
    n_told: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of one object: None where the archive has it, else why it does not."""

    object: DicomObject
    failure: str | None
    note: str | None = None


Keep = Callable[[bytes], None]  # takes a whole DICOM file; raises what must end the transfer


class Archive(Protocol):
    """An archive. Every method raises ArchiveUnreachable where to try again may help.

    It raises ArchiveRefused where it will not.
    """

    def check(self) -> None:
        """Return when the archive answers us."""

    def store(self, objects: Iterable[DicomObject]) -> Iterator[Stored]:
        """Each object, as soon as the archive has answered for it."""

    def find_studies(self, key: Key) -> tuple[StudyFound, ...]:
        """Every study with this key."""

    def find_series(self, study: str) -> tuple[SeriesFound, ...]:
        """Every series of a study."""

    def retrieve(
        self, study: str, series: SeriesFound, missing: frozenset[str], keep: Keep
    ) -> None:
        """Hand the missing objects of a series to `keep`, as they come."""
