"""All DICOM objects of one result, in memory, and their files."""

import warnings
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from oligocount.domain.result import Result
from oligocount.errors import PublishError
from oligocount.publish.dicom.lesions import reported_lesions
from oligocount.publish.dicom.origin import Origin, origin_of
from oligocount.publish.dicom.rtstruct import lesions_rtstruct
from oligocount.publish.dicom.seg import lesions_seg, structures_seg
from oligocount.publish.dicom.source import read_source_headers
from oligocount.publish.dicom.sr import measurement_report
from oligocount.settings import DicomSettings

_FROM_HEADERS = (AttributeError, KeyError, TypeError, ValueError)


def dicom_objects(
    result: Result,
    document: Mapping[str, Any],
    settings: DicomSettings,
    now: datetime,
    *,
    read_source: Callable[[Result], tuple[Dataset, ...]] = read_source_headers,
) -> dict[str, Dataset]:
    """File name -> object: SEG of lesions, organs and stations, SR, RTSTRUCT.

    What has nothing to hold is left out: no lesion, no lesion SEG and no RTSTRUCT. A reader's
    version has no maps of its own: organs and stations are the machine's.
    Raises PublishError when the PET was not DICOM or its headers do not carry the objects.
    """
    source = read_source(result)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the libraries' warnings cite the patient's name
            origin = origin_of(result, source, document.get("reader"))
            return _objects(origin, document, settings, now)
    except _FROM_HEADERS as error:
        raise PublishError(f"the PET's headers do not carry new objects: {error}") from error


def write_objects(folder: Path, objects: Mapping[str, Dataset]) -> None:
    """Every object stands in the folder under its name."""
    folder.mkdir()
    for name, each in objects.items():
        each.save_as(folder / name, enforce_file_format=True)


def _objects(
    origin: Origin, document: Mapping[str, Any], settings: DicomSettings, now: datetime
) -> dict[str, Dataset]:
    anatomy = origin.result.anatomy
    lesions = reported_lesions(origin.result)
    kind = settings.segmentation_type
    objects: dict[str, Dataset] = {}
    seg = lesions_seg(origin, lesions, kind) if lesions else None
    if seg is not None:
        objects["lesions_seg.dcm"] = seg
        objects["lesions_rtstruct.dcm"] = lesions_rtstruct(origin, lesions, settings.rtstruct, now)
    maps = {"organs": anatomy.organs.labels, "stations": anatomy.stations}
    for name, labels in maps.items() if not origin.is_readers else ():
        if labels is not None and labels.array.any():
            objects[f"{name}_seg.dcm"] = structures_seg(name, labels, origin, kind)
    objects["measurements_sr.dcm"] = measurement_report(origin, document, lesions, seg)
    return objects
