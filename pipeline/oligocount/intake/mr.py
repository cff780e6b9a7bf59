"""What kind of MR a series is, from its tags: t1, t1_contrast, t2, flair, stir, dwi, adc, other."""

import re

from oligocount.intake.headers import Header

_BY_WORDS = (
    ("adc", re.compile(r"\b(adc|apparent)\b", re.IGNORECASE)),
    ("dwi", re.compile(r"\b(dwi|diff\w*|ep2d|trace\w*|b\d{3,4})\b", re.IGNORECASE)),
    ("flair", re.compile(r"flair|dark.?fluid", re.IGNORECASE)),
    ("stir", re.compile(r"\b(stir|tirm)\b", re.IGNORECASE)),
    ("t2", re.compile(r"\bt2\w*", re.IGNORECASE)),
    ("t1", re.compile(r"\b(t1\w*|mprage|vibe|lava|thrive|dixon)\b", re.IGNORECASE)),
)
_CONTRAST = re.compile(r"\+ ?c\b|\b(gd|gad\w*|post|contrast|km|ce)\b", re.IGNORECASE)
_LONG_ECHO_MS, _SHORT_ECHO_MS = 70.0, 30.0
_LONG_REPETITION_MS, _SHORT_REPETITION_MS = 2000.0, 1000.0


def mr_kind(header: Header) -> str:
    """The kind by image type, then by the words of the description, then by echo and repetition."""
    words = header.words
    if "ADC" in (each.upper() for each in header.image_type):
        return "adc"
    if header.b_value is not None:
        return "dwi"
    found = next((kind for kind, pattern in _BY_WORDS if pattern.search(words)), None)
    kind = found or _by_times(header)
    if kind == "t1" and (header.contrast or _CONTRAST.search(words)):
        return "t1_contrast"
    return kind


def _by_times(header: Header) -> str:
    echo, repetition = header.echo_ms, header.repetition_ms
    if echo is None or repetition is None:
        return "other"
    if echo >= _LONG_ECHO_MS and repetition >= _LONG_REPETITION_MS:
        return "t2"
    if echo <= _SHORT_ECHO_MS and repetition <= _SHORT_REPETITION_MS:
        return "t1"
    return "other"
