"""Decodes a stack into one float32 array, slope and intercept of each slice applied."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import iter_pixels

from oligocount.errors import GeometryError, IncompleteSeries, MissingTag, UnsupportedUnit
from oligocount.intake.codestreams import refuse_larger_frames
from oligocount.intake.elements import NotDicom, read_inflated
from oligocount.intake.headers import Header, quiet
from oligocount.intake.room import refuse_beyond_memory
from oligocount.intake.slices import Stack
from oligocount.intake.source import BROKEN_ARCHIVE, Sources

Progress = Callable[[int, int], None]
_NATIVE = frozenset(
    {
        pydicom.uid.ImplicitVRLittleEndian,
        pydicom.uid.ExplicitVRLittleEndian,
        pydicom.uid.ExplicitVRBigEndian,
        pydicom.uid.DeflatedExplicitVRLittleEndian,
    }
)
_LARGEST = 1e38
_EXACT_BYTES = 2  # whole numbers of up to 16 bits stand in float32 as they are
_RUN = 16  # slices that share one buffer and one turn of a worker
_CODEC_ERRORS = (ValueError, RuntimeError, AttributeError, NotImplementedError, KeyError,
                 IndexError, TypeError, OSError, EOFError)  # fmt: skip


def read_stack(
    stack: Stack, sources: Sources, *, workers: int, floor: float | None = None,
    progress: Progress | None = None,
) -> NDArray[np.float32]:  # fmt: skip
    """Modality values (k, j, i) of the stack; missing slices are linear between their neighbours.

    Values below `floor` become it. Each slice is rescaled straight into its place, while it is in
    the processor's cache. Raises IncompleteSeries when a slice cannot be decoded, MissingTag when
    it lacks what says how.
    """
    is_even = all(place.is_integer() for place in stack.places)
    indices = [int(place) for place in stack.places] if is_even else range(len(stack.headers))
    out = _allocated((indices[-1] + 1, *stack.geometry.shape[1:]))
    slices = list(zip(stack.headers, indices, strict=True))
    jobs = _jobs(slices)

    def read(job: list[tuple[Header, int]]) -> int:
        for (header, place), raw in zip(job, _stored_values(job, sources), strict=True):
            _rescale(raw, header, out[place])
            if floor is not None:
                np.maximum(out[place], np.float32(floor), out=out[place])
        return len(job)

    with quiet(), ThreadPoolExecutor(workers) as pool:
        done = 0
        for count in pool.map(read, jobs):
            done += count
            if progress:
                progress(done, len(slices))
    if not is_even:
        return _spread(out, stack)
    _interpolate(out, stack)
    return out


def _allocated(shape: tuple[int, ...]) -> NDArray[np.float32]:
    refuse_beyond_memory("a series", shape)
    try:
        return np.empty(shape, np.float32)
    except (MemoryError, ValueError) as error:
        raise GeometryError(f"no memory for a volume of {shape} voxels") from error


def _jobs(slices: list[tuple[Header, int]]) -> list[list[tuple[Header, int]]]:
    """Slices to be read in one go: frames of one compressed file, or a run of plain slices."""
    jobs: dict[tuple[Path | None, int], list[tuple[Header, int]]] = {}
    for header, place in slices:
        is_native = header.transfer_syntax_uid in _NATIVE
        key = (None, place // _RUN) if is_native else (header.file, 0)
        jobs.setdefault(key, []).append((header, place))
    return list(jobs.values())


def _stored_values(
    job: list[tuple[Header, int]], sources: Sources
) -> Iterator[NDArray[np.generic]]:
    """Stored values of each slice of a job; an array is good until the next is asked for."""
    headers = [header for header, _ in job]
    for one in headers:
        _refuse_odd_bits(one)
    if headers[0].transfer_syntax_uid not in _NATIVE:
        yield from (_stored_bits(each, headers[0]) for each in _decoded(headers, sources))
        return
    scratch = np.empty(0, np.uint8)
    for one in headers:
        n_bytes = _plane_bytes(one)
        if scratch.size != n_bytes:
            scratch = np.empty(n_bytes, np.uint8)
        _fill(scratch, one, sources)
        plane = scratch.view(_stored_type(one)).reshape(int(one.rows or 0), int(one.columns or 0))
        yield _stored_bits(plane, one)


def _refuse_odd_bits(header: Header) -> None:
    if header.high_bit is not None and header.high_bit != (header.bits_stored or 0) - 1:
        raise IncompleteSeries(
            f"{header.file}: (0028,0102) High Bit is {header.high_bit},"
            f" expected {(header.bits_stored or 0) - 1}"
        )


def _rescale(raw: NDArray[np.generic], header: Header, out: NDArray[np.float32]) -> None:
    if raw.shape != out.shape:
        raise IncompleteSeries(f"{header.file}: decoded to {raw.shape}, expected {out.shape}")
    slope, intercept = _rescale_of(header, raw)
    if raw.dtype.kind == "f" and not np.isfinite(raw).all():
        raise IncompleteSeries(f"{header.file}: pixels hold values that are not finite numbers")
    if raw.dtype.itemsize > _EXACT_BYTES:
        np.multiply(raw, slope, out=out, dtype=np.float64, casting="same_kind")
    else:
        np.multiply(raw, np.float32(slope), out=out, dtype=np.float32)
    if intercept:
        np.add(out, np.float32(intercept), out=out)


def _rescale_of(header: Header, raw: NDArray[np.generic]) -> tuple[float, float]:
    """Slope and intercept that are stated (or, of an MR, 1 and 0) and stay within float32."""
    slope, intercept = header.slope, header.intercept or 0.0
    if slope is None and header.modality == "MR":
        slope = 1.0
    if slope is None or slope <= 0:
        raise MissingTag(f"{header.file}: (0028,1053) Rescale Slope is {slope}; expected above 0")
    if slope * 2.0 ** (8 * raw.dtype.itemsize) + abs(intercept) > _LARGEST:
        raise UnsupportedUnit(f"{header.file}: (0028,1053) Rescale Slope {slope:g} is out of range")
    return slope, intercept


def jumping_slices(array: NDArray[np.float32], *, factor: float) -> tuple[int, ...]:
    """Slices whose mean is `factor` times more, or less, than those of both neighbours.

    Anatomy changes little over one slice; a wrong slope does not.
    """
    means = np.array([float(plane.mean()) for plane in array])
    before, here, after = means[:-2], means[1:-1], means[2:]
    above = here > factor * np.maximum(before, after)
    below = factor * here < np.minimum(before, after)
    return tuple(int(n) + 1 for n in np.flatnonzero(above | below))


def _plane_bytes(header: Header) -> int:
    """Bytes of one plane; the file has to hold all planes up to this one."""
    size = int(header.rows or 0) * int(header.columns or 0) * _stored_type(header).itemsize
    if header.pixel_offset is None or (header.pixel_length or 0) < size * (header.frame + 1):
        raise IncompleteSeries(
            f"{header.file}: pixels hold {header.pixel_length or 0} bytes,"
            f" {size * (header.frame + 1)} expected"
        )
    return size


def _fill(scratch: NDArray[np.uint8], header: Header, sources: Sources) -> None:
    """Read the plane's bytes into `scratch`."""
    offset = int(header.pixel_offset or 0) + header.frame * scratch.size
    target, done = scratch.data, 0
    try:
        stream, _ = sources.opened(header.file)
        with stream:
            if header.transfer_syntax_uid == pydicom.uid.DeflatedExplicitVRLittleEndian:
                stream = io.BytesIO(read_inflated(stream))
            stream.seek(offset)
            while done < scratch.size and (count := stream.readinto(target[done:])):  # type: ignore[attr-defined]  # each of the three kinds of stream has it
                done += count
    except (OSError, NotDicom, *BROKEN_ARCHIVE) as error:
        raise IncompleteSeries(f"{header.file}: pixels cannot be read: {error}") from error
    if done < scratch.size:
        raise IncompleteSeries(f"{header.file}: pixels are cut short")


