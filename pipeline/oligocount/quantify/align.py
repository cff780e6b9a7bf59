"""CT and MR on the PET's grid."""

from collections.abc import Sequence

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import AlignedImages, MrImage
from oligocount.domain.volume import Volume
from oligocount.geometry.resample import resample_volume
from oligocount.settings_quantify import QuantifySettings

_NO_CT = Caveat(
    code="NO_CT",
    text="there is no CT: density is unknown, and every site rests on uptake and position alone",
)


def align(
    suv: Volume, ct: Volume | None, mr: Sequence[MrImage], settings: QuantifySettings
) -> AlignedImages:
    """All images on the grid of `suv`, by the scanner's own coordinates; air beyond the CT.

    Without a CT the result says so (NO_CT).
    """
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
    caveats = () if ct else (_NO_CT,)
    return AlignedImages(suv=suv, ct=on_grid, ct_full=ct, mr=moved, caveats=caveats)


def in_frame_of(suv: Volume, mr: Sequence[MrImage]) -> tuple[MrImage, ...]:
    """Those MR that state the frame of reference of `suv`: a PET/MR scanner's own."""
    uid = suv.geometry.frame_of_reference_uid
    return tuple(one for one in mr if uid and one.volume.geometry.frame_of_reference_uid == uid)
