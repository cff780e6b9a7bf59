"""YAML and JSON to plain values: lists, mappings, texts, numbers; a date stays the text it was."""

from pathlib import Path
from typing import Any

import yaml

from oligocount.errors import OligocountError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is ten times as fast


class _PlainLoader(_Base):  # type: ignore[misc]  # its base is chosen at run time
    """A safe loader that resolves no dates."""


_PlainLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in _Base.yaml_implicit_resolvers.items()
}


def read_yaml(file: Path, refusal: type[OligocountError]) -> Any:
    """What a file that came from outside says; None where it is empty.

    Raises `refusal`, which names the file, where it cannot be read, is no YAML, or repeats parts
    by alias: a few lines of these can stand for more than any memory holds.
    """
    try:
        text = file.read_text("utf-8")
        has_alias = "&" in text and any(
            isinstance(each, yaml.AliasEvent) for each in yaml.parse(text, Loader=_Base)
        )
        content = None if has_alias else parse_yaml(text)
    except OSError as error:
        raise refusal(f"{file}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise refusal(f"{file}: cannot be read as YAML or JSON: {error}") from error
    if has_alias:
        raise refusal(f"{file}: found an alias (*name); expected each value written out")
    return content


def read_shipped_yaml(file: Path) -> Any:
    """What one of our own files says. Raises OSError or yaml.YAMLError."""
    return parse_yaml(file.read_text("utf-8"))


def parse_yaml(text: str) -> Any:
    """The value that the text says. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - derived from a safe loader


def dump_yaml(content: Any) -> str:
    """Plain values as YAML, in the order that they have. Raises yaml.YAMLError for others."""
    return yaml.safe_dump(content, sort_keys=False)
