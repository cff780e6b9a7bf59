"""Archives that we talk to: where they are, how we prove who we are, how patient we are."""

import ipaddress
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from oligocount.errors import ConfigError

OUR_AE_TITLE = "OLIGOCOUNT"
_NODE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):(?P<port>\d{1,5})/(?P<aet>.+)")
_AE_TITLE = re.compile(r"(?!\s*$)[ -\[\]-~]{1,16}")  # PS3.5 6.2, AE: no backslash, not only spaces
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An application on the DICOM network (PS3.8): HOST:PORT/AE-TITLE.

    `listen` is the host and port where the archive may deliver what we ask it to move (C-MOVE);
    it must know `our_ae_title` at that port.
    """

    host: str
    port: int
    ae_title: str
    our_ae_title: str = OUR_AE_TITLE
    listen: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        for title in (self.ae_title, self.our_ae_title):
            if not _AE_TITLE.fullmatch(title):
                raise ConfigError(
                    f"{title!r}: expected an AE title of 1 to 16 plain characters without \\"
                )
        for port in (self.port, *(self.listen or ())[1:]):
            if not 0 < port <= _MAX_PORT:
                raise ConfigError(f"{port}: expected a port from 1 to {_MAX_PORT}")

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.ae_title}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """The root of a DICOMweb service (PS3.18), such as https://pacs.example/dicom-web."""

    url: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(f"{_shown(self.url)}: expected https://HOST/PATH")
        if parts.username or parts.password:
            raise ConfigError("a URL must not hold a user or password: see --help for where")
        if parts.query or parts.fragment:
            raise ConfigError(f"{_shown(self.url)}: expected a URL without ? and #")

    def __str__(self) -> str:
        return self.url.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Encryption: whom we trust (None: the system's authorities) and who we are.

    `listens`: the archive encrypts, too, what it delivers to us, and our certificate serves.
    """

    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    server_name: str | None = None
    listens: bool = False

    def __post_init__(self) -> None:
        for file in (self.ca_file, self.certificate, self.key):
            if file is not None and not file.is_file():
                raise ConfigError(f"{file}: this file of TLS does not exist")
        if self.key is not None and self.certificate is None:
            raise ConfigError(f"{self.key}: a key without its certificate")
        if self.listens and self.certificate is None:
            raise ConfigError("to listen with TLS takes a certificate of ours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who we say we are: user and password, or a bearer token. Never shown."""

    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.user is None) == (self.token is None):
            raise ConfigError("expected a user with a password, or a token")
        if (self.user is None) != (self.password is None):
            raise ConfigError("expected a user and a password together")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for an answer, how often to try again, and the first pause in between."""

    timeout_s: float = 30.0
    attempts: int = 4
    backoff_s: float = 1.0

    def __post_init__(self) -> None:
        if self.timeout_s <= 0 or self.attempts < 1 or self.backoff_s < 0:
            raise ConfigError(
                "expected timeout_s above 0, attempts of at least 1, backoff_s of at least 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One archive. A login never travels unencrypted to another machine unless allowed."""

    address: Node | Web
    tls: Tls | None = None
    login: Login | None = None
    allows_plain_login: bool = False
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if self._is_plain_url and self.tls is not None:
            raise ConfigError(f"{self.address}: TLS is told, but the URL says http")
        if isinstance(self.address, Web) and self.tls and self.tls.server_name:
            raise ConfigError(f"{self.address}: tls.server_name is for the DICOM network")
        plain = self._is_plain_url or (isinstance(self.address, Node) and self.tls is None)
        if self.login and plain and not (self.allows_plain_login or _is_here(self._host)):
            raise ConfigError(
                f"{self.address}: the password or token would travel unencrypted; "
                "use https or tls, or allow it in the peers file with plain_login: true"
            )
        if self.login and self.login.token and isinstance(self.address, Node):
            raise ConfigError(f"{self.address}: a token is for DICOMweb; expected a user")

    @property
    def destination(self) -> str:
        """What names this archive in the list of what was sent."""
        return str(self.address)

    @property
    def _host(self) -> str:
        if isinstance(self.address, Node):
            return self.address.host
        return urlsplit(self.address.url).hostname or ""

    @property
    def _is_plain_url(self) -> bool:
        return isinstance(self.address, Web) and self.address.url.startswith("http:")


def parse_address(
    text: str, *, our_ae_title: str = OUR_AE_TITLE, listen: tuple[str, int] | None = None
) -> Node | Web | None:
    """HOST:PORT/AE-TITLE or a URL; None for text that is neither, such as a peer's name."""
    if "://" in text:
        return Web(url=text)
    found = _NODE.fullmatch(text)
    if not found:
        return None
    return Node(
        host=found["host"].strip("[]"), port=int(found["port"]), ae_title=found["aet"],
        our_ae_title=our_ae_title, listen=listen,
    )  # fmt: skip


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(url: str) -> str:
    """The URL without what may be a password, or a query that names a patient."""
    return re.sub(r"//[^/]*@", "//", url).split("?")[0].split("#")[0]
