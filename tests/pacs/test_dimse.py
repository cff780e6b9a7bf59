"""The DICOM network against nodes that behave as told: each failure named, nothing lost."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.sop_class import (
    ComprehensiveSRStorage,
    RTStructureSetStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from oligocount.errors import ArchiveRefused, ArchiveUnreachable, ConfigError, PublishError
from oligocount.pacs import connect, send_case
from oligocount.pacs.peer import Login, Node, Peer, Tls
from oligocount.pacs.send import Sent, State

from . import made
from .conftest import Certificates
from .doubles import archive_node, cutting_proxy, free_port, node, peer

FIND = StudyRootQueryRetrieveInformationModelFind
GET = StudyRootQueryRetrieveInformationModelGet
MOVE = StudyRootQueryRetrieveInformationModelMove
ALL = {State.SENT: len(made.FILES)}


class Store:
    """Keeps what comes, or answers with a status."""

    def __init__(self, *statuses: int) -> None:
        self._statuses = list(statuses)
        self.kept: dict[str, Dataset] = {}
        self.n_came = 0

    @property
    def handlers(self) -> list[tuple[Any, Callable[[Any], int]]]:
        return [(evt.EVT_C_STORE, self._answer)]

    def _answer(self, event: Any) -> int:
        self.n_came += 1
        status = self._statuses.pop(0) if self._statuses else 0
        if status in (0, 0xB000):
            self.kept[event.request.AffectedSOPInstanceUID] = event.dataset
        return status


def send(case: Path, at: Peer) -> tuple[Sent, ...]:
    return send_case(case, connect(at), at, lambda _: None, again=False, tell=lambda _: None)


def counted(sent: tuple[Sent, ...]) -> dict[State, int]:
    return {state: n for state in State if (n := sum(each.state is state for each in sent))}


def test_a_node_that_answers_passes_the_check() -> None:
    with archive_node([]) as port:
        connect(peer(port)).check()


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"ae_title": "WRONG"}, "'WRONG' is not its AE title"),
        ({"our_ae_title": "NOBODY"}, "does not know our AE title 'NOBODY'"),
    ],
)
def test_a_wrong_ae_title_is_named(others: dict[str, str], told: str) -> None:
    with archive_node([], calling=["OLIGOCOUNT"]) as port:
        at = Peer(address=node(port, **others), patience=peer(port).patience)
        with pytest.raises(ArchiveRefused, match=told):
            connect(at).check()


def test_nobody_there_is_unreachable_and_a_publishing_failure() -> None:
    with pytest.raises(ArchiveUnreachable, match="Connection refused") as error:
        connect(peer(free_port())).check()
    assert isinstance(error.value, PublishError)
    assert error.value.exit_status == 6


def test_a_name_that_no_machine_has_is_told() -> None:
    at = Peer(address=Node(host="nowhere.invalid", port=104, ae_title="A"))
    with pytest.raises(ArchiveUnreachable, match=r"no machine has the name 'nowhere\.invalid'"):
        connect(at).check()


def test_a_port_that_speaks_something_else_is_told() -> None:
    with (
        archive_node([]) as port,
        cutting_proxy(port, 0) as proxy,
        pytest.raises(ArchiveUnreachable, match="hung up before an association"),
    ):
        connect(peer(proxy.port)).check()


def test_every_object_arrives_as_it_stands_on_disk(case: Path) -> None:
    store = Store()
    with archive_node(store.handlers) as port:
        assert counted(send(case, peer(port))) == ALL
    on_disk = {f.SOPInstanceUID: f for f in map(pydicom.dcmread, (case / "dicom").iterdir())}
    assert {uid: each.to_json_dict() for uid, each in store.kept.items()} == {
        uid: each.to_json_dict() for uid, each in on_disk.items()
    }


def test_an_archive_that_takes_implicit_encoding_alone_gets_the_same_content(case: Path) -> None:
    store = Store()
    with archive_node(store.handlers, syntaxes=[ImplicitVRLittleEndian]) as port:
        assert counted(send(case, peer(port))) == ALL
    for file in (case / "dicom").iterdir():
        there = store.kept[pydicom.dcmread(file).SOPInstanceUID]
        here = pydicom.dcmread(file)
        for each in (there, here):
            if "PixelData" in each:
                each["PixelData"].VR = "OW"  # all that implicit encoding knows (PS3.5 A.1)
        assert there.to_json_dict() == here.to_json_dict()


def test_a_read_only_archive_refuses_each_object_with_a_reason(case: Path) -> None:
    with archive_node(Store(*[0x0124] * 5).handlers) as port:
        sent = send(case, peer(port))
    assert counted(sent) == {State.FAILED: len(made.FILES)}
    assert {"not allowed to store" in each.text for each in sent} == {True}
    assert len(list((case / "dicom").iterdir())) == len(made.FILES)


def test_an_archive_without_our_kinds_refuses_those_alone(case: Path) -> None:
    kinds = [RTStructureSetStorage, ComprehensiveSRStorage]
    with archive_node(Store().handlers, kinds=kinds) as port:
        sent = send(case, peer(port))
    failed = {each.object.modality: each.text for each in sent if each.state is State.FAILED}
    assert failed == {"SEG": "the archive takes no Segmentation Storage"}
    assert counted(sent)[State.SENT] == 2


@pytest.mark.parametrize("breaks", [(3000,), (30_000, 60_000)])
def test_a_connection_that_breaks_in_the_middle_is_made_anew_for_the_rest(
    case: Path, breaks: tuple[int, ...]
) -> None:
    store = Store()
    with archive_node(store.handlers) as port, cutting_proxy(port, *breaks) as proxy:
        sent = send(case, peer(proxy.port))
        assert proxy.connections == len(breaks) + 1
    assert counted(sent) == ALL
    assert len(store.kept) == len(made.FILES)


def test_a_connection_that_always_breaks_leaves_the_objects_and_says_so(case: Path) -> None:
    with archive_node(Store().handlers) as port, cutting_proxy(port, *[9000] * 30) as proxy:
        sent = send(case, peer(proxy.port))
    assert State.FAILED in counted(sent)
    assert all(each.text for each in sent if each.state is State.FAILED)
    assert len(list((case / "dicom").iterdir())) == len(made.FILES)
    with archive_node(Store().handlers) as port:
        assert counted(send(case, peer(port))) == ALL


def test_out_of_resources_is_tried_again(case: Path) -> None:
    store = Store(0, 0xA700)
    with archive_node(store.handlers) as port:
        assert counted(send(case, peer(port))) == ALL
    assert store.n_came == len(made.FILES) + 1


def test_what_the_archive_has_already_is_not_a_failure(case: Path) -> None:
    with archive_node(Store(0x0111).handlers) as port:
        sent = send(case, peer(port))
    assert counted(sent) == ALL
    assert sent[0].text == "the archive had it already, and kept its own"


def test_a_warning_is_told(case: Path) -> None:
    with archive_node(Store(0xB000).handlers) as port:
        assert send(case, peer(port))[0].text == "it changed elements"


def server_side(certificates: Certificates) -> ssl.SSLContext:
    """What a node has that wants to see a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates.server)
    return context


