"""DICOMDIR: the index of a disc says which files ought to be there."""

from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from oligocount.intake.elements import refuse_bomb

NAME = "DICOMDIR"


def missing_files(index: Path, present: frozenset[Path]) -> tuple[int, int]:
    """How many files the index names, and how many of them are absent from `present`.

    An index that cannot be read names none: the files themselves are scanned anyway.
    """
    try:
        with index.open("rb") as stream:
            refuse_bomb(stream)
        records = pydicom.dcmread(index).get("DirectoryRecordSequence") or ()
        named = [record.get("ReferencedFileID") for record in records]
    except (InvalidDicomError, OSError, ValueError, AttributeError, KeyError, TypeError):
        return 0, 0
    known = {str(file).lower() for file in present}
    paths = [
        index.parent.joinpath(*([name] if isinstance(name, str) else name))
        for name in named
        if name
    ]
    return len(paths), sum(str(path).lower() not in known for path in paths)
