"""Walks the data elements of one DICOM file up to its pixels, and keeps the few that are wanted.

A whole header costs pydicom about a millisecond; a scan of a PACS dump needs thirty values of
each file, as bytes. The walker knows lengths and nesting and nothing else (PS3.5 section 7).
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import IO

_PREAMBLE = 128
_FIRST_READ = 32 * 1024
_MAX_DEPTH = 16
_MAX_INFLATED = 2**30
_AT_A_TIME = 2**10
_MAX_HEADER = 2**28
_ROWS = 0x00280010
_LAST_TAG_WITHOUT_PIXELS = 0x0054FFFF
_UNKNOWN = -1
_ITEM_GROUP = 0xFFFE
_UNDEFINED = 0xFFFFFFFF
_PIXELS = {0x7FE00008: "f4", 0x7FE00009: "f8", 0x7FE00010: ""}  # what numbers they hold
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG_VR = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT_VR = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_TRANSFER_SYNTAX = 0x00020010
_IMPLICIT_LITTLE = "1.2.840.10008.1.2"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_DEFLATED = "1.2.840.10008.1.2.1.99"


class NotDicom(ValueError):
    """The bytes are no DICOM file, or a broken one; the text says why."""


class BrokenDicom(NotDicom):
    """It is a DICOM file, but cut short or garbled."""


class _MoreNeeded(Exception):
    """The header goes on beyond the bytes at hand."""


@dataclass(frozen=True, slots=True)
class Elements:
    """What one file says before its pixels.

    `values` are raw bytes by tag. `pixel_offset` counts from the file's start (of the inflated
    stream where the syntax is deflated); `pixel_length` is None for encapsulated pixels;
    `pixel_float` is f4 or f8 for Float and Double Float Pixel Data.
    `data_set` is everything from the file meta information to the pixels, `ends` the tag of
    each of its top-level elements and where it ends.
    """

    values: Mapping[int, bytes]
    transfer_syntax_uid: str
    data_set: bytes
    ends: Sequence[tuple[int, int]]
    pixel_offset: int | None
    pixel_length: int | None
    pixel_float: str

    @property
    def byte_order(self) -> str:
        """The `struct` sign of this file's numbers."""
        return ">" if self.transfer_syntax_uid == _BIG_ENDIAN else "<"

    def excerpt(self, is_wanted: Callable[[int], bool]) -> bytes:
        """The data set with only the top-level elements that are wanted."""
        parts, start = [], 0
        for tag, end in self.ends:
            if is_wanted(tag):
                parts.append(self.data_set[start:end])
            start = end
        return b"".join(parts)


def read_elements(stream: IO[bytes], wanted: AbstractSet[int]) -> Elements:
    """The wanted elements of the file; reads no more of it than the header needs.

    Raises NotDicom when this is no DICOM file, BrokenDicom when the header is cut or garbled.
    """
    data = stream.read(_FIRST_READ)
    while True:
        try:
            return _parsed(data, wanted)
        except (_MoreNeeded, struct.error) as short:
            more = stream.read(7 * len(data)) if len(data) < _MAX_HEADER else b""
            if not more:
                raise BrokenDicom("the file ends inside its header") from short
            data += more


def read_inflated(stream: IO[bytes]) -> bytes:
    """The data set of a file in the deflated transfer syntax, inflated.

    Raises NotDicom when this is no DICOM file, BrokenDicom when it cannot be inflated.
    """
    data = stream.read()
    try:
        _, start = _transfer_syntax(data)
    except struct.error as error:
        raise BrokenDicom("the file ends inside its header") from error
    return b"".join(_pieces(data[start:]))


def refuse_bomb(stream: IO[bytes]) -> None:
    """Raise BrokenDicom where a file inflates beyond bounds, before anything else inflates it.

    What is not deflated, or is no DICOM file, is for others to judge.
    """
    data = stream.read()
    try:
        syntax, start = _transfer_syntax(data)
    except (NotDicom, _MoreNeeded, struct.error):
        return
    if syntax == _DEFLATED:
        for _ in _pieces(data[start:]):
            pass


def _parsed(data: bytes, wanted: AbstractSet[int]) -> Elements:
    syntax, start = _transfer_syntax(data)
    if syntax == _DEFLATED:
        data, start = b"".join(_pieces(data[start:])), 0
    order = ">" if syntax == _BIG_ENDIAN else "<"
    walk = _Walk(data, order=order, explicit=syntax != _IMPLICIT_LITTLE)
    values, end = walk.collect(start, wanted)
    offset, length = walk.pixel_span
    ends = [(tag, place - start) for tag, place in walk.ends]
    return Elements(values, syntax, data[start:end], ends, offset, length, walk.pixel_float)


def _transfer_syntax(data: bytes) -> tuple[str, int]:
    """The transfer syntax and where the data set starts."""
    if data[_PREAMBLE : _PREAMBLE + 4] != b"DICM":
        return _guessed_syntax(data), 0
    walk = _Walk(data, order="<", explicit=True)
    values, end = walk.collect(_PREAMBLE + 4, frozenset({_TRANSFER_SYNTAX}), last_group=0x0002)
    raw = values.get(_TRANSFER_SYNTAX)
    if raw is None:
        raise BrokenDicom("it states no (0002,0010) Transfer Syntax UID")
    return raw.rstrip(b"\0 ").decode("ascii", "replace"), end


