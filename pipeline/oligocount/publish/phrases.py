"""Machine sentences in another language: patterns of English, and what they mean there.

The stages write English. A table (templates/phrases/LANGUAGE.yaml) maps each sentence, with
blanks for what varies, to its meaning; what fills a blank is looked up in turn.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oligocount.plain_yaml import read_shipped_yaml

WRITTEN_IN = "en"  # the language of the stages
_BLANK = re.compile(r"\{(\w+)\}")
_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z])")
_UNIT = r"(?:mm|cm|ml|g|s|min|kg|kBq|MBq|Bq|Gy|HU|SUV|x)"
_CODE = re.compile(  # numbers, dates, tags, identifiers: alike in every language
    rf"(?:[^a-z]*(?:\b{_UNIT}\b[^a-z]*)*"
    r"|\d{1,3}[a-z]{2,4}[LR]?"  # a nodal station
    r"|(?!.*[a-z]{3})[\w.,/+:()=-]*\d[\w.,/+:()=-]*)"
)
_NAME = re.compile(r"[A-Z][\w/-]*(?: (?:[A-Z][\w/-]*|of|and|-))+")  # of a DICOM class
_MANY_LETTERS = 8  # a pattern that says so little may fit anything: lists are tried before it
_NUMBERS, _NUMBER = frozenset({"n", "gap", "length"}), r"[-\d.]+"  # blanks that hold no words
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasebook:
    """The table of one language. `words` are phrases without blanks, those with are patterns.

    `sure` patterns say enough to be tried before lists, `loose` ones only after. `joints` maps
    what joins a list in English to what joins it here; `stop` ends a sentence, `gap` stands
    before the next. In the language that the stages write (`is_written`) blanks need no entry.
    """

    words: Mapping[str, str]
    sure: tuple[tuple[re.Pattern[str], str], ...]
    loose: tuple[tuple[re.Pattern[str], str], ...]
    joints: Mapping[str, str]
    stop: str
    gap: str
    is_written: bool
    known: dict[str, str | None] = field(default_factory=dict)

    def told(self, text: str) -> str | None:
        """The text in this language; None where a part of it has no entry."""
        if text not in self.known:
            self.known[text] = self._told(text.strip(), 0)
        return self.known[text]

    def said(self, text: str) -> str:
        """The text in this language, or as it was written."""
        return self.told(text) or text

    def _told(self, text: str, depth: int) -> str | None:
        plain = text.removesuffix(".")
        stop = self.stop if plain != text else ""
        for found in self._readings(plain, depth):
            return found.removesuffix(stop) + stop if stop else found
        return None

    def _readings(self, plain: str, depth: int) -> Iterator[str]:
        """What the text may mean, the likeliest first."""
        word = self.words.get(_key(plain))
        if word is not None:
            yield word
        if _CODE.fullmatch(plain) or (depth and _NAME.fullmatch(plain)):
            yield plain
        if depth > _MAX_DEPTH:
            return
        yield from self._matches(self.sure, plain, depth)
        sentences = _SENTENCES.split(plain)
        if len(sentences) > 1 and (whole := self._joined(sentences, self.gap, depth)):
            yield whole
        for mark, joint in self.joints.items():
            if mark in plain and (whole := self._joined(plain.split(mark), joint, depth)):
                yield whole
        yield from self._matches(self.loose, plain, depth)

    def _matches(
        self, patterns: tuple[tuple[re.Pattern[str], str], ...], plain: str, depth: int
    ) -> Iterator[str]:
        for pattern, meaning in patterns:
            match = pattern.fullmatch(plain)
            filled = match and self._filled(meaning, match.groupdict(), depth)
            if filled:
                yield filled

    def _filled(self, meaning: str, blanks: Mapping[str, str], depth: int) -> str | None:
        told = {name: self._told(text, depth + 1) for name, text in blanks.items()}
        if self.is_written:
            told = {name: told[name] or text for name, text in blanks.items()}
        if None in told.values():
            return None
        return _BLANK.sub(lambda blank: str(told[blank[1]]), meaning)

    def _joined(self, parts: list[str], joint: str, depth: int) -> str | None:
        told = [self._told(part, depth + 1) for part in parts]
        return None if None in told else joint.join(map(str, told))


def read_phrasebook(file: Path, words: Mapping[str, Any]) -> Phrasebook:
    """The table of a file, with the page's own `words` for decisions, organs and classes."""
    entries = {_key(english): str(meaning) for english, meaning in read_entries(file).items()}
    named = {_key(name): str(word) for name, word in _page_words(words).items()}
    plain = {english: text for english, text in entries.items() if "{" not in english}
    blanked = sorted((each for each in entries if "{" in each), key=_fixed_length, reverse=True)
    patterns = [(_fixed_length(each), _pattern(each), entries[each]) for each in blanked]
    return Phrasebook(
        words={**named, **plain},
        sure=tuple((how, text) for length, how, text in patterns if length >= _MANY_LETTERS),
        loose=tuple((how, text) for length, how, text in patterns if length < _MANY_LETTERS),
        joints=words["joints"],
        stop=words["stop"],
        gap=words["gap"],
        is_written=words["lang"] == WRITTEN_IN,
    )


def read_entries(file: Path) -> dict[str, str]:
    """English to meaning, over all sections of a table."""
    sections = read_shipped_yaml(file)
    return {
        english: meaning for section in sections.values() for english, meaning in section.items()
    }


def _page_words(words: Mapping[str, Any]) -> dict[str, str]:
    """What the page calls decisions, organs, classes and sites: blanks hold these codes."""
    is_written = words["lang"] == WRITTEN_IN  # where an organ's word is the word of its sentence
    groups = ("decision",) if is_written else ("decision", "organs", "structures", "classes")
    return {code: word for group in groups for code, word in words[group].items()}


def _key(text: str) -> str:
    """One spelling for a phrase: no underscore, no final stop, no capital."""
    return text.replace("_", " ").removesuffix(".").lower() if "{" not in text else _bare(text)


def _bare(text: str) -> str:
    """A phrase with blanks: blanks keep their names."""
    parts = re.split(r"(\{\w+\})", text.removesuffix("."))
    return "".join(part if part.startswith("{") else part.replace("_", " ") for part in parts)


def _fixed_length(english: str) -> int:
    """How much of a pattern is said and not left blank: the more, the surer a match."""
    return len(_BLANK.sub("", english))


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", english)
    seen: set[str] = set()
    text = ""
    for part in parts:
        blank = _BLANK.fullmatch(part)
        if not blank:
            text += re.escape(part).replace(r"\ ", "[ _]")
        elif blank[1] in seen:
            text += f"(?P={blank[1]})"
        else:
            seen.add(blank[1])
            text += f"(?P<{blank[1]}>{_NUMBER if blank[1] in _NUMBERS else '.+?'})"
    return re.compile(text, re.IGNORECASE)
