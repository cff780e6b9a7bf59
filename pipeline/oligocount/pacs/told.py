"""What an archive tells, taken as text from a stranger."""

import re

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from oligocount.errors import ArchiveRefused
from oligocount.pacs.archive import Key

_REFUSALS = {
    range(0x0117, 0x0118): "the identifier is not valid",
    range(0x0122, 0x0123): "this kind of object is not supported",
    range(0x0124, 0x0125): "we are not allowed to store here",
    range(0xA700, 0xA800): "it is out of resources",
    range(0xA900, 0xAA00): "the content does not fit its kind",
    range(0xC000, 0xD000): "it cannot be understood",
}  # PS3.7 C.5, PS3.4 B.2.3
_UID = re.compile(r"[0-9.]{1,64}")  # PS3.5 9.1; leading zeros are seen in the wild


def checked_uid(value: object) -> str:
    """The identifier, safe as a file's name. Raises ArchiveRefused for what is none."""
    text = str(value or "").strip("\0 ")
    if not _UID.fullmatch(text) or not text.strip("."):
        raise ArchiveRefused("the archive told an identifier that is no UID")
    return text


def whole_number(value: object) -> int | None:
    """The number, None where the archive told none."""
    text = str(value if value is not None else "").strip()
    return int(text) if text.isdecimal() else None


def refuse_other(key: Key, told: str, archive: str) -> None:
    """Return when the study has the key that was asked for, or the archive does not say.

    Archives that ignore a key answer with every study. Raises ArchiveRefused, without either value.
    """
    if told.strip("\0 ") not in ("", key.value.strip()):
        raise ArchiveRefused(f"{archive}: answered with studies of another {key.kind} than asked")


def values(found: Dataset, keyword: str) -> list[str]:
    """The values of an attribute that may have none, one or many."""
    value = found.get(keyword) or []
    many = value if isinstance(value, MultiValue | list) else [value]
    return [str(each) for each in many]


def refused_store(status: int | None) -> str:
    """Why an archive did not store an object, by its status."""
    if status is None:
        return "the archive refused it, and does not say why"
    known = (words for codes, words in _REFUSALS.items() if status in codes)
    words = next(known, "it gave no reason that we know")
    return f"the archive refused it: {words} ({status:#06x})"