def _guessed_syntax(start: bytes) -> str:
    """The syntax of a data set without file meta information, as old archives write it."""
    if len(start) < 8 or start[:2] != b"\x08\x00" or start[3] != 0:
        raise NotDicom("not a DICOM file")
    return "1.2.840.10008.1.2.1" if start[4:6] in _SHORT_VR else _IMPLICIT_LITTLE


def _pieces(packed: bytes) -> Iterator[bytes]:
    """The inflated data set piece by piece: 1 KiB of packed bytes gives 1 MiB at most."""
    engine, inflated = zlib.decompressobj(-zlib.MAX_WBITS), 0
    for start in range(0, len(packed), _AT_A_TIME):
        try:
            piece = engine.decompress(packed[start : start + _AT_A_TIME])
        except zlib.error as error:
            raise BrokenDicom(f"the deflated data set is broken: {error}") from error
        inflated += len(piece)
        if inflated > _MAX_INFLATED:
            raise BrokenDicom(f"the deflated data set exceeds {_MAX_INFLATED} bytes")
        yield piece
        if engine.eof:
            break


class _Walk:
    """One pass over the elements of a buffer; nested data sets are stepped over."""

    def __init__(self, data: bytes, *, order: str, explicit: bool) -> None:
        self._data = data
        self._explicit = explicit
        self._with_vr = struct.Struct(order + "HH2sH").unpack_from
        self._without_vr = struct.Struct(order + "HHL").unpack_from
        self._long = struct.Struct(order + "L").unpack_from
        self.pixel_span: tuple[int | None, int | None] = (None, None)
        self.pixel_float = ""
        self.ends: list[tuple[int, int]] = []

    def collect(
        self, start: int, wanted: AbstractSet[int], *, last_group: int = 0xFFFF
    ) -> tuple[dict[int, bytes], int]:
        """Wanted values, and the place where the pixels, the last group or the data end."""
        values: dict[int, bytes] = {}
        data, position, size = self._data, start, len(self._data)
        explicit, ends = self._explicit, self.ends
        while position < size:
            tag, begin, length = self._element(position, explicit=explicit)
            if tag > _LAST_TAG_WITHOUT_PIXELS or last_group < tag >> 16:
                if tag >> 16 > last_group or _ROWS not in values:
                    return values, position
                if tag in _PIXELS:
                    self.pixel_float = _PIXELS[tag]
                    self.pixel_span = (begin, None if length == _UNDEFINED else length)
                    return values, position
            if length == _UNKNOWN:
                raise BrokenDicom(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) has no known VR")
            end = begin + length
            if length == _UNDEFINED:
                end = self._after(begin, length, explicit=explicit, depth=0)
            if tag in wanted:
                if tag in values:
                    raise BrokenDicom(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) stands twice")
                values[tag] = data[begin:end]
            position = end
            ends.append((tag, end))
        if position > size:
            raise _MoreNeeded
        return values, position

    def _element(self, position: int, *, explicit: bool) -> tuple[int, int, int]:
        """Tag, start and length of the value of the element that begins here."""
        if explicit:
            group, element, kind, length = self._with_vr(self._data, position)
            if kind in _SHORT_VR:
                return group << 16 | element, position + 8, length
            if kind in _LONG_VR:
                return group << 16 | element, position + 12, self._long(self._data, position + 8)[0]
            if group != _ITEM_GROUP:
                return group << 16 | element, position, _UNKNOWN
        group, element, length = self._without_vr(self._data, position)
        return group << 16 | element, position + 8, length

    def _after(self, begin: int, length: int, *, explicit: bool, depth: int) -> int:
        if length == _UNKNOWN:
            raise BrokenDicom("an element inside a sequence has no known VR")
        if length != _UNDEFINED:
            return begin + length
        is_implicit = explicit and self._data[begin - 8 : begin - 6] == b"UN"  # PS3.5 6.2.2
        return self._after_items(begin, explicit=explicit and not is_implicit, depth=depth + 1)

    def _after_items(self, position: int, *, explicit: bool, depth: int) -> int:
        if depth > _MAX_DEPTH:
            raise BrokenDicom(f"sequences are nested more than {_MAX_DEPTH} deep")
        while True:
            tag, position, length = self._element(position, explicit=explicit)
            if tag == _SEQUENCE_END:
                return position
            if tag != _ITEM:
                raise BrokenDicom(f"a sequence holds ({tag >> 16:04X},{tag & 0xFFFF:04X})")
            if length != _UNDEFINED:
                position += length
                continue
            position = self._after_item(position, explicit=explicit, depth=depth)

    def _after_item(self, position: int, *, explicit: bool, depth: int) -> int:
        while True:
            tag, begin, length = self._element(position, explicit=explicit)
            if tag == _ITEM_END:
                return begin
            position = self._after(begin, length, explicit=explicit, depth=depth)
