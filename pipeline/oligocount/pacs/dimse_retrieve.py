"""Objects out of an archive on the DICOM network: C-MOVE to a port of ours, or C-GET."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.dataset import Dataset
from pynetdicom import ALL_TRANSFER_SYNTAXES, build_context, build_role, evt
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.presentation import (
    AllStoragePresentationContexts,
    PresentationContext,
    StoragePresentationContexts,
)
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from oligocount.errors import ArchiveRefused, ArchiveUnreachable, ConfigError, PublishError
from oligocount.pacs.archive import Keep, SeriesFound
from oligocount.pacs.association import application, associated, server_context
from oligocount.pacs.peer import Node, Peer

_GET, _MOVE = StudyRootQueryRetrieveInformationModelGet, StudyRootQueryRetrieveInformationModelMove
_MAX_CONTEXTS = 128  # PS3.8 9.3.2.2: odd numbers from 1 to 255
_MAX_UIDS = 200  # of 64 characters: far below the 65534 bytes of an explicit value
_SLOWER = 10  # an archive may fetch a series from tape before the first object comes
_KEPT, _NO_SPACE, _NOT_ASKED_FOR = 0x0000, 0xA700, 0xA900
_PENDING = 0xFF00
_SOME_FAILED = (0xB000, 0xA702)  # PS3.4 C.4.2.1.5; which, is seen by what is missing
_UNKNOWN_DESTINATION = 0xA801  # PS3.4 C.4.2.1.5


def retrieve_series(
    peer: Peer, study: str, series: SeriesFound, missing: frozenset[str], keep: Keep
) -> None:
    """The missing objects went to `keep`, as far as the archive gave them.

    By C-MOVE where the peer says where we listen, and by C-GET where that is refused or we do
    not listen. Raises what `keep` raises, ArchiveRefused and ArchiveUnreachable.
    """
    receiver = _Receiver(keep)
    requests = list(_requests(study, series, missing))
    if not isinstance(peer.address, Node) or peer.address.listen is None:
        _get(peer, series, requests, receiver)
        return
    try:
        with _listening(peer, peer.address, receiver):
            _move(peer, peer.address, requests, receiver)
    except ArchiveRefused as refused:
        try:
            _get(peer, series, requests, receiver)
        except ArchiveRefused:
            raise refused from None


class _Receiver:
    """Answers the archive for each object; what went wrong at ours is raised afterwards."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self.n_kept = 0
        self._trouble: PublishError | None = None

    def answer(self, event: Event) -> int:
        try:
            self._keep(event.encoded_dataset())
        except ArchiveRefused:
            return _NOT_ASKED_FOR
        except PublishError as error:
            self._trouble = error
            return _NO_SPACE
        self.n_kept += 1
        return _KEPT

    def raise_trouble(self) -> None:
        if self._trouble is not None:
            raise self._trouble


def _requests(study: str, series: SeriesFound, missing: frozenset[str]) -> Iterator[Dataset]:
    """The whole series in one; objects by name where some are here already."""
    if missing == frozenset(series.objects):
        yield _request("SERIES", study, series.uid)
        return
    wanted = sorted(missing)
    for first in range(0, len(wanted), _MAX_UIDS):
        request = _request("IMAGE", study, series.uid)
        request.SOPInstanceUID = wanted[first : first + _MAX_UIDS]
        yield request


def _request(level: str, study: str, series: str) -> Dataset:
    request = Dataset()
    request.QueryRetrieveLevel = level
    request.StudyInstanceUID, request.SeriesInstanceUID = study, series
    return request


def _move(peer: Peer, node: Node, requests: list[Dataset], receiver: _Receiver) -> None:
    with associated(peer, [build_context(_MOVE)]) as association:
        association.dimse_timeout = peer.patience.timeout_s * _SLOWER
        for request in requests:
            answers = association.send_c_move(request, node.our_ae_title, _MOVE)
            for status, _ in answers:
                receiver.raise_trouble()
                _check(status, peer, "C-MOVE")
    if not receiver.n_kept:
        raise ArchiveRefused(f"{peer.address}: moved nothing; it must reach {_our_place(node)}")


@contextmanager
def _listening(peer: Peer, node: Node, receiver: _Receiver) -> Iterator[None]:
    """A storage server of ours, for calls to our AE title."""
    place = node.listen or ("", 0)
    entity = application(node, peer.patience.timeout_s)
    entity.require_called_aet = True
    for each in AllStoragePresentationContexts:
        entity.add_supported_context(each.abstract_syntax, ALL_TRANSFER_SYNTAXES)
    secure = server_context(peer.tls) if peer.tls and peer.tls.listens else None
    try:
        server = entity.start_server(
            place, block=False, ssl_context=secure,
            evt_handlers=[(evt.EVT_C_STORE, receiver.answer)],
        )  # fmt: skip
    except OSError as error:
        raise ConfigError(
            f"listen: {place[0]}:{place[1]} cannot be used: {error.strerror}"
        ) from error
    try:
        yield
    finally:
        server.shutdown()


def _get(peer: Peer, series: SeriesFound, requests: list[Dataset], receiver: _Receiver) -> None:
    kinds = series.sop_classes or tuple(
        str(each.abstract_syntax) for each in StoragePresentationContexts
    )
    contexts = [build_context(_GET), *_storage_contexts(kinds)]
    roles = [build_role(kind, scp_role=True) for kind in kinds]
    handlers = [(evt.EVT_C_STORE, receiver.answer)]
    with associated(peer, contexts, roles=roles, handlers=handlers) as association:
        _refuse_without_get(association, peer)
        association.dimse_timeout = peer.patience.timeout_s * _SLOWER
        for request in requests:
            for status, _ in association.send_c_get(request, _GET):
                receiver.raise_trouble()
                _check(status, peer, "C-GET")


def _storage_contexts(kinds: tuple[str, ...]) -> list[PresentationContext]:
    """One a kind and encoding, so that objects come as they are stored; one a kind if too many."""
    if len(kinds) * len(ALL_TRANSFER_SYNTAXES) < _MAX_CONTEXTS:
        return [build_context(kind, each) for kind in kinds for each in ALL_TRANSFER_SYNTAXES]
    return [build_context(kind) for kind in kinds[: _MAX_CONTEXTS - 1]]


def _refuse_without_get(association: Association, peer: Peer) -> None:
    if _GET not in {each.abstract_syntax for each in association.accepted_contexts}:
        raise ArchiveRefused(
            f"{peer.address}: offers no C-GET; tell `listen`, a port of ours that the archive "
            "knows, to receive by C-MOVE"
        )


def _check(status: Dataset, peer: Peer, request: str) -> None:
    """Return while the archive gives what it can."""
    if "Status" not in status:
        raise ArchiveUnreachable(f"{peer.address}: the connection broke")
    code = int(status.Status)
    if code in (0, _PENDING, *_SOME_FAILED):
        return
    if code == _UNKNOWN_DESTINATION and isinstance(peer.address, Node):
        raise ArchiveRefused(
            f"{peer.address}: does not know where to move objects to; register there "
            f"{_our_place(peer.address)}"
        )
    raise ArchiveRefused(f"{peer.address}: refuses to give objects ({request} {code:#06x})")


def _our_place(node: Node) -> str:
    place = ":".join(map(str, node.listen or ()))
    return f"the AE title {node.our_ae_title!r} at {place} of this machine"
