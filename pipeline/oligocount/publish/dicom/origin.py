"""Where objects come from: the result, the PET's headers, and the identifiers that follow."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID

from oligocount.domain.result import Result

MANUFACTURER = "oligocount"
RESEARCH = "RESEARCH USE ONLY"
_SERIES_NUMBERS = {
    "lesions": 9001, "organs": 9002, "stations": 9003, "measurements": 9004, "structures": 9005,
}  # fmt: skip
_READERS_AFTER = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """One result with the headers of its PET. The same result gives the same identifiers.

    So a result that is written twice is the same objects twice, and no archive keeps it double.
    """

    result: Result
    source: tuple[Dataset, ...]
    digest: str
    is_readers: bool = False

    def description(self, what: str) -> str:
        """The name of a series, which a person sees in an archive's list."""
        return f"{MANUFACTURER} {what}{' by reader' if self.is_readers else ''} ({RESEARCH})"

    def series_number(self, what: str) -> int:
        """The series' place in that list, the reader's after the machine's."""
        return _SERIES_NUMBERS[what] + (_READERS_AFTER if self.is_readers else 0)

    def uid(self, name: str) -> UID:
        """The UID of something that has this name in this result (PS3.5 B.2)."""
        return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{self.digest} {name}').int}")


def origin_of(
    result: Result, source: Sequence[Dataset], reader: Mapping[str, Any] | None = None
) -> Origin:
    """The origin; its digest follows from all that the objects show, a reader's edits among it.

    PET series, masks, measurements, findings, counts and verdicts, models, settings and version:
    another fact about the patient is another verdict, so another report under another UID.
    """
    anatomy = result.anatomy
    maps = (result.lesion_map.labels, anatomy.organs.labels, anatomy.stations)
    digest = hashlib.sha256()
    for each in maps:
        digest.update(b"" if each is None else each.array.tobytes())
    for part in (
        source[0].SeriesInstanceUID,
        result.provenance.settings_digest,
        result.provenance.oligocount,
        result.provenance.models,
        result.lesions,
        result.assessment,
        *([dict(reader)] if reader is not None else []),
    ):
        digest.update(repr(part).encode("utf-8"))
    return Origin(
        result=result,
        source=tuple(source),
        digest=digest.hexdigest(),
        is_readers=reader is not None,
    )
