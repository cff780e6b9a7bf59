"""Organs that uptake alone shows, anchored on the liver: no network, few organs, no guess.

Each organ is a rule of place and level (knowledge of normal FDG distribution, SNMMI/EANM
procedure guideline 2.0, Boellaard 2015). What a rule does not find stays unknown.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.anatomy.frame import Frame
from oligocount.settings_anatomy import PetRuleSettings

Mask = NDArray[np.bool_]
Level = NDArray[np.float32]


def organs_from_pet(
    suv: Level, body: Mask, frame: Frame, settings: PetRuleSettings
) -> dict[str, Mask]:
    """Masks by structure name. `suv` and `body` lie on the frame's axial grid (k up)."""
    smooth = ndimage.gaussian_filter(suv, [4.0 / s for s in frame.geometry.spacing_mm])
    liver = _liver(smooth, body, frame, settings)
    if liver is None:
        return {}
    found = {"liver": liver}
    level = float(np.median(suv[liver]))
    foci = _Foci(smooth > settings.hot_liver_ratio * level, smooth, liver, frame)
    for name, rule in (("brain", _brain), ("heart", _heart), ("urinary_bladder", _bladder)):
        mask = rule(foci, settings)
        if mask is not None:
            found[name] = mask
    return found | _kidneys(foci, settings)


class _Foci:
    """Hot components with their extents, and where the liver lies. Distances in mm."""

    def __init__(self, hot: Mask, smooth: Level, liver: Mask, frame: Frame) -> None:
        self.parts, count = ndimage.label(hot)
        self.frame, self.smooth = frame, smooth
        points = np.argwhere(liver)
        self.liver_top = float(np.percentile(frame.z_mm[points[:, 0]], 98))
        self.liver_low = float(np.percentile(frame.z_mm[points[:, 0]], 2))
        self.liver_y = float(frame.y_mm[points[:, 1]].mean())
        ids = np.arange(1, count + 1)
        self.ids = ids
        self.ml = ndimage.sum_labels(hot, self.parts, ids) * frame.geometry.voxel_volume_ml
        centre = np.array(ndimage.center_of_mass(hot, self.parts, ids)).reshape(-1, 3)
        self.z = np.interp(centre[:, 0], np.arange(frame.z_mm.size), frame.z_mm)
        self.y = np.interp(centre[:, 1], np.arange(frame.y_mm.size), frame.y_mm)
        x = np.interp(centre[:, 2], np.arange(frame.x_mm.size), frame.x_mm)
        self.left = x - frame.midline_at(self.z)
        self.peak = np.array(ndimage.maximum(smooth, self.parts, ids)).reshape(-1)

    def largest(self, chosen: NDArray[np.bool_], key: NDArray[np.float64]) -> Mask | None:
        """The mask of the chosen component with the greatest key, or None."""
        if not chosen.any():
            return None
        best = self.ids[chosen][np.argmax(key[chosen])]
        found: Mask = self.parts == best
        return found


def _liver(smooth: Level, body: Mask, frame: Frame, settings: PetRuleSettings) -> Mask | None:
    """The hottest large even region on the right: the first level, going down, that yields one.

    The search runs on every second voxel; the mask is grown back at full resolution.
    """
    coarse, inside = smooth[::2, ::2, ::2], body[::2, ::2, ::2]
    spacing = tuple(2 * s for s in frame.geometry.spacing_mm)
    for low in np.geomspace(settings.liver_max_suv, settings.liver_min_suv, 16):
        high = low * settings.liver_evenness
        even = inside & (coarse > low) & (coarse < high)
        core = ndimage.distance_transform_edt(even, spacing) > settings.liver_open_mm
        parts, count = ndimage.label(core)
        if not count:
            continue
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        seed = np.zeros(body.shape, bool)
        seed[::2, ::2, ::2] = parts == sizes.argmax()
        if not _is_right(seed, frame):
            continue
        gap = ndimage.distance_transform_edt(~seed, frame.geometry.spacing_mm)
        found: Mask = (
            (gap <= settings.liver_open_mm * 1.2) & body & (smooth > low) & (smooth < high)
        )
        if found.sum() * frame.geometry.voxel_volume_ml >= settings.liver_min_ml:
            return found
    return None


def _is_right(mask: Mask, frame: Frame) -> bool:
    k, _, i = ndimage.center_of_mass(mask)
    x_mm = float(np.interp(i, np.arange(frame.x_mm.size), frame.x_mm))
    return x_mm < float(frame.midline_at(frame.z_mm[[round(k)]])[0])


def _brain(foci: _Foci, settings: PetRuleSettings) -> Mask | None:
    high = foci.z > foci.liver_top + settings.brain_above_liver_mm
    central = np.abs(foci.left) < settings.brain_off_midline_mm
    return foci.largest(high & central & (foci.ml >= settings.brain_min_ml), foci.ml)


def _heart(foci: _Foci, settings: PetRuleSettings) -> Mask | None:
    height = foci.z - foci.liver_top
    near = (height > -40.0) & (height < settings.heart_above_liver_mm)
    left = (foci.left > -10.0) & (foci.left < settings.heart_left_mm)
    place = left & (foci.y < foci.liver_y + 20.0)
    sized = (foci.ml >= settings.heart_min_ml) & (foci.ml <= settings.heart_max_ml)
    return foci.largest(near & place & sized, foci.ml)


def _bladder(foci: _Foci, settings: PetRuleSettings) -> Mask | None:
    depth = foci.liver_low - foci.z
    below = (depth > 60.0) & (depth < settings.bladder_below_liver_mm)
    central = np.abs(foci.left) < settings.bladder_off_midline_mm
    return foci.largest(below & central & (foci.ml >= settings.bladder_min_ml), foci.peak)


def _kidneys(foci: _Foci, settings: PetRuleSettings) -> dict[str, Mask]:
    height = foci.z - foci.liver_low
    near = (height > -settings.kidney_reach_mm) & (foci.z < foci.liver_top)
    off = (np.abs(foci.left) > 20.0) & (np.abs(foci.left) < 110.0) & (foci.y > foci.liver_y)
    found = {}
    for side, on_side in (("left", foci.left > 0), ("right", foci.left < 0)):
        chosen = foci.ids[near & off & on_side & (foci.ml >= settings.kidney_min_ml)]
        if chosen.size:
            found[f"kidney_{side}"] = np.isin(foci.parts, chosen)
    return found
