"""Studies out of an archive: found by one exact value, whole on disk or told what is missing."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oligocount.errors import ArchiveRefused, ArchiveUnreachable, InputError, SeriesNotFound
from oligocount.pacs.archive import Archive, Key, KeyKind, SeriesFound, StudyFound
from oligocount.pacs.landing import Landing
from oligocount.pacs.peer import Patience
from oligocount.pacs.retrying import Sleep, Tell, with_retries


class _IncompleteError(ArchiveUnreachable):
    """The archive answered, and gave less than it lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedSeries:
    """A series, how many objects it lists, which are missing, and why."""

    uid: str
    modality: str
    n_listed: int
    n_new: int
    n_missing: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A study on disk. `folder` is its place: a hidden one where something is missing."""

    study: str
    folder: Path
    series: tuple[FetchedSeries, ...]

    @property
    def is_whole(self) -> bool:
        """True when every object that the archive lists is there."""
        return not any(each.n_missing for each in self.series)


Progress = Callable[[SeriesFound, int], None]  # a series, and how many of its objects are here


def find_studies(
    key: Key, archive: Archive, patience: Patience, tell: Tell, sleep: Sleep = time.sleep
) -> tuple[StudyFound, ...]:
    """The studies with the key. Raises SeriesNotFound where there is none."""
    found = with_retries(lambda: archive.find_studies(key), patience, tell, sleep)
    if not found:
        raise SeriesNotFound(f"the archive has no study with this {key.kind}")
    return found


def refuse_many(found: tuple[StudyFound, ...], key: Key) -> None:
    """Return for one study. Raises InputError that lists them where a choice is needed."""
    if len(found) > 1 and key.kind is not KeyKind.STUDY:
        listed = "".join(f"\n  {describe(each)}" for each in found)
        raise InputError(
            f"{len(found)} studies have this {key.kind}; take one by --study, or --all:{listed}"
        )


def describe(study: StudyFound) -> str:
    """A line without anything that names a person."""
    date = study.date or "no date"
    modalities = " ".join(study.modalities) or "modalities not told"
    n_series = "?" if study.n_series is None else study.n_series
    n_objects = "?" if study.n_objects is None else study.n_objects
    return f"{study.uid}  {date}  {modalities}  {n_series} series, {n_objects} objects"


def fetch_study(
    study: str,
    archive: Archive,
    patience: Patience,
    out: Path,
    *,
    modalities: frozenset[str] = frozenset(),
    progress: Progress,
    tell: Tell,
    sleep: Sleep = time.sleep,
) -> Fetched:
    """The study stands in OUT/STUDY, whole, or what came of it in a hidden folder beside.

    Only series of `modalities` where any are told. What is on disk already is not fetched again.
    Raises SeriesNotFound where there is no such series, and PublishError when OUT cannot be
    written.
    """
    listed = with_retries(lambda: archive.find_series(study), patience, tell, sleep)
    wanted = [each for each in listed if not modalities or each.modality in modalities]
    if not wanted:
        kinds = ", ".join(sorted({each.modality for each in listed})) or "none"
        raise SeriesNotFound(f"study {study}: no such series; modalities there: {kinds}")
    landing = Landing(out, study)
    done: list[FetchedSeries] = []
    broken = ""
    for series in wanted:
        one = _Series(series, study, archive, landing, progress)
        reason = broken
        try:
            if not broken:
                with_retries(one.fetch, patience, tell, sleep)
        except (_IncompleteError, ArchiveRefused) as error:
            reason = str(error)
        except ArchiveUnreachable as error:
            reason = broken = str(error)
        done.append(one.result(reason))
    if any(each.n_missing for each in done):
        return Fetched(study=study, folder=landing.part, series=tuple(done))
    landing.finish()
    return Fetched(study=study, folder=landing.whole, series=tuple(done))


class _Series:
    """One series on its way."""

    def __init__(
        self,
        series: SeriesFound,
        study: str,
        archive: Archive,
        landing: Landing,
        progress: Progress,
    ) -> None:
        self._series, self._study = series, study
        self._archive, self._landing, self._progress = archive, landing, progress
        self._before = len(landing.here(series.uid) & set(series.objects))
        self._came = 0

    def fetch(self) -> None:
        """Every object is on disk. Raises ArchiveUnreachable where some are not, for now."""
        missing = self._missing()
        if missing:
            self._archive.retrieve(self._study, self._series, missing, self._keep)
        self._progress(self._series, self._n_listed - len(self._missing()))
        left = len(self._missing()) + self._n_not_listed
        if left:
            raise _IncompleteError(
                f"series {self._series.uid}: the archive gave {self._n_listed - left} of "
                f"{self._n_listed} objects"
            )

    def result(self, reason: str) -> FetchedSeries:
        n_missing = len(self._missing()) + self._n_not_listed
        n_here = self._n_listed - n_missing
        return FetchedSeries(
            uid=self._series.uid,
            modality=self._series.modality,
            n_listed=self._n_listed,
            n_new=n_here - self._before,
            n_missing=n_missing,
            reason=reason if n_missing else "",
        )

    def _keep(self, content: bytes) -> None:
        self._landing.keep(content)
        self._came += 1
        self._progress(self._series, self._before + self._came)

    def _missing(self) -> frozenset[str]:
        return frozenset(self._series.objects) - self._landing.here(self._series.uid)

    @property
    def _n_not_listed(self) -> int:
        """Objects that the archive counts and does not name."""
        return max(0, (self._series.n_told or 0) - len(self._series.objects))

    @property
    def _n_listed(self) -> int:
        return len(self._series.objects) + self._n_not_listed
