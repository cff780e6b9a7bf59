"""What compressed frames say of their own size, before a decoder makes room for it."""

import struct
from collections.abc import Iterator

from oligocount.errors import GeometryError

_J2K = b"\xff\x4f\xff\x51"  # SOC and SIZ (ISO/IEC 15444-1 A.4, A.5); HTJ2K begins alike
_JPEG = b"\xff\xd8\xff"  # SOI and the first byte of a marker (ISO/IEC 10918-1 B.1)
_NO_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))  # TEM, RST, SOI
_NO_FRAME = frozenset((0xC4, 0xC8, 0xCC))  # among C0..CF those that begin no frame: DHT, JPG, DAC
_JPEG_LS = 0xF7  # SOF55 (ISO/IEC 14495-1)
_END = frozenset((0xD9, 0xDA))  # EOI, SOS: a frame's size stands before


def refuse_larger_frames(data: bytes, syntax: str, rows: int, columns: int) -> None:
    """Raise GeometryError where a codestream in `data` is larger than its image is said to be.

    `data` are encapsulated pixels, whole, in the transfer syntax `syntax`. A decoder allocates
    what a codestream of JPEG or JPEG 2000 asks for: some hundred bytes can ask for gigabytes. A
    size of 0 (said later, or nowhere) is refused too. Run lengths (RLE) say no size and unpack 64
    times at most.
    """
    family = _FAMILIES.get(syntax)
    for height, width in family(data) if family else ():
        if not (0 < height <= rows and 0 < width <= columns):
            raise GeometryError(
                f"a compressed frame says of itself that it has {height} x {width} pixels; "
                f"expected at most (0028,0010) Rows x (0028,0011) Columns, {rows} x {columns}"
            )


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    place = data.find(mark)
    while place >= 0:
        yield place
        place = data.find(mark, place + len(mark))


def _jpeg_2000(data: bytes) -> Iterator[tuple[int, int]]:
    """Height and width of each: the reference grid less the image's offset in it (A.5.1)."""
    for place in _places(data, _J2K):
        size = data[place + 8 : place + 24]
        if len(size) == 16:
            right, below, left, above = struct.unpack(">4L", size)
            yield below - above, right - left


def _jpeg(data: bytes) -> Iterator[tuple[int, int]]:
    """Height and width in the frame header of each (B.2.2)."""
    for begin in _places(data, _JPEG):
        place = begin + 2
        while data[place : place + 1] == b"\xff" and place + 9 <= len(data):
            marker = data[place + 1]
            if marker in _END:
                break
            if marker in _NO_LENGTH or marker == 0xFF:
                place += 1 if marker == 0xFF else 2
                continue
            is_frame = 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME
            if is_frame or marker == _JPEG_LS:
                height, width = struct.unpack(">2H", data[place + 5 : place + 9])
                yield height, width
                break
            place += 2 + int.from_bytes(data[place + 2 : place + 4])


_OF_JPEG = "1.2.840.10008.1.2.4."  # PS3.6 table A-1
_FAMILIES = {
    **{f"{_OF_JPEG}{n}": _jpeg for n in range(50, 82)},
    **{f"{_OF_JPEG}{n}": _jpeg_2000 for n in (90, 91, 92, 93, 201, 202, 203)},
}
