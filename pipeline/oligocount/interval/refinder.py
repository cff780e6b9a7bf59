"""Findings again from what one run has loaded: segment, measure and locate, nothing read."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oligocount import locate
from oligocount.domain.lesion import Finding
from oligocount.domain.result import Result
from oligocount.segment.segmenter import Segmenter
from oligocount.settings import Settings


def refinder(result: Result, segmenter: Segmenter) -> Callable[[Settings], Sequence[Finding]]:
    """A function from settings to the findings that they lead to on this case.

    A network is asked once: its answer does not depend on the settings that vary.
    """
    held = _with_memory(segmenter)

    def find(settings: Settings) -> Sequence[Finding]:
        again = replace(held, settings=settings.segment)
        foci = again(result.images, result.anatomy.organs)
        located = locate.locate(
            foci,
            locate.measure(foci, result.images.suv),
            result.anatomy,
            result.images,
            result.facts,
            settings.locate,
        )
        told = result.facts.other.get("all_lesions_treatable", settings.count.treatable_unless_told)
        treatable = told if isinstance(told, bool) else None
        return tuple(replace(each.finding, treatable=treatable) for each in located)

    return find


class _Remembered:
    """A bundle that predicts once and then says the same again."""

    def __init__(self, bundle: Any) -> None:
        self.metadata = bundle.metadata
        self._bundle = bundle
        self._said: NDArray[np.float32] | None = None

    def predict(self, channels: NDArray[np.float32], **options: Any) -> NDArray[np.float32]:
        """Probabilities for the channels first given."""
        if self._said is None:
            self._said = self._bundle.predict(channels, **options)
        return self._said


def _with_memory(segmenter: Any) -> Any:
    bundle = getattr(segmenter, "bundle", None)
    return segmenter if bundle is None else replace(segmenter, bundle=_Remembered(bundle))
