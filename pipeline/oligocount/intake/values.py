"""Raw bytes of a data element to a plain value; `order` is the `struct` sign of the file."""

import math
import re
import struct

_UID = re.compile(r"[0-9.]{1,64}")  # PS3.5 6.2 UI
_CODE = re.compile(r"[A-Z0-9_ ]{1,16}")  # PS3.5 6.2 CS


def to_texts(raw: bytes, _order: str) -> tuple[str, ...]:
    """The values of a text element, stripped; none when it is empty."""
    text = raw.decode("latin-1").strip("\0 ")
    return tuple(each.strip("\0 ") for each in text.split("\\")) if text else ()


def to_text(raw: bytes, order: str) -> str | None:
    """All values as one text, or None when it is empty."""
    return "\\".join(to_texts(raw, order)) or None


def to_uid(raw: bytes, order: str) -> str | None:
    """A UI element. Raises ValueError when it is no UID: it is shown, and may be a shifted name."""
    return _matching(_UID, to_text(raw, order))


def to_code(raw: bytes, order: str) -> str | None:
    """A CS element of one value. Raises ValueError when it holds what no code may hold."""
    return _matching(_CODE, to_text(raw, order))


def _matching(pattern: re.Pattern[str], text: str | None) -> str | None:
    if text is not None and not pattern.fullmatch(text):
        raise ValueError("not what its value representation allows")
    return text


def to_numbers(raw: bytes, order: str) -> tuple[float, ...]:
    """The values of a DS or IS element. Raises ValueError unless each is a finite number."""
    numbers = tuple(float(each) for each in to_texts(raw, order) if each)
    if b"_" in raw or not all(map(math.isfinite, numbers)):  # Python reads 1_5 as 15
        raise ValueError("not a finite number")
    return numbers


def to_number(raw: bytes, order: str) -> float | None:
    """The one number, or None when it is empty. Raises ValueError where there are several."""
    numbers = to_numbers(raw, order)
    if len(numbers) > 1:
        raise ValueError("several values for one")
    return numbers[0] if numbers else None


def to_whole(raw: bytes, order: str) -> int | None:
    """The one number as an integer. Raises ValueError where it has a fraction."""
    number = to_number(raw, order)
    if number is not None and number != int(number):
        raise ValueError("not a whole number")
    return None if number is None else int(number)


def to_short(raw: bytes, order: str) -> int | None:
    """A US element. Raises struct.error when it has under two bytes."""
    return int(struct.unpack_from(order + "H", raw)[0]) if raw else None


def to_double(raw: bytes, order: str) -> float | None:
    """An FD element. Raises ValueError when it is not finite, struct.error when it is short."""
    value = float(struct.unpack_from(order + "d", raw)[0]) if raw else None
    if value is not None and not math.isfinite(value):
        raise ValueError("not finite")
    return value
