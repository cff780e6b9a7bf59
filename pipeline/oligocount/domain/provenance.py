"""Where a number came from, and what is doubtful about it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """A known doubt: a stable code and one sentence. It can only ever lead to INDETERMINATE."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One model that took part in a run. `sha256` is None for rules without weights."""

    name: str
    version: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Versions, digests and seconds of one run."""

    oligocount: str
    models: tuple[ModelInfo, ...]
    settings_digest: str
    seconds: Mapping[str, float]
