"""An archive behind DICOMweb (PS3.18): STOW-RS, QIDO-RS, WADO-RS."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pydicom
from dicomweb_client.web import DICOMwebClient
from pydicom.dataset import Dataset
from requests.exceptions import HTTPError

from oligocount.errors import InputError
from oligocount.pacs.archive import Keep, Key, KeyKind, SeriesFound, Stored, StudyFound
from oligocount.pacs.objects import DicomObject
from oligocount.pacs.peer import Peer
from oligocount.pacs.told import checked_uid, refuse_other, refused_store, values, whole_number
from oligocount.pacs.web_session import opened_session

_NO_STUDY = "2.25.0"  # a question that nothing answers
_PAGE = 500
_ABOUT_ONE = (400, 409, 413, 415, 422)  # HTTP statuses that speak of the object, not of us
_ALREADY_THERE = 0x0111
_STUDY_FIELDS = (
    "ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances",
)  # fmt: skip

Search = Callable[[int], list[dict[str, Any]]]  # an offset -> a page of DICOM JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class WebArchive:
    """A DICOMweb service; see `Archive` for what each method promises."""

    peer: Peer

    def check(self) -> None:
        """Return when a query was answered; it asks for a study that there is not."""
        with opened_session(self.peer) as client:
            client.search_for_studies(search_filters={"StudyInstanceUID": _NO_STUDY}, limit=1)

    def store(self, objects: Iterable[DicomObject]) -> Iterator[Stored]:
        """Each object with what the archive answered, a request each (STOW-RS)."""
        with opened_session(self.peer) as client:
            for one in objects:
                yield _stored(one, client)

    def find_studies(self, key: Key) -> tuple[StudyFound, ...]:
        """Every study with this key (QIDO-RS)."""
        with opened_session(self.peer) as client:
            found = _pages(
                lambda offset: client.search_for_studies(
                    search_filters={key.kind.value: key.value},
                    fields=_STUDY_FIELDS,
                    limit=_PAGE,
                    offset=offset,
                ),
                "StudyInstanceUID",
            )
        return tuple(_study(each, key, self.peer.destination) for each in found)

    def find_series(self, study: str) -> tuple[SeriesFound, ...]:
        """Every series of a study with its objects' identifiers (QIDO-RS)."""
        with opened_session(self.peer) as client:
            found = _pages(
                lambda offset: client.search_for_series(
                    study, fields=("NumberOfSeriesRelatedInstances",), limit=_PAGE, offset=offset
                ),
                "SeriesInstanceUID",
            )
            return tuple(_series(each, study, client) for each in found)

    def retrieve(
        self, study: str, series: SeriesFound, missing: frozenset[str], keep: Keep
    ) -> None:
        """The missing objects one by one, in the encoding in which they are stored (WADO-RS)."""
        with opened_session(self.peer) as client:
            for uid in sorted(missing):
                found = client.retrieve_instance(
                    study, series.uid, uid, media_types=(("application/dicom", "*"),)
                )
                keep(_as_file(found))


def _stored(one: DicomObject, client: DICOMwebClient) -> Stored:
    try:
        answer = client.store_instances([pydicom.dcmread(one.file)])
    except OSError as error:
        if isinstance(error, HTTPError) and error.response is not None:
            return _refused(one, error)
        if error.filename is not None:
            raise InputError(f"{one.file}: cannot be read: {error.strerror}") from error
        raise
    return _answered(one, answer)


def _refused(one: DicomObject, error: HTTPError) -> Stored:
    """What the answer says of this object. Raises `error` again when it is about us."""
    if error.response.status_code not in _ABOUT_ONE:
        raise error
    try:
        answer = Dataset.from_json(error.response.json())
    except (ValueError, TypeError, KeyError, AttributeError):
        answer = Dataset()
    if "FailedSOPSequence" in answer:
        return _answered(one, answer)
    return Stored(object=one, failure=f"the archive refused it (HTTP {error.response.status_code})")


def _answered(one: DicomObject, answer: Dataset) -> Stored:
    """By the failures that the answer lists (PS3.18 10.5.3); each request holds one object."""
    failures = answer.get("FailedSOPSequence") or []
    if not failures:
        return Stored(object=one, failure=None)
    reason = whole_number(failures[0].get("FailureReason"))
    if reason == _ALREADY_THERE:
        return Stored(object=one, failure=None, note="the archive had it already, and kept its own")
    return Stored(object=one, failure=refused_store(reason))


def _pages(search: Search, identifier: str) -> list[Dataset]:
    """All that a search finds, page by page; a service may know no pages and tell all each time."""
    found: dict[str, Dataset] = {}
    while True:
        page = [Dataset.from_json(each) for each in search(len(found))]
        new = {checked_uid(each.get(identifier)): each for each in page}
        if not set(new) - set(found):
            return list(found.values())
        found |= new
        if len(page) < _PAGE:
            return list(found.values())


def _study(found: Dataset, key: Key, archive: str) -> StudyFound:
    refuse_other(key, str(found.get(key.kind.value) or ""), archive)
    return StudyFound(
        uid=checked_uid(found.get(KeyKind.STUDY.value)),
        date=str(found.get("StudyDate") or "") or None,
        modalities=tuple(sorted(values(found, "ModalitiesInStudy"))),
        n_series=whole_number(found.get("NumberOfStudyRelatedSeries")),
        n_objects=whole_number(found.get("NumberOfStudyRelatedInstances")),
    )


def _series(found: Dataset, study: str, client: DICOMwebClient) -> SeriesFound:
    uid = checked_uid(found.get("SeriesInstanceUID"))
    objects = _pages(
        lambda offset: client.search_for_instances(study, uid, limit=_PAGE, offset=offset),
        "SOPInstanceUID",
    )
    kinds = {checked_uid(each.SOPClassUID) for each in objects if each.get("SOPClassUID")}
    return SeriesFound(
        uid=uid,
        modality=str(found.get("Modality") or ""),
        objects=tuple(checked_uid(each.get("SOPInstanceUID")) for each in objects),
        sop_classes=tuple(sorted(kinds)),
        n_told=whole_number(found.get("NumberOfSeriesRelatedInstances")),
    )


def _as_file(found: Dataset) -> bytes:
    content = io.BytesIO()
    found.save_as(content, enforce_file_format=True)
    return content.getvalue()
