"""One DICOM data set, read defensively: an element that is absent or malformed reads as None."""

import functools
import re
import struct
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from pydicom import Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as DicomSequence
from pydicom.tag import BaseTag, Tag

_MALFORMED = (ValueError, TypeError, AttributeError, KeyError, IndexError, NotImplementedError,
              OverflowError, OSError, EOFError, struct.error, BytesLengthException)  # fmt: skip
_BINARY = ("FD", "FL", "SL", "SS", "SV", "UL", "US", "UV", "AT", "SQ", "OB", "OW", "OF", "OD")
_DATE = re.compile(r"^(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})$")
_TIME = re.compile(r"^(\d{2}):?(\d{2})?:?(\d{2})?(?:\.(\d{1,6}))?$")
_ZONE = re.compile(r"([+-])(\d{2})(\d{2})$")


class TolerantDataset:
    """Typed access to one dataset. Date-times are wall clock, labelled UTC.

    `zone` is the dataset's (0008,0201) Timezone Offset From UTC, or None. A date-time that
    carries an offset of its own is brought to `zone`; without `zone` it stays as written.
    """

    def __init__(self, dataset: Dataset, zone: tzinfo | None = None) -> None:
        self._dataset = dataset
        self.zone = zone or _zone(self.text("TimezoneOffsetFromUTC"))

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values of an element as stripped text; empty when absent or malformed."""
        return _texts(self._dataset, _tag(keyword))

    def text(self, keyword: str) -> str | None:
        """The first value as text, or None."""
        return next(iter(self.texts(keyword)), None)

    def number(self, keyword: str) -> float | None:
        """The first value as a finite number, or None."""
        return _number(self.text(keyword))

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """All values as finite numbers; empty when one of them is none."""
        found = [_number(each) for each in self.texts(keyword)]
        return tuple(each for each in found if each is not None) if None not in found else ()

    def date(self, keyword: str) -> date | None:
        """A DA element."""
        return _date(self.text(keyword))

    def time(self, keyword: str) -> time | None:
        """A TM element."""
        return _time(self.text(keyword))

    def moment(self, date_keyword: str, time_keyword: str) -> datetime | None:
        """A DA and a TM element joined; None unless both can be read."""
        day, clock = _date(self.text(date_keyword)), _time(self.text(time_keyword))
        return datetime.combine(day, clock) if day and clock else None

    def date_time(self, keyword: str) -> datetime | None:
        """A DT element; None unless it goes down to the minute."""
        return _date_time(self.text(keyword), self.zone)

    def tagged(self, keywords: Iterable[str]) -> dict[str, str]:
        """The elements among `keywords` that are there, as "gggg,eeee" -> text."""
        texts = {keyword: "\\".join(self.texts(keyword)) for keyword in keywords}
        tags = {keyword: _tag(keyword) for keyword in texts}
        return {f"{tags[k].group:04X},{tags[k].element:04X}": t for k, t in texts.items() if t}

    def items(self, keyword: str) -> tuple["TolerantDataset", ...]:
        """The items of a sequence; empty when absent or malformed."""
        try:
            element = self._dataset.get_item(_tag(keyword))
            if isinstance(element, RawDataElement) and _vr(element) != "SQ":
                return ()
            value = self._dataset.get(keyword)
        except _MALFORMED:
            return ()
        if not isinstance(value, DicomSequence):
            return ()
        return tuple(TolerantDataset(item, self.zone) for item in value)

    def private_text(self, group: int, creator: str, offset: int) -> str | None:
        """A private element of `creator`; of block 0x10 where that names no creator."""
        for block in range(0x10, 0x100):
            owner = next(iter(_texts(self._dataset, Tag(group, block))), None)
            if owner == creator or (owner is None and block == 0x10):
                tag = Tag(group, (block << 8) + offset)
                found = next(iter(_texts(self._dataset, tag)), None)
                if found is not None:
                    return found
        return None

    def private_number(self, group: int, creator: str, offset: int) -> float | None:
        """The same as a finite number."""
        return _number(self.private_text(group, creator, offset))

    def private_date_time(self, group: int, creator: str, offset: int) -> datetime | None:
        """The same as a date-time."""
        return _date_time(self.private_text(group, creator, offset), self.zone)


@functools.cache  # a look-up in pydicom's dictionary for each of thousands of slices adds up
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


def _texts(dataset: Dataset, tag: BaseTag) -> tuple[str, ...]:
    """Values as text. Raw text elements are decoded here: pydicom would warn of odd ones."""
    try:
        element = dataset.get_item(tag)
        if isinstance(element, RawDataElement) and _vr(element) in _BINARY:
            element = dataset[tag]
        value = None if element is None else element.value
    except _MALFORMED:
        return ()
    if isinstance(value, bytes):
        value = value.decode("latin-1").split("\\")
    if value is None or isinstance(value, DicomSequence):
        return ()
    values = value if isinstance(value, (MultiValue, list, tuple)) else (value,)
    texts = (str(each).strip("\0 \t") for each in values)
    return tuple(text for text in texts if text)


def _vr(element: RawDataElement) -> str:
    if element.VR in (None, "UN") and dictionary_has_tag(element.tag):
        return str(dictionary_VR(element.tag))
    return element.VR or "UN"


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < float("inf") else None


def _date(text: str | None) -> date | None:
    match = _DATE.match(text or "")
    try:
        return date(*(int(each) for each in match.groups())) if match else None
    except ValueError:
        return None


def _time(text: str | None) -> time | None:
    match = _TIME.match(text or "")
    if not match:
        return None
    hour, minute, second, fraction = match.groups(default="0")
    try:
        clock = time(int(hour), int(minute), min(int(second), 59), tzinfo=UTC)
    except ValueError:
        return None
    return clock.replace(microsecond=int(fraction.ljust(6, "0")))


def _zone(text: str | None) -> tzinfo | None:
    match = _ZONE.search(text or "")
    if not match:
        return None
    sign, hours, minutes = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset) if offset < timedelta(hours=24) else None


def _date_time(text: str | None, zone: tzinfo | None) -> datetime | None:
    own = _zone(text)
    digits = _ZONE.sub("", text or "")
    day, clock = _date(digits[:8]), _time(digits[8:])
    if not day or not clock or len(digits) < len("YYYYMMDDHHMM"):
        return None
    found = datetime.combine(day, clock)
    if own and zone:
        return found.replace(tzinfo=own).astimezone(zone).replace(tzinfo=UTC)
    return found
