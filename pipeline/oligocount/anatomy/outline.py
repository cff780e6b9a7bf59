"""What intensity alone shows: the body's outline, air-filled lungs, dense bone."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.anatomy.frame import Frame
from oligocount.settings_anatomy import OutlineSettings

Mask = NDArray[np.bool_]


Intensities = NDArray[np.float32]


def body_from_ct(ct_hu: Intensities, frame: Frame, settings: OutlineSettings) -> Mask:
    """The body without the table: dense voxels opened in the axial plane, largest part, filled.

    Opening breaks a thin wall, too: a lean patient's lung may be left out.
    """
    return _largest_filled(ct_hu > settings.body_min_hu, frame, settings.open_mm)


def body_from_pet(suv: Intensities, frame: Frame, settings: OutlineSettings) -> Mask:
    """The body by its background uptake."""
    sigma = [settings.smooth_mm / s for s in frame.geometry.spacing_mm]
    smooth = ndimage.gaussian_filter(suv, sigma)
    return _largest_filled(smooth > settings.body_min_suv, frame, settings.open_mm)


def lungs_from_ct(ct_hu: Intensities, body: Mask, frame: Frame, settings: OutlineSettings) -> Mask:
    """Air inside the body in parts as large as a lung, vessels within them closed."""
    air = body & (ct_hu < settings.lung_max_hu)
    air = ndimage.binary_opening(air, frame.ball(settings.open_mm / 2))
    closed = ndimage.binary_closing(
        _parts_from(air, frame, settings.lung_min_ml), frame.ball(settings.open_mm)
    )
    found: Mask = closed & body
    return found


def air_beside(lungs: Mask, ct_hu: Intensities, among: Mask, settings: OutlineSettings) -> Mask:
    """Air that hangs together with drawn lung: thin edges, what is left of it where the scan ends.

    Only voxels `among` take part. A wall that is too thin for the outline encloses them all the
    same.
    """
    enclosed = _filled(ct_hu > settings.body_min_hu)
    parts, count = ndimage.label((enclosed & among & (ct_hu < settings.lung_max_hu)) | lungs)
    meets = np.zeros(count + 1, bool)
    meets[parts[lungs]] = True
    found: Mask = meets[parts] & ~lungs
    return found


def bone_from_ct(ct_hu: Intensities, body: Mask, frame: Frame, settings: OutlineSettings) -> Mask:
    """Dense voxels of the body in parts larger than a calcification."""
    return _parts_from(body & (ct_hu > settings.bone_min_hu), frame, settings.bone_min_ml)


def fat_from_ct(ct_hu: Intensities, frame: Frame, settings: OutlineSettings) -> Mask:
    """Fat, and what is less dense, in parts larger than what noise makes of an organ's inside."""
    return _parts_from(ct_hu < settings.fat_max_hu, frame, settings.fat_min_ml)


def _parts_from(mask: Mask, frame: Frame, min_ml: float) -> Mask:
    parts, count = ndimage.label(mask, np.ones((3, 3, 3)))
    keep = (
        np.bincount(parts.ravel(), minlength=count + 1) * frame.geometry.voxel_volume_ml >= min_ml
    )
    keep[0] = False
    found: Mask = keep[parts]
    return found


def _largest_filled(mask: Mask, frame: Frame, open_mm: float) -> Mask:
    flat = frame.ball(open_mm)
    flat = flat[flat.shape[0] // 2][None]  # table tops are thin in the axial plane
    parts, count = ndimage.label(ndimage.binary_opening(mask, flat))
    if not count:
        return np.zeros(mask.shape, bool)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return _filled(parts == sizes.argmax())


def _filled(mask: Mask) -> Mask:
    """The mask with what it encloses in each axial slice."""
    return np.stack([ndimage.binary_fill_holes(one) for one in mask])
