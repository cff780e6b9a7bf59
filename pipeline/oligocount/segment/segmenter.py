"""What every segmenter is: a callable from aligned images and an organ map to foci."""

from typing import Protocol

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.lesion import LesionMap
from oligocount.domain.study import AlignedImages


class Segmenter(Protocol):
    """Finds FDG-avid foci. Labels lie on the PET grid; nothing physiologic has to be left out."""

    def __call__(self, images: AlignedImages, organs: OrganMap) -> LesionMap:
        """Return the foci of one patient; no focus at all is an empty map, not an error."""
        ...