def _stored_type(header: Header) -> np.dtype[np.generic]:
    if header.pixel_float:  # (7FE0,0008) Float or (7FE0,0009) Double Float Pixel Data
        return np.dtype(f"{header.byte_order}{header.pixel_float}")
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
    unused = 8 * array.dtype.itemsize - int(header.bits_stored or 8 * array.dtype.itemsize)
    if unused <= 0 or header.pixel_float:
        return array
    native = array.astype(array.dtype.newbyteorder("="), copy=not array.flags.writeable)
    np.left_shift(native, unused, out=native)
    np.right_shift(native, unused, out=native)
    return native


def _decoded(headers: list[Header], sources: Sources) -> Iterator[NDArray[np.generic]]:
    """The frames of one compressed file, in the order of the headers."""
    file = headers[0].file
    stream, _ = sources.opened(file)
    with stream:
        try:
            data = stream.read()
            _refuse_larger(data, headers[0])
            indices = [one.frame for one in headers]
            yield from iter_pixels(io.BytesIO(data), raw=True, indices=indices)
        except _CODEC_ERRORS as error:
            name = pydicom.uid.UID(headers[0].transfer_syntax_uid).name
            raise IncompleteSeries(f"{file}: {name} cannot be decoded: {error}") from error


def _refuse_larger(data: bytes, header: Header) -> None:
    pixels = data[header.pixel_offset or 0 :]
    rows, columns = int(header.rows or 0), int(header.columns or 0)
    try:
        refuse_larger_frames(pixels, header.transfer_syntax_uid, rows, columns)
    except GeometryError as error:
        raise IncompleteSeries(f"{header.file}: {error}") from error


def _spread(planes: NDArray[np.float32], stack: Stack) -> NDArray[np.float32]:
    """Unevenly spaced planes on the even grid of the stack, linear between neighbours."""
    out = _allocated(stack.geometry.shape)
    places = np.array(stack.places)
    for index, target in enumerate(out):
        above = int(np.clip(np.searchsorted(places, index), 1, len(places) - 1))
        weight = (index - places[above - 1]) / (places[above] - places[above - 1])
        weight = np.float32(np.clip(weight, 0.0, 1.0))
        target[:] = planes[above - 1] * (1 - weight) + planes[above] * weight
    return out


def _interpolate(out: NDArray[np.float32], stack: Stack) -> None:
    for place in stack.missing:
        below = int(max(one for one in stack.places if one < place))
        above = int(min(one for one in stack.places if one > place))
        weight = (place - below) / (above - below)
        out[place] = out[below] * (1 - weight) + out[above] * weight
