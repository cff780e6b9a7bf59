"""An archive on the DICOM network: C-ECHO, C-STORE; queries and retrieval beside this file."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pydicom
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import build_context
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext
from pynetdicom.sop_class import Verification

from oligocount.errors import ArchiveRefused, ArchiveUnreachable, InputError
from oligocount.pacs.archive import Keep, Key, SeriesFound, Stored, StudyFound
from oligocount.pacs.association import associated
from oligocount.pacs.dimse_query import find_series, find_studies
from oligocount.pacs.dimse_retrieve import retrieve_series
from oligocount.pacs.objects import DicomObject
from oligocount.pacs.peer import Peer
from oligocount.pacs.told import refused_store

_ALREADY_THERE = 0x0111  # PS3.7 C.5.6: an object with this identifier is stored
_OUT_OF_RESOURCES = range(0xA700, 0xA800)  # PS3.4 B.2.3
_NOTES = {0xB000: "it changed elements", 0xB006: "it discarded elements", 0xB007: "it doubts it"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DimseArchive:
    """A node of the DICOM network; see `Archive` for what each method promises."""

    peer: Peer

    def check(self) -> None:
        """Return when a C-ECHO was answered."""
        with associated(self.peer, [build_context(Verification)]) as association:
            status = association.send_c_echo()
        if not status:
            raise ArchiveUnreachable(f"{self.peer.address}: did not answer the C-ECHO")
        if status.Status != 0:
            raise ArchiveRefused(f"{self.peer.address}: C-ECHO status {status.Status:#06x}")

    def store(self, objects: Iterable[DicomObject]) -> Iterator[Stored]:
        """Each object with what the archive answered, all by one association."""
        waiting = tuple(objects)
        with associated(self.peer, _contexts(waiting)) as association:
            for one in waiting:
                yield self._stored(one, association)

    def find_studies(self, key: Key) -> tuple[StudyFound, ...]:
        """Every study with this key, by C-FIND."""
        return find_studies(self.peer, key)

    def find_series(self, study: str) -> tuple[SeriesFound, ...]:
        """Every series of a study with its objects' identifiers, by C-FIND."""
        return find_series(self.peer, study)

    def retrieve(
        self, study: str, series: SeriesFound, missing: frozenset[str], keep: Keep
    ) -> None:
        """The missing objects, by C-MOVE where we can be called, else by C-GET."""
        retrieve_series(self.peer, study, series, missing, keep)

    def _stored(self, one: DicomObject, association: Association) -> Stored:
        if not association.is_established:
            raise ArchiveUnreachable(f"{self.peer.address}: the connection broke")
        if one.sop_class_uid not in {c.abstract_syntax for c in association.accepted_contexts}:
            name = UID(one.sop_class_uid).name
            return Stored(object=one, failure=f"the archive takes no {name}")
        try:
            status = association.send_c_store(pydicom.dcmread(one.file))
        except OSError as error:
            raise InputError(f"{one.file}: cannot be read: {error.strerror}") from error
        except (AttributeError, ValueError) as error:
            return Stored(object=one, failure=f"cannot be encoded for the archive: {error}")
        except RuntimeError as error:  # it hung up in between
            raise ArchiveUnreachable(f"{self.peer.address}: the connection broke") from error
        if "Status" not in status:
            raise ArchiveUnreachable(f"{self.peer.address}: the connection broke")
        return self._answered(one, int(status.Status))

    def _answered(self, one: DicomObject, status: int) -> Stored:
        if status in (0, *_NOTES):
            return Stored(object=one, failure=None, note=_NOTES.get(status))
        if status == _ALREADY_THERE:
            return Stored(
                object=one, failure=None, note="the archive had it already, and kept its own"
            )
        if status in _OUT_OF_RESOURCES:
            raise ArchiveUnreachable(f"{self.peer.address}: is out of resources ({status:#06x})")
        return Stored(object=one, failure=refused_store(status))


def _contexts(objects: Iterable[DicomObject]) -> list[PresentationContext]:
    """One a kind and encoding: as it stands on disk, or a plain one that loses nothing.

    Each on its own, so that an archive that takes both gets the bytes that stand on disk.
    """
    wanted: dict[tuple[str, str], None] = {}
    for one in objects:
        own = UID(one.transfer_syntax_uid)
        plain = [] if own.is_compressed else [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
        wanted |= dict.fromkeys((one.sop_class_uid, each) for each in (own, *plain))
    return [build_context(kind, syntax) for kind, syntax in wanted]
