"""One step of a derivation: its value, the rule that gave it, tags used, doubts."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from oligocount.domain.provenance import Caveat

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[_T]):
    """`rule` is empty where there was only one way; `tags` are keys as in 0018,1074."""

    value: _T
    rule: str = ""
    tags: tuple[str, ...] = ()
    caveats: tuple[Caveat, ...] = ()
