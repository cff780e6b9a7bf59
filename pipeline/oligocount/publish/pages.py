"""What every page shares: words in a language, templates, lesions in words."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from oligocount.errors import ConfigError
from oligocount.plain_yaml import read_shipped_yaml
from oligocount.publish.markers import category
from oligocount.publish.phrases import WRITTEN_IN, Phrasebook, read_phrasebook
from oligocount.publish.tables import runner_up_words

TEMPLATES = Path(__file__).parent / "templates"


def read_strings(language: str) -> dict[str, Any]:
    """The words of the report in a language. Raises ConfigError when there are none."""
    known = sorted(file.stem for file in (TEMPLATES / "strings").glob("*.yaml"))
    if language not in known:
        raise ConfigError(f"no report in language {language!r}; there is {', '.join(known)}")
    words: dict[str, Any] = read_shipped_yaml(TEMPLATES / "strings" / f"{language}.yaml")
    return words


def environment(words: Mapping[str, Any], book: Phrasebook) -> jinja2.Environment:
    """The page templates: everything escaped, an unknown name is an error.

    Filters: `shown` for a criterion's value, `said` for a sentence that the program wrote, in
    the page's language; marked as English where it has no words for it.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    said = _speaker(words, book)
    environment.filters["said"] = said
    environment.filters["shown"] = lambda value: _shown(value, words, said)
    return environment


def _speaker(words: Mapping[str, Any], book: Phrasebook) -> Callable[[str], str]:
    def said(text: str) -> str:
        told = book.told(text)
        if told is not None or words["lang"] == WRITTEN_IN:
            return told or text
        return Markup('<span lang="en">{}</span>').format(text)

    return said


def _shown(value: Any, words: Mapping[str, Any], said: Callable[[str], str]) -> str:
    """A value of a criterion in words; a truth value is never taken for a number."""
    if value is None:
        return str(words["unknown"])
    if isinstance(value, bool):
        return str(words["truth"]["yes" if value else "no"])
    return said(value) if isinstance(value, str) else str(value)


def phrasebook(language: str, words: Mapping[str, Any]) -> Phrasebook:
    """The sentences of a language, which `words` are the page's own of."""
    return read_phrasebook(TEMPLATES / "phrases" / f"{language}.yaml", words)


def described(
    lesion: Mapping[str, Any], words: Mapping[str, Any], book: Phrasebook
) -> dict[str, Any]:
    """The lesion with its colour group and its place in words."""
    return {
        **lesion,
        "group": category(lesion),
        "place": place(lesion, words, book),
        "runner_up_words": runner_up_words(lesion["runner_up"]),
        "set_aside": lesion.get("set_aside"),  # a case of an older version does not say
    }


def place(lesion: Mapping[str, Any], words: Mapping[str, Any], book: Phrasebook) -> str:
    """The station of a node, else organ, side and finest structure, as far as they are known."""
    station = lesion["station"]
    if station and any(station.values()):
        name = next(key for key in station.values() if key)
        return f"{words['station']} {book.said(name).replace('_', ' ')}"
    organ = words["organs"].get(lesion["organ"], lesion["organ"]) or ""
    structure = _structure(lesion["structure"] or "", words, book)
    side = words["side"].get(lesion["side"], "")
    known = [
        "" if structure.startswith(organ) else organ,
        structure,
        "" if side in structure else side,
    ]
    if not organ and not structure:
        known[0] = words["unknown_place"]
    return str(words["list_joint"]).join(filter(None, known))


def _structure(name: str, words: Mapping[str, Any], book: Phrasebook) -> str:
    plain = name.replace("_", " ")
    return str(words["structures"].get(name) or (name and book.told(name)) or plain)
