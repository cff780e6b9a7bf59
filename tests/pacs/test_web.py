"""DICOMweb against services that behave as told: nothing leaks, nothing cut passes for whole."""

import json
import logging
import ssl
from pathlib import Path
from typing import Any

import pytest

from oligocount.errors import ArchiveRefused, ArchiveUnreachable, PublishError
from oligocount.pacs import connect, send_case
from oligocount.pacs.archive import Key, KeyKind, SeriesFound
from oligocount.pacs.peer import Login, Peer, Tls, Web
from oligocount.pacs.send import State

from . import made
from .conftest import Certificates
from .doubles import HASTY, free_port, web_service

SECRET_KEY = Key(KeyKind.PATIENT, made.PATIENT_ID)
JSON = {"Content-Type": "application/dicom+json; charset=utf-8"}
PET = SeriesFound(uid="1.2.3.4", modality="PT", objects=("1.2.3.4.1",), sop_classes=(), n_told=1)


def at(url: str, **others: Any) -> Peer:
    return Peer(address=Web(url=url), **{"patience": HASTY, **others})


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(ArchiveUnreachable, match="cannot be reached: Connection refused"):
        connect(at(f"http://127.0.0.1:{free_port()}/dicom-web")).check()


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (401, ArchiveRefused, "wants a login"),
        (403, ArchiveRefused, "not allowed"),
        (404, ArchiveRefused, "no such thing at this URL"),
        (405, ArchiveRefused, "does not offer this"),
        (503, ArchiveUnreachable, "for now"),
        (500, ArchiveUnreachable, "for now"),
    ],
)
def test_each_refusal_says_what_to_do(status: int, kind: type[Exception], told: str) -> None:
    with (
        web_service(lambda _: (status, {"Content-Length": "0"}, b"")) as (url, _),
        pytest.raises(kind, match=told),
    ):
        connect(at(url)).check()


def test_a_redirect_is_not_followed(case: Path) -> None:
    """Patients' objects go where the user said, and nowhere else."""
    with web_service(lambda _: (200, JSON, b"")) as (elsewhere, followed):
        moved = (307, {"Location": elsewhere, "Content-Length": "0"}, b"")
        with web_service(lambda _: moved) as (url, _):
            peer = at(url)
            sent = send_case(
                case, connect(peer), peer, lambda _: None, again=False, tell=lambda _: None
            )
    assert {each.text for each in sent} == {f"{url}: redirects to another URL; tell that one"}
    assert followed == []


@pytest.mark.parametrize(
    "answer",
    [
        (500, {"Content-Length": "0"}, b""),
        (403, {"Content-Length": "0"}, b""),
        (200, {"Content-Type": "application/dicom+json", "Content-Length": "5"}, b"[{]]]"),
        (200, {"Content-Type": "text/html", "Content-Length": "5"}, b"hello"),
        (200, {"Content-Length": "50"}, b"cut"),
    ],
    ids=["busy", "forbidden", "no_json", "a_page", "cut"],
)
def test_no_failure_repeats_what_was_asked(answer: tuple, caplog, capfd) -> None:
    caplog.set_level(logging.DEBUG, "oligocount")
    with web_service(lambda _: answer) as (url, asked), pytest.raises(PublishError) as error:
        connect(at(url)).find_studies(SECRET_KEY)
    assert made.PATIENT_ID in asked[0]
    told = str(error.value) + caplog.text + "".join(capfd.readouterr())
    assert made.PATIENT_ID not in told


def study(uid: str, patient: str | None) -> dict[str, Any]:
    found = {"0020000D": {"vr": "UI", "Value": [uid]}}
    return found if patient is None else {**found, "00100020": {"vr": "LO", "Value": [patient]}}


