"""Where objects come from: the result, the PET's headers, and the identifiers that follow."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import UID

from oligocount.domain.result import Result

MANUFACTURER = "oligocount"
RESEARCH = "RESEARCH USE ONLY"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """One result with the headers of its PET. The same result gives the same identifiers.

    So a result that is written twice is the same objects twice, and no archive keeps it double.
    """

    result: Result
    source: tuple[Dataset, ...]
    digest: str

    def uid(self, name: str) -> UID:
        """The UID of something that has this name in this result (PS3.5 B.2)."""
        return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{self.digest} {name}').int}")


def origin_of(result: Result, source: Sequence[Dataset]) -> Origin:
    """The origin; its digest follows from all that the objects show.

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
    ):
        digest.update(repr(part).encode("utf-8"))
    return Origin(result=result, source=tuple(source), digest=digest.hexdigest())
