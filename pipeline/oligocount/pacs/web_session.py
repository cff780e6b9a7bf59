"""A session with a DICOMweb service: whom we trust, who we are, and its errors as ours."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dicomweb_client.web import DICOMwebClient
from pydicom.errors import InvalidDicomError
from requests import PreparedRequest, Response, Session
from requests.auth import HTTPBasicAuth
from requests.exceptions import (
    ChunkedEncodingError,
    ConnectionError,  # noqa: A004 - as the library names it
    HTTPError,
    RequestException,
    SSLError,
    Timeout,
    TooManyRedirects,
)

from oligocount.errors import ArchiveRefused, ArchiveUnreachable
from oligocount.pacs.peer import Login, Peer
from oligocount.pacs.quiet import quiet_libraries

_FOR_NOW = (408, 425, 429, 500, 502, 503, 504)
_WORDS = {
    401: "it wants a login, or another one",
    403: "we are not allowed to",
    404: "there is no such thing at this URL",
    405: "it does not offer this here",
    501: "it does not offer this",
}


@contextmanager
def opened_session(peer: Peer) -> Iterator[DICOMwebClient]:
    """A client whose failures are ours: ArchiveUnreachable, or ArchiveRefused.

    No message holds what was asked, which may name a patient. Nothing goes through a proxy or to
    where the service redirects, and no login goes along but the peer's.
    """
    with quiet_libraries(), _session(peer) as session:
        client = DICOMwebClient(
            str(peer.address), session, permissive_uid=True, timeout=peer.patience.timeout_s
        )
        client.set_http_retry_params(retry=False)
        try:
            yield client
        except RequestException as error:
            raise _translated(error, peer) from None
        except (InvalidDicomError, ValueError, KeyError, EOFError) as error:
            raise ArchiveRefused(f"{peer.address}: its answer is no DICOMweb") from error


def _session(peer: Peer) -> Session:
    session = Session()
    session.trust_env = False
    session.max_redirects = 0
    # Pixels hardly shrink, and packing them takes longer than sending them.
    session.headers["Accept-Encoding"] = "identity"
    session.hooks["response"] = [_refuse_cut, _strip_media_type]
    trusted = ssl.get_default_verify_paths()
    session.verify = trusted.cafile or trusted.capath or True
    if peer.login:
        session.auth = _authorization(peer.login)
    if peer.tls and peer.tls.ca_file:
        session.verify = str(peer.tls.ca_file)
    if peer.tls and peer.tls.certificate:
        session.cert = (str(peer.tls.certificate), str(peer.tls.key or peer.tls.certificate))
    return session


def _authorization(login: Login) -> Callable[[PreparedRequest], PreparedRequest]:
    """Puts user and password (RFC 7617) or the token (RFC 6750) into a request."""
    if login.token is None:
        basic: Callable[[PreparedRequest], PreparedRequest] = HTTPBasicAuth(
            (login.user or "").encode(), (login.password or "").encode()
        )
        return basic

    def bear(request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {login.token}"
        return request

    return bear


def _refuse_cut(response: Response, **_: object) -> None:
    """Raise for a body of parts without its end: the connection broke, and nothing else says so."""
    kind = response.headers.get("Content-Type", "").lower()
    if kind.startswith("multipart/") and not response.content.rstrip().endswith(b"--"):
        raise ConnectionError


def _strip_media_type(response: Response, **_: object) -> None:
    """JSON is JSON with a character set told, too; the library compares the whole text."""
    kind = response.headers.get("Content-Type", "")
    if "json" in kind:
        response.headers["Content-Type"] = kind.split(";")[0].strip()


def _translated(error: RequestException, peer: Peer) -> ArchiveRefused | ArchiveUnreachable:
    where = str(peer.address)
    if isinstance(error, HTTPError) and error.response is not None:
        code = error.response.status_code
        if code in _FOR_NOW:
            return ArchiveUnreachable(f"{where}: cannot answer for now (HTTP {code})")
        return ArchiveRefused(f"{where}: {_WORDS.get(code, 'it refuses')} (HTTP {code})")
    if isinstance(error, SSLError):
        return ArchiveRefused(f"{where}: TLS failed: {_tls_reason(error)}")
    if isinstance(error, Timeout):
        return ArchiveUnreachable(f"{where}: no answer within {peer.patience.timeout_s:g} s")
    if isinstance(error, ChunkedEncodingError | ConnectionError):
        return ArchiveUnreachable(f"{where}: {_connection_reason(error)}")
    if isinstance(error, TooManyRedirects):
        return ArchiveRefused(f"{where}: redirects to another URL; tell that one")
    return ArchiveRefused(f"{where}: {type(error).__name__}")


def _tls_reason(error: SSLError) -> str:
    """The bottom of the chain, which says more than the library's text and cites no URL."""
    for each in _chain(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {each.verify_message}"
        if isinstance(each, ssl.SSLError) and each.reason:
            return each.reason
    return "no reason was told"


def _connection_reason(error: RequestException) -> str:
    for each in _chain(error):
        if isinstance(each, OSError) and not isinstance(each, RequestException) and each.strerror:
            return f"cannot be reached: {each.strerror}"
    return "the connection broke"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those behind it: urllib3 hangs them in `reason`, `args` or the context."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        behind = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [each for each in behind if isinstance(each, BaseException)]