def answer_with(*studies: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    body = json.dumps(studies).encode()
    return 200, {**JSON, "Content-Length": str(len(body))}, body


def test_a_service_that_ignores_the_value_is_refused() -> None:
    """It would hand over other patients' studies."""
    with (
        web_service(lambda _: answer_with(study("1.2", "MRN-0815"))) as (url, _),
        pytest.raises(ArchiveRefused, match="studies of another PatientID") as error,
    ):
        connect(at(url)).find_studies(SECRET_KEY)
    assert "0815" not in str(error.value)
    assert made.PATIENT_ID not in str(error.value)


def test_a_service_without_pages_is_asked_no_more_than_twice() -> None:
    found = answer_with(*[study(f"1.2.{n}", made.PATIENT_ID) for n in range(1, 601)])
    with web_service(lambda _: found) as (url, asked):
        assert len(connect(at(url)).find_studies(SECRET_KEY)) == 600
    assert len(asked) == 2


def test_pages_are_put_together() -> None:
    def answer(request: Any) -> tuple[int, dict[str, str], bytes]:
        offset = int(request.path.split("offset=")[1].split("&")[0])
        return answer_with(
            *[study(f"1.2.{n + 1}", None) for n in range(offset, min(offset + 500, 1200))]
        )

    with web_service(answer) as (url, asked):
        assert len(connect(at(url)).find_studies(SECRET_KEY)) == 1200
    assert len(asked) == 3


def test_an_object_cut_in_the_middle_is_not_taken_for_whole(pet: Path) -> None:
    """Without a length told, only the missing end of the parts shows it."""
    whole = (pet / "000.dcm").read_bytes()
    begin = b"--b\r\nContent-Type: application/dicom\r\n\r\n"
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
    kept: list[bytes] = []
    with (
        web_service(lambda _: (200, kind, begin + whole[:-700])) as (url, _),
        pytest.raises(ArchiveUnreachable, match="the connection broke"),
    ):
        connect(at(url)).retrieve("1.2", PET, frozenset(PET.objects), kept.append)
    assert kept == []
    with web_service(lambda _: (200, kind, begin + whole + b"\r\n--b--\r\n")) as (url, _):
        connect(at(url)).retrieve("1.2", PET, frozenset(PET.objects), kept.append)
    assert kept == [whole]


def failed(reason: int) -> bytes:
    item = {"00081197": {"vr": "US", "Value": [reason]}}
    return json.dumps({"00081198": {"vr": "SQ", "Value": [item]}}).encode()


@pytest.mark.parametrize("status", [200, 202, 409])
@pytest.mark.parametrize(
    ("reason", "state", "text"),
    [
        (0xA700, State.FAILED, "the archive refused it: it is out of resources (0xa700)"),
        (0x0122, State.FAILED,
         "the archive refused it: this kind of object is not supported (0x0122)"),
        (0x0111, State.SENT, "the archive had it already, and kept its own"),
    ],
)  # fmt: skip
def test_what_the_service_lists_as_failed_has_failed(
    case: Path, status: int, reason: int, state: State, text: str
) -> None:
    body = failed(reason)
    answer = (status, {**JSON, "Content-Length": str(len(body))}, body)
    with web_service(lambda _: answer) as (url, _):
        peer = at(url)
        sent = send_case(
            case, connect(peer), peer, lambda _: None, again=False, tell=lambda _: None
        )
    assert {(each.state, each.text) for each in sent} == {(state, text)}


def test_a_refusal_without_words_is_of_the_object(case: Path) -> None:
    with web_service(lambda _: (413, {"Content-Length": "0"}, b"")) as (url, asked):
        peer = at(url)
        sent = send_case(
            case, connect(peer), peer, lambda _: None, again=False, tell=lambda _: None
        )
    assert {each.text for each in sent} == {"the archive refused it (HTTP 413)"}
    assert len(asked) == len(made.FILES)


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (Login(user="me", password="open:sesame"), "Basic bWU6b3BlbjpzZXNhbWU="),
        (Login(token="abc"), "Bearer abc"),
        (None, None),
    ],
)
def test_the_peers_login_goes_along_and_no_other(
    login: Login | None, expected: str | None, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    seen: list[str | None] = []

    def answer(request: Any) -> tuple[int, dict[str, str], bytes]:
        seen.append(request.headers.get("Authorization"))
        return answer_with()

    with web_service(answer) as (url, _):
        connect(at(url, login=login)).check()
    assert seen == [expected]


def test_tls_proves_both_sides_and_refuses_others(certificates: Certificates) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates.server)
    ours = Tls(ca_file=certificates.ca_file, certificate=certificates.client)
    with web_service(lambda _: answer_with(), context) as (url, _):
        connect(at(url, tls=ours)).check()
        for wrong in (Tls(ca_file=certificates.other_ca_file), None):
            with pytest.raises(ArchiveRefused, match="certificate is not trusted"):
                connect(at(url, tls=wrong)).check()
        with pytest.raises(PublishError):
            connect(at(url, tls=Tls(ca_file=certificates.ca_file))).check()
