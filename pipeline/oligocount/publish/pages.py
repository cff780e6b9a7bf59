"""What every page shares: words in a language, templates, lesions in words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import yaml

from oligocount.errors import ConfigError
from oligocount.publish.markers import category
from oligocount.publish.tables import runner_up_words

TEMPLATES = Path(__file__).parent / "templates"


def read_strings(language: str) -> dict[str, Any]:
    """The words of the report in a language. Raises ConfigError when there are none."""
    known = sorted(file.stem for file in (TEMPLATES / "strings").glob("*.yaml"))
    if language not in known:
        raise ConfigError(f"no report in language {language!r}; there is {', '.join(known)}")
    text = (TEMPLATES / "strings" / f"{language}.yaml").read_text("utf-8")
    words: dict[str, Any] = yaml.safe_load(text)
    return words


def environment(words: Mapping[str, Any]) -> jinja2.Environment:
    """The page templates: everything escaped, an unknown name is an error, `shown` as filter."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["shown"] = lambda value: _shown(value, words)
    return environment


def _shown(value: Any, words: Mapping[str, Any]) -> str:
    """A value of a criterion in words; a truth value is never taken for a number."""
    if value is None:
        return str(words["unknown"])
    if isinstance(value, bool):
        return str(words["truth"]["yes" if value else "no"])
    return str(value)


def described(lesion: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    """The lesion with its colour group and its place in words."""
    return {
        **lesion,
        "group": category(lesion),
        "place": place(lesion, words),
        "runner_up_words": runner_up_words(lesion["runner_up"]),
    }


def place(lesion: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    """The station of a node, else organ, side and finest structure, as far as they are known."""
    station = lesion["station"]
    if station and any(station.values()):
        return f"{words['station']} {next(key for key in station.values() if key)}"
    organ = words["organs"].get(lesion["organ"], lesion["organ"]) or ""
    structure = words["structures"].get(
        lesion["structure"], (lesion["structure"] or "").replace("_", " ")
    )
    side = words["side"].get(lesion["side"], "")
    known = [
        "" if structure.startswith(organ) else organ,
        structure,
        "" if side in structure.split() else side,
    ]
    if not organ and not structure:
        known[0] = words["unknown_place"]
    return ", ".join(filter(None, known))
