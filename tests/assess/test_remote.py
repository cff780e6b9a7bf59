"""Another engine over HTTP, against a real local server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from oligocount.assess.remote import ask_engine
from oligocount.errors import ConfigError, ModelError
from oligocount.settings import EngineSettings

SETTINGS = EngineSettings(timeout_s=0.5, retries=2, backoff_s=0.25)
ANSWER = {"verdicts": {"THEIRS": {"decision": "OLIGO", "reason": "few"}}}
DOCUMENT = {
    "id": "P1",
    "counts": {"N": 1},
    "lesions": [],
    "facts": {"histology": "SCC"},
    "verdicts": {"CN2025": {}},
}


class Engine:
    """A server that gives the prepared answers in turn and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.pauses: list[float] = []
        self.hold = threading.Event()
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                engine.asked.append(json.loads(self.rfile.read(length)))
                code, content = engine.answers.pop(0)
                if content == "never":
                    engine.hold.wait(5)
                    return
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/decide"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ask(self) -> dict[str, Any]:
        return ask_engine(self.url, DOCUMENT, SETTINGS, sleep=self.pauses.append)


@pytest.fixture
def engines() -> Iterator[Any]:
    started: list[Engine] = []

    def start(*answers: tuple[int, Any]) -> Engine:
        started.append(Engine(*answers))
        return started[-1]

    yield start
    for each in started:
        each.hold.set()
        each.server.shutdown()
        each.server.server_close()


def test_counts_go_out_and_the_answer_comes_back(engines) -> None:
    engine = engines((200, ANSWER))
    assert engine.ask() == ANSWER
    assert engine.pauses == []
    asked = engine.asked[0]
    assert asked == {
        "schema_version": "1.0", "id": "P1", "counts": {"N": 1}, "lesions": [],
        "facts": {"histology": "SCC"},
    }  # fmt: skip


@pytest.mark.parametrize("code", [500, 503, 429, 408])
def test_a_server_that_fails_is_asked_again_after_a_pause_that_doubles(engines, code) -> None:
    engine = engines((code, {}), (code, {}), (200, ANSWER))
    assert engine.ask() == ANSWER
    assert engine.pauses == [0.25, 0.5]


def test_a_server_that_never_answers_in_time_is_asked_again(engines) -> None:
    engine = engines((200, "never"), (200, ANSWER))
    assert engine.ask() == ANSWER
    assert len(engine.asked) == 2


def test_after_the_last_attempt_it_is_an_error(engines) -> None:
    engine = engines((500, {}), (500, {}), (500, {}))
    with pytest.raises(ModelError, match="no answer after 3 attempts"):
        engine.ask()


@pytest.mark.parametrize("code", [400, 404])
def test_a_refusal_is_final(engines, code) -> None:
    engine = engines((code, {}), (200, ANSWER))
    with pytest.raises(ModelError, match=f"no answer after 1 attempts: HTTP Error {code}"):
        engine.ask()
    assert len(engine.asked) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"OLIGO", "expected JSON"),
        (b"\xff\xfe", "expected JSON"),
        ({}, "the answer: 'verdicts' is a required property"),
        ({"verdicts": {}}, "verdicts: "),
        ({"verdicts": {"X": {"decision": "YES"}}}, "verdicts.X.decision: 'YES' is not one of"),
        ({"verdicts": {"X": {}}}, "verdicts.X: 'decision' is a required property"),
        ([], "the answer: "),
    ],
)
def test_an_answer_of_another_shape_is_refused(engines, content, message) -> None:
    with pytest.raises(ModelError) as refused:
        engines((200, content)).ask()
    assert message in str(refused.value)


def test_nobody_at_the_address_is_told() -> None:
    pauses: list[float] = []
    with pytest.raises(ModelError, match=r"engine http://127\.0\.0\.1:9/: no answer after 3"):
        ask_engine("http://127.0.0.1:9/", DOCUMENT, SETTINGS, sleep=pauses.append)
    assert len(pauses) == 2


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "engine"])
def test_only_http_is_asked(url) -> None:
    with pytest.raises(ConfigError, match="expected a URL that begins with http"):
        ask_engine(url, DOCUMENT, SETTINGS)
