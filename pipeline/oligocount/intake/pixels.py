"""Decodes a stack into one float32 array, slope and intercept of each slice applied."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import pixel_array

from oligocount.errors import IncompleteSeries, MissingTag
from oligocount.intake.headers import Header
from oligocount.intake.slices import Stack
from oligocount.intake.source import Sources

Progress = Callable[[int, int], None]
_NATIVE = frozenset(
    {
        pydicom.uid.ImplicitVRLittleEndian,
        pydicom.uid.ExplicitVRLittleEndian,
        pydicom.uid.ExplicitVRBigEndian,
    }
)
_CODEC_ERRORS = (ValueError, RuntimeError, AttributeError, NotImplementedError, KeyError,
                 IndexError, TypeError, OSError, EOFError)  # fmt: skip


def read_stack(
    stack: Stack, sources: Sources, *, workers: int, progress: Progress | None = None
) -> NDArray[np.float32]:
    """Modality values (k, j, i) of the stack; missing slices are linear between their neighbours.

    Raises IncompleteSeries when a slice cannot be decoded, MissingTag when it lacks what says how.
    """
    out = np.empty(stack.geometry.shape, np.float32)

    def read(n: int) -> None:
        _read_slice(stack.headers[n], sources, out[stack.places[n]])

    with ThreadPoolExecutor(workers) as pool:
        for done, _ in enumerate(pool.map(read, range(len(stack.headers))), start=1):
            if progress:
                progress(done, len(stack.headers))
    _interpolate(out, stack)
    return out


def _read_slice(header: Header, sources: Sources, out: NDArray[np.float32]) -> None:
    if header.transfer_syntax_uid in _NATIVE:
        raw = _native(header, sources)
    else:
        raw = _decoded(header, sources)
    if raw.shape != out.shape:
        raise IncompleteSeries(f"{header.file}: decoded to {raw.shape}, expected {out.shape}")
    slope, intercept = header.slope, header.intercept
    if header.modality in ("PT", "CT") and slope is None:
        raise MissingTag(f"{header.file}: lacks (0028,1053) Rescale Slope")
    np.multiply(raw, 1.0 if slope is None else slope, out=out, dtype=np.float64, casting="unsafe")
    if intercept:
        out += np.float32(intercept)


def _native(header: Header, sources: Sources) -> NDArray[np.generic]:
    kind = _stored_type(header)
    shape = (int(header.rows or 0), int(header.columns or 0))
    size = shape[0] * shape[1] * kind.itemsize
    if header.pixel_offset is None or (header.pixel_length or 0) < size * (header.frame + 1):
        raise IncompleteSeries(
            f"{header.file}: pixels hold {header.pixel_length or 0} bytes,"
            f" {size * (header.frame + 1)} expected"
        )
    stream, _ = sources.opened(header.file)
    with stream:
        stream.seek(header.pixel_offset + header.frame * size)
        data = stream.read(size)
    if len(data) < size:
        raise IncompleteSeries(f"{header.file}: pixels are cut short")
    return _stored_bits(np.frombuffer(data, kind).reshape(shape), header)


def _stored_type(header: Header) -> np.dtype[np.generic]:
    if header.bits_allocated not in (8, 16, 32) or header.pixel_representation not in (0, 1):
        raise MissingTag(
            f"{header.file}: (0028,0100) Bits Allocated is {header.bits_allocated},"
            f" (0028,0103) Pixel Representation is {header.pixel_representation};"
            " expected 8, 16 or 32 and 0 or 1"
        )
    sign = "i" if header.pixel_representation else "u"
    return np.dtype(f"{header.byte_order}{sign}{header.bits_allocated // 8}")


def _stored_bits(array: NDArray[np.generic], header: Header) -> NDArray[np.generic]:
    """Only the stored bits count: what stands above them may be an old overlay."""
    unused = int(header.bits_allocated or 0) - int(header.bits_stored or header.bits_allocated or 0)
    if unused <= 0:
        return array
    native = array.astype(array.dtype.newbyteorder("="))
    shifted: NDArray[np.generic] = np.right_shift(np.left_shift(native, unused), unused)
    return shifted


def _decoded(header: Header, sources: Sources) -> NDArray[np.generic]:
    stream, _ = sources.opened(header.file)
    with stream:
        try:
            array: NDArray[np.generic] = pixel_array(stream, raw=True, index=header.frame)
        except _CODEC_ERRORS as error:
            name = pydicom.uid.UID(header.transfer_syntax_uid).name
            raise IncompleteSeries(f"{header.file}: {name} cannot be decoded: {error}") from error
    return array


def _interpolate(out: NDArray[np.float32], stack: Stack) -> None:
    for place in stack.missing:
        below = max(one for one in stack.places if one < place)
        above = min(one for one in stack.places if one > place)
        weight = (place - below) / (above - below)
        out[place] = out[below] * (1 - weight) + out[above] * weight
