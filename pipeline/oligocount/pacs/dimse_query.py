"""Questions to an archive on the DICOM network (C-FIND, PS3.4 C.4.1), by study root."""

from collections.abc import Iterator, Mapping

from pydicom.dataset import Dataset
from pynetdicom import build_context
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from oligocount.errors import ArchiveRefused, ArchiveUnreachable
from oligocount.pacs.archive import Key, KeyKind, SeriesFound, StudyFound
from oligocount.pacs.association import associated
from oligocount.pacs.peer import Peer
from oligocount.pacs.told import checked_uid, refuse_other, values, whole_number

_PENDING = (0xFF00, 0xFF01)
_OUT_OF_RESOURCES = 0xA700


def find_studies(peer: Peer, key: Key) -> tuple[StudyFound, ...]:
    """Every study with the key. Raises ArchiveRefused when the archive tells one without it."""
    asked = {
        KeyKind.STUDY.value: "", key.kind.value: key.value, "StudyDate": "",
        "ModalitiesInStudy": "", "NumberOfStudyRelatedSeries": "",
        "NumberOfStudyRelatedInstances": "",
    }  # fmt: skip
    found = []
    for each in _found(peer, "STUDY", asked):
        refuse_other(key, str(each.get(key.kind.value) or ""), peer.destination)
        found.append(
            StudyFound(
                uid=checked_uid(each.get(KeyKind.STUDY.value)),
                date=str(each.get("StudyDate") or "") or None,
                modalities=tuple(sorted(values(each, "ModalitiesInStudy"))),
                n_series=whole_number(each.get("NumberOfStudyRelatedSeries")),
                n_objects=whole_number(each.get("NumberOfStudyRelatedInstances")),
            )
        )
    return tuple(found)


def find_series(peer: Peer, study: str) -> tuple[SeriesFound, ...]:
    """Every series of a study, and its objects' identifiers."""
    asked = {
        "StudyInstanceUID": study, "SeriesInstanceUID": "", "Modality": "",
        "NumberOfSeriesRelatedInstances": "",
    }  # fmt: skip
    found = []
    for each in _found(peer, "SERIES", asked):
        uid = checked_uid(each.get("SeriesInstanceUID"))
        objects = _found(
            peer, "IMAGE",
            {"StudyInstanceUID": study, "SeriesInstanceUID": uid, "SOPInstanceUID": "",
             "SOPClassUID": ""},
        )  # fmt: skip
        found.append(
            SeriesFound(
                uid=uid,
                modality=str(each.get("Modality") or ""),
                objects=tuple(checked_uid(one.get("SOPInstanceUID")) for one in objects),
                sop_classes=tuple(
                    sorted(
                        {checked_uid(one.SOPClassUID) for one in objects if one.get("SOPClassUID")}
                    )
                ),
                n_told=whole_number(each.get("NumberOfSeriesRelatedInstances")),
            )
        )
    return tuple(found)


def _found(peer: Peer, level: str, asked: Mapping[str, str]) -> tuple[Dataset, ...]:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in asked.items():
        setattr(identifier, keyword, value)
    return tuple(_answers(peer, identifier))


def _answers(peer: Peer, identifier: Dataset) -> Iterator[Dataset]:
    model = StudyRootQueryRetrieveInformationModelFind
    with associated(peer, [build_context(model)]) as association:
        for status, answer in association.send_c_find(identifier, model):
            if "Status" not in status:
                raise ArchiveUnreachable(f"{peer.address}: the connection broke")
            if status.Status in _PENDING and answer is not None:
                yield answer
            elif status.Status == _OUT_OF_RESOURCES:
                raise ArchiveUnreachable(f"{peer.address}: is out of resources")
            elif status.Status != 0:
                raise ArchiveRefused(
                    f"{peer.address}: refuses the query (C-FIND status {status.Status:#06x})"
                )
