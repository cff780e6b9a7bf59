"""Questions and retrieval on the DICOM network, against nodes that behave as told."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import build_context, evt
from pynetdicom.sop_class import (
    PositronEmissionTomographyImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from oligocount.errors import (
    ArchiveRefused,
    ArchiveUnreachable,
    ConfigError,
    PublishError,
)
from oligocount.pacs import connect
from oligocount.pacs.archive import Key, KeyKind
from oligocount.pacs.fetch import Fetched, fetch_study
from oligocount.pacs.peer import Peer, Tls

from . import made
from .conftest import Certificates
from .doubles import HASTY, archive_node, free_port, node

FIND = StudyRootQueryRetrieveInformationModelFind
GET = StudyRootQueryRetrieveInformationModelGet
MOVE = StudyRootQueryRetrieveInformationModelMove
KEY = Key(KeyKind.PATIENT, made.PATIENT_ID)


class Node:
    """An archive with files, as far as its models go; `knows` is where it may move things to."""

    def __init__(self, folder: Path, knows: int | None = None, **moving: Any) -> None:
        self._objects = [pydicom.dcmread(file) for file in sorted(folder.glob("*.dcm"))[:5]]
        self._knows = knows
        self._moving = {
            "contexts": [build_context(PositronEmissionTomographyImageStorage)],
            **moving,
        }
        self.levels: list[str] = []

    def swap(self, keyword: str, value: str) -> None:
        """One object says something else about itself."""
        setattr(self._objects[0], keyword, value)

    def find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        asked = event.identifier
        keyword = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID"}.get(
            asked.QueryRetrieveLevel, "SOPInstanceUID"
        )
        for value in dict.fromkeys(getattr(each, keyword) for each in self._objects):
            one = next(each for each in self._objects if getattr(each, keyword) == value)
            answer = Dataset()
            for element in asked:
                if element.keyword in one:
                    answer[element.tag] = one[element.tag]
            yield 0xFF00, answer

    def get(self, event: Any) -> Iterator[Any]:
        yield from self._given(event)

    def move(self, event: Any) -> Iterator[Any]:
        if self._knows is None:
            yield None, None
            return
        yield ("127.0.0.1", self._knows, self._moving)
        yield from self._given(event)

    def _given(self, event: Any) -> Iterator[Any]:
        self.levels.append(event.identifier.QueryRetrieveLevel)
        names = event.identifier.get("SOPInstanceUID") or []
        names = [names] if isinstance(names, str) else list(names)
        wanted = [each for each in self._objects if not names or each.SOPInstanceUID in names]
        yield len(wanted)
        for each in wanted:
            yield 0xFF00, each


@contextmanager
def serving(one: Node, *models: str) -> Iterator[int]:
    handlers = [
        (evt.EVT_C_FIND, one.find), (evt.EVT_C_GET, one.get), (evt.EVT_C_MOVE, one.move),
    ]  # fmt: skip
    with archive_node(handlers, models=(FIND, *models)) as port:
        yield port


def at(port: int, listen: int | None = None, **others: Any) -> Peer:
    place = None if listen is None else ("127.0.0.1", listen)
    return Peer(address=node(port, listen=place), **{"patience": HASTY, **others})


def fetch(peer: Peer, out: Path) -> Fetched:
    return fetch_study(
        made.STUDY_UID, connect(peer), HASTY, out, progress=lambda *_: None, tell=lambda _: None
    )


def test_an_archive_that_ignores_the_value_is_refused(pet: Path) -> None:
    one = Node(pet)
    one.swap("PatientID", "MRN-0815")
    with serving(one) as port, pytest.raises(ArchiveRefused, match="another PatientID") as error:
        connect(at(port)).find_studies(KEY)
    assert "0815" not in str(error.value)
    assert made.PATIENT_ID not in str(error.value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(0xA700, ArchiveUnreachable), (0xA900, ArchiveRefused), (0xC001, ArchiveRefused)],
)
def test_a_refused_query_is_no_empty_answer(status: int, kind: type[Exception]) -> None:
    """Nothing found and nothing told are not the same."""
    handlers = [(evt.EVT_C_FIND, lambda _: iter([(status, None)]))]
    with archive_node(handlers, models=[FIND]) as port, pytest.raises(kind):
        connect(at(port)).find_studies(KEY)


def test_an_archive_without_queries_says_so() -> None:
    with archive_node([]) as port, pytest.raises(ArchiveRefused, match=r"takes none of: .*FIND"):
        connect(at(port)).find_studies(KEY)


def test_objects_come_by_c_get_without_a_port_of_ours(pet: Path, tmp_path: Path) -> None:
    one = Node(pet)
    with serving(one, GET) as port:
        assert fetch(at(port), tmp_path).is_whole
    assert one.levels == ["SERIES"]
    whole = made.contents(pet)
    assert {uid: whole[uid] for uid in made.contents(tmp_path)} == made.contents(tmp_path)


def test_objects_come_by_c_move_where_we_listen(pet: Path, tmp_path: Path) -> None:
    ours = free_port()
    with serving(Node(pet, knows=ours), MOVE) as port:
        assert fetch(at(port, ours), tmp_path).is_whole
    assert len(made.contents(tmp_path)) == 5


def test_objects_are_moved_with_tls_both_ways(
    pet: Path, tmp_path: Path, certificates: Certificates
) -> None:
    """The archive calls us with its certificate, and we show ours."""
    ours = free_port()
    calling = ssl.create_default_context(cafile=certificates.ca_file)
    calling.load_cert_chain(certificates.server)
    one = Node(pet, knows=ours, tls_args=(calling, "127.0.0.1"))
    serving_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving_context.load_cert_chain(certificates.server)
    handlers = [(evt.EVT_C_FIND, one.find), (evt.EVT_C_MOVE, one.move)]
    tls = Tls(ca_file=certificates.ca_file, certificate=certificates.client, listens=True)
    with archive_node(handlers, models=(FIND, MOVE), ssl_context=serving_context) as port:
        assert fetch(at(port, ours, tls=tls), tmp_path).is_whole


def test_the_rest_of_a_series_is_asked_for_by_name(pet: Path, tmp_path: Path) -> None:
    one = Node(pet)
    with serving(one, GET) as port:
        kept = fetch(at(port), tmp_path).folder
        next(kept.rglob("*.dcm")).unlink()
        assert fetch(at(port), tmp_path).series[0].n_new == 1
    assert one.levels == ["SERIES", "IMAGE"]


def test_a_place_that_the_archive_does_not_know_is_named(pet: Path, tmp_path: Path) -> None:
    ours = free_port()
    with serving(Node(pet), MOVE) as port:
        reason = fetch(at(port, ours), tmp_path).series[0].reason
    assert f"register there the AE title 'OLIGOCOUNT' at 127.0.0.1:{ours}" in reason


def test_where_moving_fails_the_archive_is_asked_to_give(pet: Path, tmp_path: Path) -> None:
    with serving(Node(pet), MOVE, GET) as port:
        assert fetch(at(port, free_port()), tmp_path).is_whole


def test_an_archive_that_moves_alone_asks_for_a_port_of_ours(pet: Path, tmp_path: Path) -> None:
    with serving(Node(pet), MOVE) as port:
        assert "offers no C-GET; tell `listen`" in fetch(at(port), tmp_path).series[0].reason


def test_an_archive_that_cannot_reach_us_is_told_where_we_are(pet: Path, tmp_path: Path) -> None:
    ours = free_port()

    class Failing(Node):
        def _given(self, event: Any) -> Iterator[Any]:
            yield 5
            yield 0xA702, None

    with serving(Failing(pet, knows=ours), MOVE) as port:
        reason = fetch(at(port, ours), tmp_path).series[0].reason
    assert f"must reach the AE title 'OLIGOCOUNT' at 127.0.0.1:{ours}" in reason


def test_a_port_that_is_taken_is_a_setting_to_mend(pet: Path, tmp_path: Path) -> None:
    with serving(Node(pet), MOVE) as port, pytest.raises(ConfigError, match="listen"):
        fetch(at(port, port), tmp_path)


def test_an_object_of_another_study_is_not_kept_and_is_missing(pet: Path, tmp_path: Path) -> None:
    one = Node(pet)
    one.swap("StudyInstanceUID", "1.2.3")
    with serving(one, GET) as port:
        fetched = fetch(at(port), tmp_path)
    assert fetched.series[0].n_missing == 1
    assert "gave 4 of 5" in fetched.series[0].reason


def test_a_full_disk_at_ours_is_our_failure(pet: Path, tmp_path: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with serving(Node(pet), GET) as port, pytest.raises(PublishError, match="No space left"):
        fetch(at(port), tmp_path)
