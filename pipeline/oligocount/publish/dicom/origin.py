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
    """The origin; its digest follows from PET series, lesions, findings, settings and version."""
    digest = hashlib.sha256(result.lesion_map.labels.array.tobytes())
    for part in (
        source[0].SeriesInstanceUID,
        result.provenance.settings_digest,
        result.provenance.oligocount,
        *(located.finding for located in result.lesions),
    ):
        digest.update(repr(part).encode("utf-8"))
    return Origin(result=result, source=tuple(source), digest=digest.hexdigest())
