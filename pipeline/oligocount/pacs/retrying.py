"""Tries again what an unreliable connection broke, with growing pauses."""

import time
from collections.abc import Callable
from typing import TypeVar

from oligocount.errors import ArchiveUnreachable
from oligocount.pacs.peer import Patience

_T = TypeVar("_T")

Sleep = Callable[[float], None]
Tell = Callable[[str], None]


def with_retries(
    action: Callable[[], _T], patience: Patience, tell: Tell, sleep: Sleep = time.sleep
) -> _T:
    """What `action` returns, tried again after ArchiveUnreachable; each pause doubles.

    Raises the last ArchiveUnreachable when every attempt failed.
    """
    pause_s = patience.backoff_s
    for left in range(patience.attempts - 1, 0, -1):
        try:
            return action()
        except ArchiveUnreachable as error:
            tell(f"{error}; again in {pause_s:g} s, {left} attempts left")
        sleep(pause_s)
        pause_s *= 2
    return action()
