"""Volumes on another grid, brought there once however many stages ask for them."""

from weakref import WeakKeyDictionary

from oligocount.domain.volume import Geometry, Volume
from oligocount.geometry.resample import resample_volume

_Key = tuple[tuple[int, int, int], bytes, float]
_KNOWN: WeakKeyDictionary[Volume, dict[_Key, Volume]] = WeakKeyDictionary()


def remembered(volume: Volume, onto: Geometry, *, outside: float) -> Volume:
    """What resample_volume gives, at once when asked again; forgotten together with the volume.

    For coarse grids that several stages look at: to smooth a large scan costs more than they do.
    """
    known = _KNOWN.setdefault(volume, {})
    key = (onto.shape, onto.affine.tobytes(), outside)
    if key not in known:
        known[key] = resample_volume(volume, onto, outside=outside)
    return known[key]
