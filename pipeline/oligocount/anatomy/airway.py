"""The airway of an organ map, drawn by its air where CT shows it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.anatomy.frame import Frame
from oligocount.geometry.box import box_around
from oligocount.settings_anatomy import OutlineSettings

Mask = NDArray[np.bool_]


def airway_from_ct(
    ct_hu: NDArray[np.float32],
    drawn: Mask,
    lungs: Mask,
    hollow: Mask,
    frame: Frame,
    settings: OutlineSettings,
) -> Mask:
    """The airway's air in each slice that shows it; `drawn` in the others.

    Air belongs to the airway where it hangs together with the greatest air inside `drawn`, within
    `refine_reach_mm` of it, not above its top (there the larynx begins) and outside `lungs` and
    `hollow`, which hold air of their own. Air that only touches a lung is the lung's, but for the
    rim of a lumen. A slice shows an airway where that air is as wide as one: less is collapsed,
    narrowed or a tube, more has leaked.
    """
    if not drawn.any():
        return drawn
    spacing = frame.geometry.spacing_mm
    box = box_around(drawn, settings.refine_reach_mm, spacing)
    own, lung = drawn[box], lungs[box]
    near = ndimage.distance_transform_edt(~own, spacing) <= settings.refine_reach_mm
    near[np.flatnonzero(own.any(axis=(1, 2)))[-1] + 1 :] = False
    air = near & (ct_hu[box] < settings.airway_max_hu) & ~lung & ~hollow[box]
    lumen = air & ndimage.binary_dilation(_greatest(air & ~ndimage.binary_dilation(lung), own))
    area_mm2 = np.count_nonzero(lumen, axis=(1, 2)) * spacing[1] * spacing[2]
    shown = (area_mm2 >= settings.airway_min_mm2) & (area_mm2 <= settings.airway_max_mm2)
    found = drawn.copy()
    found[box] = np.where(shown[:, None, None], lumen, own)
    return found


def _greatest(mask: Mask, within: Mask) -> Mask:
    """The part of `mask` that fills most of `within`."""
    parts, count = ndimage.label(mask)
    sizes = np.bincount(parts[within], minlength=count + 1)
    sizes[0] = 0
    part: Mask = (parts == sizes.argmax()) & (sizes.max() > 0)
    return part
