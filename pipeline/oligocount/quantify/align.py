"""CT and MR on the PET's grid."""

from collections.abc import Sequence

from oligocount.domain.study import AlignedImages, MrImage
from oligocount.domain.volume import Volume
from oligocount.geometry.resample import resample_volume
from oligocount.settings_quantify import QuantifySettings


def align(
    suv: Volume, ct: Volume | None, mr: Sequence[MrImage], settings: QuantifySettings
) -> AlignedImages:
    """All images on the grid of `suv`, by the scanner's own coordinates; air beyond the CT."""
    on_grid = None
    if ct is not None:
        on_grid = resample_volume(ct, suv.geometry, outside=settings.outside_ct_hu)
    moved = tuple(
        MrImage(
            kind=one.kind,
            series_uid=one.series_uid,
            volume=resample_volume(one.volume, suv.geometry, outside=0.0),
        )
        for one in mr
    )
    return AlignedImages(suv=suv, ct=on_grid, mr=moved)
