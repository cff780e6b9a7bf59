"""Where a fetched study stands: DIR/STUDY/SERIES/OBJECT.dcm, named by identifiers alone."""

import io
import os
import secrets
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from oligocount.errors import ArchiveRefused, PublishError
from oligocount.pacs.told import checked_uid

_NAMES = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


class Landing:
    """One study's place in `out`: hidden under a temporary name until it is whole.

    Objects that came before a connection broke stay there, and are not fetched again.
    """

    def __init__(self, out: Path, study: str) -> None:
        self._study = study
        self.whole = out / study
        self.part = out / f".{study}.part"

    def here(self, series: str) -> frozenset[str]:
        """The objects of a series that are on disk already."""
        folders = (self.whole / series, self.part / series)
        return frozenset(file.stem for folder in folders for file in folder.glob("*.dcm"))

    def keep(self, content: bytes) -> None:
        """The object stands on disk, whole.

        Raises ArchiveRefused for one of another study, or none; PublishError when it cannot be
        written.
        """
        study, series, name = _identifiers(content)
        if study != self._study:
            raise ArchiveRefused("the archive gave an object of another study")
        folder = self.part / series
        new = folder / f".{secrets.token_hex(4)}.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            new.write_bytes(content)
            new.rename(folder / f"{name}.dcm")
        except OSError as error:
            new.unlink(missing_ok=True)
            raise PublishError(f"{folder}: cannot be written: {error.strerror}") from error

    def finish(self) -> None:
        """What was fetched stands in `whole`, beside what was there before; `part` is gone.

        Raises PublishError when it cannot be moved there.
        """
        try:
            if not self.whole.exists():
                self.part.rename(self.whole)
                return
            for file in sorted(self.part.rglob("*.dcm")):
                place = self.whole / file.relative_to(self.part)
                place.parent.mkdir(exist_ok=True)
                file.rename(place)
            for folder, _, _ in os.walk(self.part, topdown=False):
                Path(folder).rmdir()
        except OSError as error:
            raise PublishError(f"{self.whole}: cannot be written: {error.strerror}") from error


def _identifiers(content: bytes) -> tuple[str, str, str]:
    try:
        header = pydicom.dcmread(io.BytesIO(content), specific_tags=list(_NAMES))
    except (InvalidDicomError, ValueError, KeyError, EOFError) as error:
        raise ArchiveRefused("the archive gave what is no DICOM object") from error
    study, series, name = (checked_uid(header.get(keyword)) for keyword in _NAMES)
    return study, series, name
