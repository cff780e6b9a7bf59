"""What every segmenter is: a callable from aligned images and an organ map to foci."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.study import AlignedImages
from oligocount.settings_segment import SegmentSettings

Finder = Callable[[SegmentSettings], LesionMap]


class Segmenter(Protocol):
    """Finds FDG-avid foci. Labels lie on the PET grid; nothing physiologic has to be left out."""

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the foci of one patient; no focus at all is an empty map, not an error."""
        ...


@runtime_checkable
class Adjustable(Segmenter, Protocol):
    """A segmenter that can draw one patient's foci again under other settings, cheaply.

    Networks are asked once; thresholds, components, splits and sizes follow the settings.
    """

    @property
    def settings(self) -> SegmentSettings:
        """The settings under which it is called."""
        ...

    def finder(self, images: AlignedImages, organs: OrganMap) -> Finder:
        """Return a function from settings to foci; under `settings` they are those of a call."""
        ...


def finder_of(segmenter: Segmenter, images: AlignedImages, organs: OrganMap) -> Finder:
    """One patient's foci as a function of settings; of a segmenter that has none, always those."""
    if isinstance(segmenter, Adjustable):
        return segmenter.finder(images, organs)
    found = segmenter(images, organs)
    return lambda _: found
