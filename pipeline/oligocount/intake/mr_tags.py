"""What an MR header says beyond geometry, across vendors; private values only under their creator.

The b-value has stood in a private element of each vendor before and beside (0018,9087):
Siemens (0019,xx0C), GE (0043,xx39), Philips (2001,xx03), United Imaging (0065,xx09). In GE's
element thousand millions are added to it, and it holds 0 in every series that is no diffusion.
"""

import math
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from oligocount.intake.values import to_double, to_number, to_numbers, to_text, to_texts

_GE_OFFSET = 10**9
_BLOCKS = (0x10, 0x11, 0x12)


@dataclass(frozen=True, slots=True, kw_only=True)
class MrTags:
    """One frame's MR attributes as written. None or () = absent."""

    scanning: tuple[str, ...] = ()
    variant: tuple[str, ...] = ()
    sequence_name: str | None = None
    body_part: str | None = None
    study_words: str = ""
    agent: str | None = None
    has_agent_item: bool = False
    acquisition_contrast: str | None = None
    value_unit: str | None = None
    stack_id: str | None = None
    b_value: float | None = None


NO_TAGS = MrTags()


class Groups(Protocol):
    """Where attributes of a multi-frame object may stand (see frames.py)."""

    def texts(self, keyword: str, *sequences: str) -> tuple[str, ...]:
        """All values."""
        ...

    def text(self, keyword: str, *sequences: str) -> str | None:
        """The first value as text."""
        ...

    def number(self, keyword: str, *sequences: str) -> float | None:
        """The first value as a number."""
        ...

    def code(self, keyword: str, *sequences: str) -> tuple[str | None, str | None]:
        """Meaning and value of a code."""
        ...


def read_mr_tags(values: Mapping[int, bytes], order: str) -> MrTags:
    """The MR attributes among the raw elements of a header."""

    def text(tag: int) -> str | None:
        return to_text(values.get(tag, b""), order)

    scanning = to_texts(values.get(0x00180020, b""), order)
    return MrTags(
        scanning=scanning,
        variant=to_texts(values.get(0x00180021, b""), order),
        sequence_name=text(0x00180024),
        body_part=text(0x00180015),
        study_words=(text(0x00081030) or "").replace("_", " "),
        agent=text(0x00180010),
        has_agent_item=len(values.get(0x00180012, b"")) > 8,
        acquisition_contrast=text(0x00089209),
        value_unit=text(0x00281054),
        b_value=_b_value(values, order, is_echo_planar="EP" in scanning),
    )


def with_groups(tags: MrTags, groups: Groups) -> MrTags:
    """The same, with what the functional groups of a multi-frame object say of one frame."""
    kind = groups.text("AcquisitionContrast", "MRImageFrameTypeSequence")
    region, _ = groups.code("AnatomicRegionSequence", "FrameAnatomySequence")
    _, unit = groups.code("MeasurementUnitsCodeSequence", "RealWorldValueMappingSequence")
    scale = groups.number("RealWorldValueSlope", "RealWorldValueMappingSequence")
    same = groups.number("RescaleSlope", "PixelValueTransformationSequence") or 1.0
    is_rescaled = scale is None or math.isclose(scale, same, rel_tol=1e-4)
    return replace(
        tags,
        body_part=tags.body_part or region,
        acquisition_contrast=kind or tags.acquisition_contrast,
        sequence_name=groups.text("PulseSequenceName") or tags.sequence_name,
        scanning=tags.scanning or _scanning(groups),
        value_unit=(unit if unit and is_rescaled else None)
        or groups.text("RescaleType", "PixelValueTransformationSequence")
        or tags.value_unit,
        stack_id=groups.text("StackID", "FrameContentSequence"),
    )


def _scanning(groups: Groups) -> tuple[str, ...]:
    """Scanning Sequence in the words of single-frame MR, from those of Enhanced MR."""
    echo = groups.text("EchoPulseSequence")
    kinds = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}.get(echo or "", ())
    planar = ("EP",) if groups.text("EchoPlanarPulseSequence") == "YES" else ()
    inverted = groups.text("InversionRecovery", "MRModifierSequence") == "YES"
    return (*kinds, *planar, *(("IR",) if inverted else ()))


def _siemens(raw: bytes, order: str) -> float | None:
    return to_number(raw, order)


def _ge(raw: bytes, order: str) -> float | None:
    numbers = to_numbers(raw, order)
    return float(int(numbers[0]) % _GE_OFFSET) if numbers else None


def _philips(raw: bytes, order: str) -> float | None:
    return float(struct.unpack_from(order + "f", raw)[0]) if raw else None


_PRIVATE: tuple[tuple[int, str, int, Callable[[bytes, str], float | None]], ...] = (
    (0x0019, "SIEMENS MR HEADER", 0x0C, _siemens),
    (0x0043, "GEMS_PARM_01", 0x39, _ge),
    (0x2001, "PHILIPS IMAGING DD 001", 0x03, _philips),
    (0x0065, "IMAGE PRIVATE HEADER", 0x09, to_double),
)
_NAMED_B = re.compile(r"(?:^|_)b(\d{1,5})(?:[t#_]|$)")  # Siemens: *ep_b1000t, *ep_b50#1
WANTED = frozenset(
    {0x00081030, 0x00089209, 0x00180010, 0x00180012, 0x00180015, 0x00180020, 0x00180021,
     0x00180024, 0x00189087, 0x00281054}
    | {group << 16 | block for group, *_ in _PRIVATE for block in _BLOCKS}
    | {group << 16 | block << 8 | place for group, _, place, _ in _PRIVATE for block in _BLOCKS}
)  # fmt: skip


def _b_value(values: Mapping[int, bytes], order: str, *, is_echo_planar: bool) -> float | None:
    name = to_text(values.get(0x00180024, b""), order) or ""
    for number in _stated_b(values, order):
        if number is not None and math.isfinite(number) and 0 <= number < 1e5:
            return number
    if values.get(0x00430010) and is_echo_planar:
        return _ge_zero(values, order)
    named = _NAMED_B.search(name)
    return float(named.group(1)) if named else None


def _stated_b(values: Mapping[int, bytes], order: str) -> Iterator[float | None]:
    """The standard's value, then the vendors' own; GE's 0 says nothing by itself."""
    yield _understood(to_double, values.get(0x00189087, b""), order)
    for number, is_ge in _private_b(values, order):
        yield None if is_ge and not number else number


def _ge_zero(values: Mapping[int, bytes], order: str) -> float | None:
    return next((number for number, is_ge in _private_b(values, order) if is_ge), None)


def _private_b(values: Mapping[int, bytes], order: str) -> Iterator[tuple[float | None, bool]]:
    for group, creator, place, convert in _PRIVATE:
        for block in _BLOCKS:
            told = to_text(values.get(group << 16 | block, b""), order) or ""
            raw = values.get(group << 16 | block << 8 | place, b"")
            if told.upper() == creator and raw:
                yield _understood(convert, raw, order), convert is _ge


def _understood(
    convert: Callable[[bytes, str], float | None], raw: bytes, order: str
) -> float | None:
    try:
        return convert(raw, order)
    except (ValueError, OverflowError, struct.error):
        return None
