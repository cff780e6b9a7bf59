"""What follows from a set of voxels alone is asked once."""

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = tuple[Any, ...]
_Answer = TypeVar("_Answer")


class Memory:
    """Answers by question and voxels, of one scan with one anatomy; for none other."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, Key], Any] = {}

    def ask(self, question: str, key: Key, answer: Callable[[], _Answer]) -> _Answer:
        """What was answered before, else what `answer` says now."""
        place = (question, key)
        if place not in self._answers:
            self._answers[place] = answer()
        known: _Answer = self._answers[place]
        return known


def voxel_key(inside: NDArray[np.bool_], box: tuple[slice, ...]) -> Key:
    """Equal for equal sets of voxels: `box` in the image, and which voxels of it belong."""
    corners = tuple((one.start, one.stop) for one in box)
    return (*corners, hashlib.blake2b(np.packbits(inside).tobytes(), digest_size=16).digest())
