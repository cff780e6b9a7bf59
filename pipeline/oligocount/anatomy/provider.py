"""What every organ provider is: a callable from aligned images to an organ map."""

from typing import Protocol

from oligocount.domain.anatomy import OrganMap
from oligocount.domain.study import AlignedImages


class OrganMapper(Protocol):
    """Draws organs on the PET grid, each with TotalSegmentator's name where it has one."""

    def __call__(self, images: AlignedImages) -> OrganMap:
        """Return what can be drawn; what cannot be known is absent from `known`, never guessed."""
        ...
