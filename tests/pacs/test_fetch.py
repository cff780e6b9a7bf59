"""A study is whole on disk, or what came is kept and what is missing is told."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from oligocount.cohort.manifest import read_cohort
from oligocount.errors import (
    ArchiveRefused,
    ArchiveUnreachable,
    InputError,
    PublishError,
    SeriesNotFound,
)
from oligocount.pacs.archive import Key, KeyKind, SeriesFound, StudyFound
from oligocount.pacs.fetch import Fetched, describe, fetch_study, find_studies, refuse_many
from oligocount.pacs.landing import Landing
from oligocount.pacs.told import checked_uid

from . import made
from .doubles import HASTY

PET = "1.2.826.0.1.3680043.8.498.100"
STUDY = StudyFound(
    uid=made.STUDY_UID, date="20240102", modalities=("PT",), n_series=1, n_objects=60
)


class Archive:
    """Holds files by name; gives at most so many a time, then breaks."""

    def __init__(self, files: dict[str, bytes], *limits: int, extra: int = 0) -> None:
        self._files, self._limits, self._extra = files, list(limits), extra
        self.asked: list[frozenset[str]] = []

    def find_series(self, study: str) -> tuple[SeriesFound, ...]:
        return (
            SeriesFound(
                uid=PET, modality="PT", objects=tuple(self._files), sop_classes=(),
                n_told=len(self._files) + self._extra,
            ),
        )  # fmt: skip

    def find_studies(self, key: Key) -> tuple[StudyFound, ...]:
        return (STUDY, STUDY) if key.value == "many" else ()

    def retrieve(
        self, study: str, series: SeriesFound, missing: frozenset[str], keep: Callable
    ) -> None:
        self.asked.append(missing)
        limit = self._limits.pop(0) if self._limits else None
        for number, name in enumerate(sorted(missing)):
            if number == limit:
                raise ArchiveUnreachable("the connection broke")
            keep(self._files[name])


@pytest.fixture
def files(pet: Path) -> dict[str, bytes]:
    """Six slices by identifier."""
    return {f"{PET}.{n + 1}": (pet / f"{n:03d}.dcm").read_bytes() for n in range(6)}


def fetch(archive: object, out: Path, *modalities: str) -> Fetched:
    return fetch_study(
        made.STUDY_UID, archive, HASTY, out, modalities=frozenset(modalities),
        progress=lambda *_: None, tell=lambda _: None,
    )  # fmt: skip


def test_a_study_stands_under_its_identifiers_byte_by_byte(files, tmp_path: Path) -> None:
    fetched = fetch(Archive(files), tmp_path)
    assert fetched.folder == tmp_path / made.STUDY_UID
    assert fetched.is_whole
    assert {
        file.stem: file.read_bytes() for file in (fetched.folder / PET).iterdir()
    } == files  # fmt: skip
    assert [each.name for each in tmp_path.iterdir()] == [made.STUDY_UID]


def test_a_connection_that_breaks_is_made_anew_for_the_rest(files, tmp_path: Path) -> None:
    archive = Archive(files, 2, 1)
    assert fetch(archive, tmp_path).is_whole
    assert [len(each) for each in archive.asked] == [6, 4, 3]


def test_what_came_is_kept_hidden_and_the_next_time_fetches_the_rest(files, tmp_path: Path) -> None:
    fetched = fetch(Archive(files, 2, 0, 0), tmp_path)
    assert not fetched.is_whole
    assert fetched.series[0].n_missing == 4
    assert fetched.series[0].reason == "the connection broke"
    assert fetched.folder == tmp_path / f".{made.STUDY_UID}.part"
    assert len(list(fetched.folder.rglob("*.dcm"))) == 2
    archive = Archive(files)
    again = fetch(archive, tmp_path)
    assert (again.is_whole, again.series[0].n_new) == (True, 4)
    assert [len(each) for each in archive.asked] == [4]


def test_a_batch_does_not_see_a_study_before_it_is_whole(files, tmp_path: Path) -> None:
    fetch(Archive(files, 2, 0, 0), tmp_path)
    with pytest.raises(InputError, match="no case"):
        read_cohort(tmp_path, fact_names=set(), check_facts=lambda _: None)
    fetch(Archive(files), tmp_path)
    cohort = read_cohort(tmp_path, fact_names=set(), check_facts=lambda _: None)
    assert [each.case_id for each in cohort.cases] == [made.STUDY_UID]


def test_what_is_there_is_not_fetched_again_and_new_objects_join_it(files, tmp_path: Path) -> None:
    first = dict(list(files.items())[:4])
    fetch(Archive(first), tmp_path)
    archive = Archive(files)
    fetched = fetch(archive, tmp_path)
    assert [len(each) for each in archive.asked] == [2]
    assert len(list((fetched.folder / PET).iterdir())) == 6
    assert [each.name for each in tmp_path.iterdir()] == [made.STUDY_UID]
    archive = Archive(files)
    assert fetch(archive, tmp_path).is_whole
    assert archive.asked == []


def test_objects_that_the_archive_counts_and_does_not_give_are_missing(
    files, tmp_path: Path
) -> None:
    fetched = fetch(Archive(files, extra=3), tmp_path)
    assert (fetched.is_whole, fetched.series[0].n_missing) == (False, 3)
    assert "gave 6 of 9 objects" in fetched.series[0].reason


def test_one_bad_series_does_not_stop_the_others(files, tmp_path: Path) -> None:
    class Two(Archive):
        def find_series(self, study: str) -> tuple[SeriesFound, ...]:
            bad = SeriesFound(
                uid="1.2", modality="OT", objects=("1.2.3",), sop_classes=(), n_told=1
            )
            return (bad, *super().find_series(study))

        def retrieve(self, study, series, missing, keep) -> None:
            if series.modality == "OT":
                raise ArchiveRefused("cannot give this")
            super().retrieve(study, series, missing, keep)

    other, pet = fetch(Two(files), tmp_path).series
    assert (other.n_missing, other.reason) == (1, "cannot give this")
    assert pet.n_missing == 0


def test_only_the_modalities_asked_for_come(files, tmp_path: Path) -> None:
    assert fetch(Archive(files), tmp_path, "PT").is_whole
    with pytest.raises(SeriesNotFound, match="modalities there: PT"):
        fetch(Archive(files), tmp_path, "CT")


def test_a_full_disk_ends_it_and_leaves_no_half_object(files, tmp_path: Path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(PublishError, match="No space left"):
        fetch(Archive(files), tmp_path)
    assert list(tmp_path.rglob("*.dcm")) == []


def test_an_object_of_another_study_is_refused(files, tmp_path: Path) -> None:
    landing = Landing(tmp_path, "1.2.3")
    with pytest.raises(ArchiveRefused, match="another study"):
        landing.keep(next(iter(files.values())))
    with pytest.raises(ArchiveRefused, match="no DICOM"):
        landing.keep(b"not at all")
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize("text", ["../../etc", "1.2/3", "", "..", "1.2\n3", "1" * 65])
def test_an_identifier_cannot_lead_out_of_the_folder(text: str) -> None:
    with pytest.raises(ArchiveRefused):
        checked_uid(text)
    assert checked_uid("1.2.840.1\0") == "1.2.840.1"


@pytest.mark.parametrize("value", ["", "  ", "*", "12?4", "a\\b"])
def test_a_value_that_would_match_many_patients_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(InputError) as error:
        Key(KeyKind.PATIENT, value)
    assert "12?4" not in str(error.value)
    assert "4711" not in repr(Key(KeyKind.PATIENT, "4711"))


def test_several_studies_are_refused_with_a_list_to_choose_from() -> None:
    archive, key = Archive({}), Key(KeyKind.ACCESSION, "many")
    found = find_studies(key, archive, HASTY, lambda _: None)
    with pytest.raises(InputError) as error:
        refuse_many(found, key)
    assert str(error.value).count(describe(STUDY)) == 2
    assert "many" not in str(error.value)
    with pytest.raises(SeriesNotFound):
        find_studies(Key(KeyKind.ACCESSION, "none"), archive, HASTY, lambda _: None)


def test_a_study_is_described_by_what_the_archive_tells() -> None:
    assert describe(STUDY) == f"{made.STUDY_UID}  20240102  PT  1 series, 60 objects"
    bare = StudyFound(uid="1.2", date=None, modalities=(), n_series=None, n_objects=None)
    assert describe(bare) == "1.2  no date  modalities not told  ? series, ? objects"
