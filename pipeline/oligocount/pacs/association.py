"""Associations on the DICOM network (PS3.8), encrypted where the peer says so."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import UserIdentityNegotiation
from pynetdicom.presentation import PresentationContext

from oligocount.errors import ArchiveRefused, ArchiveUnreachable, ConfigError
from oligocount.pacs.peer import Node, Peer, Tls
from oligocount.pacs.quiet import quiet_libraries

_REJECTED_FOR_NOW = 2  # PS3.8 9.3.4: result 2 is transient
_USER_AND_PASSCODE = 2  # PS3.7 D.3.3.7.1
_WRONG_TITLE = {
    (1, 3): "it does not know our AE title {ours!r}: register it there, or set our_aet",
    (1, 7): "{theirs!r} is not its AE title",
}


def application(node: Node, timeout_s: float) -> AE:
    """Ours, which waits for no answer longer than `timeout_s`."""
    entity = AE(ae_title=node.our_ae_title)
    entity.acse_timeout = entity.dimse_timeout = timeout_s
    entity.network_timeout = entity.connection_timeout = timeout_s
    return entity


@contextmanager
def associated(
    peer: Peer,
    contexts: Sequence[PresentationContext],
    *,
    roles: Sequence[Any] = (),
    handlers: Sequence[Any] = (),
) -> Iterator[Association]:
    """An association with the peer's node, released after the block, aborted when that fails.

    Raises ArchiveUnreachable when none comes about for now, ArchiveRefused when none will, and
    ConfigError for files of TLS that cannot be used.
    """
    node = _node(peer)
    context = client_context(peer.tls) if peer.tls else None
    address = _resolved(node)
    with quiet_libraries():
        association = application(node, peer.patience.timeout_s).associate(
            address,
            node.port,
            contexts=list(contexts),
            ae_title=node.ae_title,
            ext_neg=[*roles, *_identity(peer)],
            tls_args=(context, _server_name(peer)) if context else None,
            evt_handlers=list(handlers),
        )
        if not association.is_established:
            raise _explained(association, peer, context)
        try:
            yield association
            association.release()
        finally:
            if association.is_established:
                association.abort()


def client_context(tls: Tls) -> ssl.SSLContext:
    """Trusts the peer's authority alone, or the system's; shows our certificate if there is one.

    Raises ConfigError when a file holds no certificate or key.
    """
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.certificate:
            context.load_cert_chain(tls.certificate, tls.key)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(_unusable(tls)) from error
    return context


def server_context(tls: Tls) -> ssl.SSLContext:
    """For what is delivered to us: our certificate, and only who shows one that we trust.

    Raises ConfigError as `client_context` does.
    """
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls.ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(str(tls.certificate), tls.key)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(_unusable(tls)) from error
    return context


def _unusable(tls: Tls) -> str:
    named = [f"{file}" for file in (tls.ca_file, tls.certificate, tls.key) if file]
    return f"{', '.join(named)}: expected certificates and a key in PEM that belong together"


def _node(peer: Peer) -> Node:
    if not isinstance(peer.address, Node):
        raise ConfigError(f"{peer.address}: expected HOST:PORT/AE-TITLE")
    return peer.address


def _server_name(peer: Peer) -> str:
    told = peer.tls.server_name if peer.tls else None
    return told or _node(peer).host


def _identity(peer: Peer) -> list[UserIdentityNegotiation]:
    """User and password, sent with the request for an association (PS3.7 D.3.3.7)."""
    if peer.login is None:
        return []
    item = UserIdentityNegotiation()
    item.user_identity_type = _USER_AND_PASSCODE
    item.primary_field = (peer.login.user or "").encode()
    item.secondary_field = (peer.login.password or "").encode()
    return [item]


def _resolved(node: Node) -> str:
    try:
        found = socket.getaddrinfo(node.host, node.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ArchiveUnreachable(f"{node}: no machine has the name {node.host!r}") from error
    by_family = sorted(found, key=lambda each: each[0] != socket.AF_INET)
    return str(by_family[0][4][0])


def _explained(
    association: Association, peer: Peer, context: ssl.SSLContext | None
) -> ArchiveRefused | ArchiveUnreachable:
    """Why there is no association."""
    node = _node(peer)
    answer = association.acceptor.primitive
    if association.is_rejected and answer is not None:
        cause = (answer.result_source, answer.diagnostic)
        words = _WRONG_TITLE.get(cause, "it gave no reason that we know")
        words = words.format(ours=node.our_ae_title, theirs=node.ae_title)
        kind = ArchiveUnreachable if answer.result == _REJECTED_FOR_NOW else ArchiveRefused
        busy = "it is busy" if answer.result == _REJECTED_FOR_NOW else words
        return kind(f"{node}: refuses the association: {busy} (source {cause[0]}, {cause[1]})")
    if association.rejected_contexts:
        names = sorted({each.abstract_syntax.name for each in association.rejected_contexts})
        return ArchiveRefused(f"{node}: takes none of: {', '.join(names)}")
    return _unreachable(peer, context)


def _unreachable(peer: Peer, context: ssl.SSLContext | None) -> ArchiveUnreachable | ArchiveRefused:
    """How far a bare connection gets."""
    node, timeout_s = _node(peer), peer.patience.timeout_s
    try:
        with socket.create_connection((node.host, node.port), timeout_s) as bare:
            if context is not None:
                context.wrap_socket(bare, server_hostname=_server_name(peer)).close()
    except ssl.SSLCertVerificationError as error:
        return ArchiveRefused(f"{node}: its certificate is not trusted: {error.verify_message}")
    except ssl.SSLError as error:
        return ArchiveRefused(f"{node}: TLS failed: {error.reason or 'it does not speak TLS'}")
    except TimeoutError:
        return ArchiveUnreachable(f"{node}: no answer within {timeout_s:g} s")
    except OSError as error:
        return ArchiveUnreachable(f"{node}: cannot be reached: {error.strerror}")
    hints = "is it a DICOM port" + (
        ", and does it take our certificate?" if context else ", without TLS?"
    )
    return ArchiveUnreachable(f"{node}: hung up before an association; {hints}")