def test_both_sides_prove_who_they_are_by_tls(case: Path, certificates: Certificates) -> None:
    tls = Tls(ca_file=certificates.ca_file, certificate=certificates.client)
    with archive_node(Store().handlers, ssl_context=server_side(certificates)) as port:
        assert counted(send(case, peer(port, tls=tls))) == ALL


def test_an_authority_that_we_do_not_trust_is_refused(certificates: Certificates) -> None:
    tls = Tls(ca_file=certificates.other_ca_file, certificate=certificates.client)
    with (
        archive_node([], ssl_context=server_side(certificates)) as port,
        pytest.raises(ArchiveRefused, match="certificate is not trusted"),
    ):
        connect(peer(port, tls=tls)).check()


def test_a_certificate_for_another_name_is_refused(certificates: Certificates) -> None:
    tls = Tls(
        ca_file=certificates.ca_file, certificate=certificates.client, server_name="other.example"
    )
    with (
        archive_node([], ssl_context=server_side(certificates)) as port,
        pytest.raises(ArchiveRefused, match="certificate is not trusted"),
    ):
        connect(peer(port, tls=tls)).check()


def test_without_our_certificate_the_node_hangs_up(certificates: Certificates) -> None:
    with (
        archive_node([], ssl_context=server_side(certificates)) as port,
        pytest.raises(PublishError, match="certificate"),
    ):
        connect(peer(port, tls=Tls(ca_file=certificates.ca_file))).check()


def test_tls_to_a_node_without_is_told(certificates: Certificates) -> None:
    with (
        archive_node([]) as port,
        pytest.raises(PublishError, match=r"TLS failed|cannot be reached|hung up"),
    ):
        connect(peer(port, tls=Tls(ca_file=certificates.ca_file))).check()


def test_files_that_are_no_certificates_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigError, match=r"ca\.pem: expected certificates"):
        connect(peer(free_port(), tls=Tls(ca_file=tmp_path / "ca.pem"))).check()


def test_user_and_password_go_with_the_association(case: Path) -> None:
    def verify(event: Any) -> tuple[bool, None]:
        return (event.primary_field, event.secondary_field) == (b"me", b"open-sesame"), None

    with archive_node([*Store().handlers, (evt.EVT_USER_ID, verify)]) as port:
        login = Login(user="me", password="open-sesame")
        assert counted(send(case, peer(port, login=login))) == ALL
        wrong = peer(port, login=Login(user="me", password="guess"))
        with pytest.raises(PublishError, match="refuses the association") as error:
            connect(wrong).check()
        assert "guess" not in str(error.value)
