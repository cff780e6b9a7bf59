"""YAML and JSON texts to plain values: a date stays the text that was written."""

from typing import Any

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is ten times as fast


class _PlainLoader(_Base):  # type: ignore[misc]  # its base is chosen at run time
    """A safe loader that resolves no dates."""


_PlainLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in _Base.yaml_implicit_resolvers.items()
}


def parse_yaml(text: str) -> Any:
    """The value that the text says. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - derived from a safe loader
