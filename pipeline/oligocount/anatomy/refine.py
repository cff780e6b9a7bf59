"""Airway, lungs, bone and outline of an organ map corrected by what density shows."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.anatomy.airway import airway_from_ct
from oligocount.anatomy.frame import Frame, axial_frame, to_frame, volume_to_frame
from oligocount.anatomy.outline import (
    air_beside,
    body_from_ct,
    bone_from_ct,
    fat_from_ct,
    lungs_from_ct,
)
from oligocount.anatomy.sides import midline_mm
from oligocount.domain.volume import LabelMap, Volume
from oligocount.geometry.box import box_around
from oligocount.geometry.resample import resample_labels
from oligocount.settings_anatomy import OutlineSettings

Mask = NDArray[np.bool_]
_FILLER = ("body", "muscle")
_HOLLOW = ("stomach", "small_bowel", "colon", "duodenum")  # these hold air of their own
_IN_ONE_PIECE = ("brain", "heart", "liver", "spleen", "stomach", "urinary_bladder", "prostate")
_PELVIC = ("urinary_bladder", "prostate", "hip", "femur", "sacrum")
_NO_FAT = (
    "muscle", "liver", "spleen", "pancreas", "kidney", "adrenal_gland", "gallbladder",
    "urinary_bladder", "prostate", "spinal_cord", "aorta", "inferior_vena_cava",
    "portal_vein_and_splenic_vein", "pulmonary_artery",
)  # fmt: skip
_AIR_NO_FAT = ("stomach", "small_bowel", "esophagus")
# Not the colon, whose content is as dense as fat, nor the heart: it beats and breathes, and where
# PET shows it hot CT may show what lies beside it.
_BONE = (
    "skull", "vertebrae_C", "vertebrae_T", "vertebrae_L", "sacrum", "sternum", "bone",
    "rib", "clavicula", "scapula", "humerus", "hip", "femur",
)  # fmt: skip


def refine_by_density(labels: LabelMap, ct: Volume, settings: OutlineSettings) -> LabelMap:
    """The map with air-filled lung, bone and fat as density shows them, the airway as its air.

    What becomes lung or bone takes the nearest name within `refine_reach_mm`. Lung claims its air
    from all that holds none of its own; the vessels that it encloses, as bone all its voxels, only
    from what the map calls body or muscle, and from background inside the outline: a tumour in a
    lung stays what it was drawn as. The airway claims its air from what holds none, and loses to
    filler what is drawn beside it. Fat leaves the organs that hold none.
    """
    frame = axial_frame(labels.geometry, midline_mm(labels))
    drawn = to_frame(labels, frame)
    hu = volume_to_frame(ct, frame, outside=-1024.0).array
    body = body_from_ct(hu, frame, settings)
    lungs = _named(drawn, ("lung",))
    array = _with_airway(drawn, hu, lungs, frame, settings)
    free = (array == 0) | np.isin(array, [n for n, name in drawn.names.items() if name in _FILLER])
    spacing = frame.geometry.spacing_mm
    bones = _named(drawn, _BONE)
    airless = ~_named(drawn, (*_HOLLOW, "esophagus")) & (array != drawn.id_of("trachea"))
    inflated = lungs_from_ct(hu, body, frame, settings) & free
    for source, mask in (
        (lungs, inflated | air_beside(lungs, hu, airless, settings)),
        (bones, bone_from_ct(hu, body, frame, settings) & free),
    ):
        _claim(array, mask, source, spacing, settings.refine_reach_mm)
    filler = drawn.id_of("body")
    changed = LabelMap(array=array, names=drawn.names, geometry=frame.geometry)
    if filler is not None:
        array[_fat_in_organs(changed, hu, frame, settings)] = filler
        array[body & (array == 0)] = filler
    return resample_labels(changed, labels.geometry)


def without_specks(labels: LabelMap, min_share: float) -> LabelMap:
    """The map without parts of a structure smaller than `min_share` of its largest part.

    Of an organ that everybody has once, and in one piece, only the largest part stays. A dropped
    part takes the nearest other label; bones and filler keep all their parts.
    """
    array = labels.array.astype(np.int32)
    drop = np.zeros(array.shape, bool)
    for label, box in enumerate(ndimage.find_objects(array), start=1):
        name = labels.names.get(label, "body")
        if box is None or name in _FILLER or name.startswith(_BONE):
            continue
        parts, count = ndimage.label(array[box] == label, np.ones((3, 3, 3)))
        sizes = np.bincount(parts.ravel(), minlength=count + 1)
        small = sizes < (1.0 if name in _IN_ONE_PIECE else min_share) * sizes[1:].max()
        small[0] = False
        drop[box] |= small[parts]
    if drop.any():
        nearest = ndimage.distance_transform_edt(drop, return_indices=True)[1]
        array[drop] = array[tuple(axis[drop] for axis in nearest)]
    return LabelMap(array=array, names=labels.names, geometry=labels.geometry)


def without_misplaced(labels: LabelMap) -> LabelMap:
    """The map without pelvic structures above the lungs' lower edge: those are body instead.

    A network that saw no pelvis may find shreds of one in a shoulder.
    """
    lungs = np.argwhere(_named(labels, ("lung",)))
    filler = labels.id_of("body")
    if not lungs.size or filler is None:
        return labels
    low_mm = float(labels.geometry.to_lps_mm(lungs.astype(float))[:, 2].min())
    array = labels.array.copy()
    index = np.argwhere(_named(labels, _PELVIC))
    above = labels.geometry.to_lps_mm(index.astype(float))[:, 2] > low_mm
    array[tuple(index[above].T)] = filler
    return LabelMap(array=array, names=labels.names, geometry=labels.geometry)


def _with_airway(
    drawn: LabelMap,
    hu: NDArray[np.float32],
    lungs: Mask,
    frame: Frame,
    settings: OutlineSettings,
) -> NDArray[np.int32]:
    """The labels with the trachea, and the main bronchi drawn with it, as their air shows them."""
    array = drawn.array.astype(np.int32)
    trachea = drawn.id_of("trachea")
    if trachea is None:
        return array
    before = array == trachea
    airway = airway_from_ct(hu, before, lungs, _named(drawn, _HOLLOW), frame, settings)
    array[before & ~airway] = drawn.id_of("body") or 0
    array[airway] = trachea
    return array


def _fat_in_organs(
    labels: LabelMap, hu: NDArray[np.float32], frame: Frame, settings: OutlineSettings
) -> Mask:
    """Fat that was drawn as an organ which holds none; air of a hollow one is left to it."""
    hollow = _named(labels, _AIR_NO_FAT) & (hu > settings.fat_min_hu)
    return fat_from_ct(hu, frame, settings) & (_named(labels, _NO_FAT) | hollow)


def _claim(
    array: NDArray[np.int32], mask: Mask, source: Mask, spacing: tuple[float, ...], reach_mm: float
) -> None:
    if not source.any() or not mask.any():
        return
    box = box_around(source, reach_mm, spacing)
    gap, nearest = ndimage.distance_transform_edt(~source[box], spacing, return_indices=True)
    chosen, part = mask[box] & (gap <= reach_mm), array[box]
    part[chosen] = part[tuple(axis[chosen] for axis in nearest)]


def _named(labels: LabelMap, stems: tuple[str, ...]) -> Mask:
    return labels.mask(
        *(n for n in labels.names.values() if any(f"{n}_".startswith(f"{s}_") for s in stems))
    )
