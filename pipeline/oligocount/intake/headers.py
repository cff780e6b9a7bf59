"""The header record: what intake needs to know of one frame, as plain values.

One file gives one record; a multi-frame file is taken apart into one record a frame by
`frames.py`. No identity is kept: of the patient only a digest that tells two apart.
"""

import functools
import hashlib
import io
import logging
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pydicom
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.errors import BytesLengthException
from pydicom.filereader import read_dataset

from oligocount.intake.classes import MULTI_FRAME, PET, VALUE_MAPPING
from oligocount.intake.elements import BrokenDicom, Elements, read_elements
from oligocount.intake.facts import is_fact
from oligocount.intake.mr_tags import NO_TAGS, MrTags, read_mr_tags
from oligocount.intake.mr_tags import WANTED as MR_WANTED
from oligocount.intake.values import (
    to_code,
    to_number,
    to_numbers,
    to_short,
    to_text,
    to_texts,
    to_uid,
    to_whole,
)

UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError,
              EOFError, OSError, OverflowError, struct.error, BytesLengthException)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One frame's header. None or () = the attribute is absent or empty."""

    file: Path
    frame: int = 0
    sop_class_uid: str
    sop_instance_uid: str | None
    study_uid: str | None
    series_uid: str
    patient_digest: str | None
    modality: str | None
    transfer_syntax_uid: str
    frame_of_reference_uid: str | None
    image_type: tuple[str, ...]
    description: str
    acquired: str | None
    series_number: int | None
    instance_number: int | None
    n_frames: int | None
    rows: int | None
    columns: int | None
    position: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing: tuple[float, ...]
    slice_thickness: float | None
    samples_per_pixel: int | None
    photometric: str | None
    bits_allocated: int | None
    bits_stored: int | None
    high_bit: int | None
    pixel_representation: int | None
    slope: float | None
    intercept: float | None
    rescale_type: str | None
    corrected: tuple[str, ...]
    n_slices_stated: int | None
    units: str | None
    series_type: tuple[str, ...]
    attenuation_method: str | None
    reconstruction: str | None
    kernel: str | None
    contrast: str | None
    reconstruction_diameter_mm: float | None
    frame_reference_ms: float | None
    temporal_index: int | None
    trigger_ms: float | None
    sequence: str | None
    repetition_ms: float | None
    echo_ms: float | None
    inversion_ms: float | None
    b_value: float | None
    lossy: str | None
    byte_order: str
    pixel_offset: int | None
    pixel_length: int | None
    pixel_float: str = ""
    data_set: bytes = b""
    mr: MrTags = NO_TAGS

    @property
    def words(self) -> str:
        """The description as words: an underscore parts words as a blank does."""
        return self.description.replace("_", " ")


