"""Archives that behave as told, all on loopback: a node, a proxy that cuts, a web service."""

import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any

from pynetdicom import AE, ALL_TRANSFER_SYNTAXES
from pynetdicom.presentation import AllStoragePresentationContexts
from pynetdicom.sop_class import Verification

from oligocount.pacs.peer import Node, Patience, Peer

HASTY = Patience(timeout_s=5, attempts=3, backoff_s=0)


def free_port() -> int:
    """A port that nobody listens on now."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def node(port: int, ae_title: str = "ARCHIVE", **others: Any) -> Node:
    return Node(host="127.0.0.1", port=port, ae_title=ae_title, **others)


def peer(port: int, ae_title: str = "ARCHIVE", **others: Any) -> Peer:
    """A peer on loopback that is tried three times without a pause."""
    return Peer(address=node(port, ae_title), **{"patience": HASTY, **others})


@contextmanager
def archive_node(
    handlers: Sequence[Any],
    *,
    kinds: Sequence[str] = (),
    models: Sequence[str] = (),
    syntaxes: Sequence[str] = ALL_TRANSFER_SYNTAXES,
    ssl_context: Any = None,
    calling: Sequence[str] = (),
) -> Iterator[int]:
    """A node ARCHIVE that answers with `handlers`; gives its port."""
    entity = AE(ae_title="ARCHIVE")
    entity.require_called_aet = True
    entity.require_calling_aet = list(calling)
    entity.add_supported_context(Verification)
    for model in models:
        entity.add_supported_context(model)
    for kind in kinds or [each.abstract_syntax for each in AllStoragePresentationContexts]:
        entity.add_supported_context(kind, list(syntaxes), scu_role=True, scp_role=True)
    port = free_port()
    server = entity.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=list(handlers), ssl_context=ssl_context
    )
    try:
        yield port
    finally:
        server.shutdown()


class CuttingProxy:
    """Passes bytes on, and cuts each of the first connections after so many of them.

    `limits` holds a limit a connection, in order, None for none; afterwards nothing is cut.
    With `context` it speaks TLS to those who connect, as a web server before an archive does.
    """

    def __init__(
        self, target_port: int, limits: Sequence[int | None], context: ssl.SSLContext | None = None
    ) -> None:
        self._target_port = target_port
        self._context = context
        self._limits = list(limits)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                limit = self._limits.pop(0) if self._limits else None
                threading.Thread(target=self._serve, args=(client, limit), daemon=True).start()

    def _serve(self, client: socket.socket, limit: int | None) -> None:
        if self._context is not None:
            try:
                client = self._context.wrap_socket(client, server_side=True)
            except OSError:  # it does not trust us
                client.close()
                return
        with suppress(OSError):
            server = socket.create_connection(("127.0.0.1", self._target_port))
            left = [limit]
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(one, other, left), daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket, left: list[int | None]) -> None:
        with suppress(OSError):
            while data := one.recv(4096):
                if left[0] is not None:
                    left[0] -= len(data)
                    if left[0] < 0:
                        break
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def cutting_proxy(
    target_port: int, *limits: int | None, context: ssl.SSLContext | None = None
) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(target_port, limits, context)
    try:
        yield proxy
    finally:
        proxy.close()


Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def web_service(
    answer: Callable[[http.server.BaseHTTPRequestHandler], Answer], context: Any = None
) -> Iterator[tuple[str, list[str]]]:
    """A web service that gives `answer`; its URL, and the lines of the requests that came."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def _do(self) -> None:
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                while (size := int(self.rfile.readline(), 16)) > 0:
                    self.rfile.read(size + 2)
                self.rfile.readline()
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(self.requestline)
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _do  # noqa: N815 - as the library names them

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        scheme = "http" if context is None else "https"
        yield f"{scheme}://127.0.0.1:{server.server_port}/dicom-web", asked
    finally:
        server.shutdown()
        server.server_close()