def read_header(stream: IO[bytes], file: Path, *, size: int) -> Header:
    """The record of the file, its pixels unread.

    Raises NotDicom when it is no DICOM file, BrokenDicom when it is cut short or a value that
    decides what pixels mean cannot be understood.
    """
    elements = read_elements(stream, _WANTED)
    values = _values(elements)
    for name in ("sop_class_uid", "series_uid"):
        if not values[name]:
            raise BrokenDicom(f"it has no {name.replace('_', ' ')}: not an instance of a series")
    _refuse_cut_pixels(elements, size)
    if values["rows"] and elements.pixel_offset is None:
        raise BrokenDicom("cut short: it has rows and columns but no pixels")
    is_mr = values["modality"] == "MR"
    mr = read_mr_tags(elements.values, elements.byte_order) if is_mr else NO_TAGS
    return Header(
        file=file,
        patient_digest=_digest(elements.values.get(_PATIENT_ID, b"").strip(b"\0 ")),
        description=_description(elements),
        acquired=_acquired(elements),
        transfer_syntax_uid=elements.transfer_syntax_uid,
        byte_order=elements.byte_order,
        pixel_offset=elements.pixel_offset,
        pixel_length=elements.pixel_length,
        pixel_float=elements.pixel_float,
        data_set=_kept(elements, values["sop_class_uid"]),
        mr=mr,
        b_value=mr.b_value,
        **values,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """No word of the DICOM libraries on the screen: they quote values, and one may be a name.

    Enter it in one thread only, around the threads that read.
    """
    loggers = [logging.getLogger(name) for name in ("pydicom", "openjpeg")]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


def is_multi_frame(header: Header) -> bool:
    """True for image classes that hold several slices in one object."""
    return header.sop_class_uid in MULTI_FRAME


def to_dataset(header: Header) -> pydicom.Dataset:
    """The header as a pydicom data set; only of headers that kept a `data_set`.

    Raises BrokenDicom when pydicom cannot parse it.
    """
    implicit = header.transfer_syntax_uid == pydicom.uid.ImplicitVRLittleEndian
    little = header.byte_order == "<"
    try:
        return read_dataset(io.BytesIO(header.data_set), implicit, little)
    except UNREADABLE as error:
        raise BrokenDicom("its data set cannot be parsed") from error


def _refuse_cut_pixels(elements: Elements, size: int) -> None:
    offset, length = elements.pixel_offset, elements.pixel_length
    is_deflated = elements.transfer_syntax_uid == pydicom.uid.DeflatedExplicitVRLittleEndian
    if offset is None or length is None or is_deflated:
        return
    if offset + length > size:
        raise BrokenDicom(
            f"cut short: its pixels need {length} bytes, {max(size - offset, 0)} stand"
        )


def _kept(elements: Elements, sop_class_uid: str) -> bytes:
    """What later stages parse with pydicom: of the many slices of a PET no more than it says."""
    if sop_class_uid == PET:
        return elements.excerpt(is_fact)
    return elements.data_set if sop_class_uid in MULTI_FRAME | {VALUE_MAPPING} else b""


def _digest(raw: bytes) -> str | None:
    return hashlib.sha256(raw).hexdigest() if raw else None


def _description(elements: Elements) -> str:
    raw = elements.values.get(_DESCRIPTION) or elements.values.get(_PROTOCOL) or b""
    charsets = to_texts(elements.values.get(_CHARSET, b""), "<")
    try:
        encodings = convert_encodings(list(charsets) or "")
        text = decode_bytes(raw, encodings, {0x0A, 0x0C, 0x0D})
    except (LookupError, UnicodeError, ValueError):
        text = raw.decode("latin-1")
    return "".join(each if each.isprintable() else " " for each in text).strip()


def _acquired(elements: Elements) -> str | None:
    """Date and time of the acquisition as YYYYMMDDHHMMSS..., the series' where it has none."""
    for date, time in _DATE_AND_TIME:
        day = to_text(elements.values.get(date, b""), "<")
        if day:
            return day + (to_text(elements.values.get(time, b""), "<") or "")
    return None


def _values(elements: Elements) -> dict[str, Any]:
    values = dict(_EMPTY)
    order = elements.byte_order
    for tag, raw in elements.values.items():
        name = _NAMES.get(tag)
        if name and raw:
            values[name] = _value(name, raw, order)
    return values


@functools.lru_cache(maxsize=4096)  # slices of a series repeat nearly all of it
def _value(name: str, raw: bytes, order: str) -> Any:
    tag, convert = _FIELDS[name]
    try:
        return convert(raw, order)
    except (ValueError, OverflowError, struct.error) as error:
        if name not in _DECISIVE:
            return None
        place = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
        raise BrokenDicom(f"{place} {name.replace('_', ' ')} cannot be understood") from error


_CHARSET, _DESCRIPTION, _PROTOCOL, _PATIENT_ID = 0x00080005, 0x0008103E, 0x00181030, 0x00100020
_DATE_AND_TIME = ((0x00080022, 0x00080032), (0x00080021, 0x00080031), (0x00080020, 0x00080030))
_FIELDS: dict[str, tuple[int, Callable[[bytes, str], Any]]] = {
    "image_type": (0x00080008, to_texts),
    "sop_class_uid": (0x00080016, to_uid),
    "sop_instance_uid": (0x00080018, to_uid),
    "modality": (0x00080060, to_code),
    "contrast": (0x00180010, to_text),
    "sequence": (0x00180020, to_text),
    "slice_thickness": (0x00180050, to_number),
    "repetition_ms": (0x00180080, to_number),
    "echo_ms": (0x00180081, to_number),
    "inversion_ms": (0x00180082, to_number),
    "trigger_ms": (0x00181060, to_number),
    "reconstruction_diameter_mm": (0x00181100, to_number),
    "kernel": (0x00181210, to_text),
    "study_uid": (0x0020000D, to_uid),
    "series_uid": (0x0020000E, to_uid),
    "series_number": (0x00200011, to_whole),
    "instance_number": (0x00200013, to_whole),
    "position": (0x00200032, to_numbers),
    "orientation": (0x00200037, to_numbers),
    "frame_of_reference_uid": (0x00200052, to_uid),
    "temporal_index": (0x00200100, to_whole),
    "samples_per_pixel": (0x00280002, to_short),
    "photometric": (0x00280004, to_text),
    "n_frames": (0x00280008, to_whole),
    "rows": (0x00280010, to_short),
    "columns": (0x00280011, to_short),
    "pixel_spacing": (0x00280030, to_numbers),
    "corrected": (0x00280051, to_texts),
    "bits_allocated": (0x00280100, to_short),
    "bits_stored": (0x00280101, to_short),
    "high_bit": (0x00280102, to_short),
    "pixel_representation": (0x00280103, to_short),
    "intercept": (0x00281052, to_number),
    "slope": (0x00281053, to_number),
    "rescale_type": (0x00281054, to_text),
    "lossy": (0x00282110, to_text),
    "n_slices_stated": (0x00540081, to_short),
    "series_type": (0x00541000, to_texts),
    "units": (0x00541001, to_code),
    "attenuation_method": (0x00541101, to_text),
    "reconstruction": (0x00541103, to_text),
    "frame_reference_ms": (0x00541300, to_number),
}
_NAMES = {tag: name for name, (tag, _) in _FIELDS.items()}
_EMPTY = {name: convert(b"", "<") for name, (_, convert) in _FIELDS.items()}
_DECISIVE = frozenset({
    "sop_class_uid", "sop_instance_uid", "study_uid", "series_uid", "frame_of_reference_uid",
    "position", "orientation", "n_frames", "rows", "columns", "pixel_spacing", "bits_allocated",
    "bits_stored", "high_bit", "pixel_representation", "samples_per_pixel", "intercept", "slope",
})  # fmt: skip
_OTHERS = {_CHARSET, _DESCRIPTION, _PROTOCOL, _PATIENT_ID, *sum(_DATE_AND_TIME, ())}
_WANTED = frozenset({tag for tag, _ in _FIELDS.values()} | _OTHERS | MR_WANTED)
