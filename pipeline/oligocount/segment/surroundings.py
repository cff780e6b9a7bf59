"""One patient on the scorer's grid: groups of organs, their levels, distances and landmarks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.volume import LabelMap
from oligocount.inference.channels import structure_mask

Level = NDArray[np.float32]

# Structures whose names begin so, of any provider; the first group that takes a name keeps it.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "brain": ("brain",),
    "glands": ("head_glands", "parotid_gland", "submandibular_gland", "sublingual_gland",
               "nasopharynx", "oropharynx", "hypopharynx", "tonsil", "lingual_tonsil",
               "soft_palate", "tongue", "larynx", "vocal_cord"),
    "skull": ("skull", "mandible", "eye"),
    "thyroid": ("thyroid_gland",),
    "trachea": ("trachea", "bronchi", "bronchus", "airway", "lung_trachea_bronchia"),
    "oesophagus": ("esophagus",),
    "lung": ("lung",),
    "heart": ("heart", "atrial_appendage"),
    "vessels": ("aorta", "arteries_neck", "veins_thoracic", "pulmonary_artery", "pulmonary_vein",
                "inferior_vena_cava", "superior_vena_cava", "portal_vein_and_splenic_vein",
                "brachiocephalic", "common_carotid", "subclavian", "iliac_artery", "iliac_vena",
                "azygos_vein", "internal_jugular_vein", "internal_carotid"),
    "liver": ("liver",),
    "gallbladder": ("gallbladder",),
    "spleen": ("spleen",),
    "stomach": ("stomach",),
    "pancreas": ("pancreas",),
    "bowel": ("small_bowel", "duodenum", "colon", "rectum"),
    "kidney": ("kidney",),
    "adrenal": ("adrenal_gland",),
    "bladder": ("urinary_bladder",),
    "pelvic": ("prostate", "uterus", "ovary"),
    "spine": ("vertebrae", "vertebra", "spine", "sacrum", "spinal_cord"),
    "chest_bone": ("rib", "sternum", "clavicula", "scapula", "costal_cartilages"),
    "limb_bone": ("humerus", "hip", "femur", "arm_bones", "leg_bones", "bone"),
    "muscle": ("muscle", "gluteus", "autochthon", "iliopsoas", "skeletal_muscle"),
    "filler": ("",),
}  # fmt: skip
NEAR = ("brain", "glands", "heart", "kidney", "bladder", "bowel", "stomach", "lung", "liver",
        "oesophagus", "spine")  # fmt: skip
HEIGHTS: Mapping[str, tuple[str, int]] = {  # a percentile of an organ's slices
    "above_lungs": ("lung", 99), "below_lungs": ("lung", 1), "from_liver": ("liver", 50),
    "from_brain": ("brain", 2), "from_bladder": ("bladder", 50),
}  # fmt: skip
FAR_MM = 25.0
BLOOD_SUV = 1.57  # aorta in health (0.30): where no aorta is drawn
_LEAST_ML = 30.0  # a landmark needs this much of its organ
_NAMES = tuple(GROUPS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """What candidates are described against; arrays on one isotropic axial grid (k up, i left).

    `groups` numbers GROUPS from 1 (0 = outside); `levels` holds each group's median and 90th
    percentile of SUV; `gaps` (mm) and `depth_mm` lie on every second voxel; `chance` is the
    lesion probability of a network where one was asked; `level` the patient's own level.
    """

    spacing_mm: float
    suv: Level
    ct: Level | None
    chance: Level | None
    groups: NDArray[np.uint8]
    inside: NDArray[np.bool_]
    level: float
    blood: float
    noise: float
    midline: float
    levels: NDArray[np.float64]
    sizes: NDArray[np.int64]
    quantiles: NDArray[np.float64]
    gaps: Mapping[str, Level]
    depth_mm: Level
    heights_mm: Mapping[str, float | None]

    @property
    def voxel_ml(self) -> float:
        """Volume of one voxel."""
        return self.spacing_mm**3 / 1000

    def share_as_hot(self, group: int, suv: float) -> float:
        """Which share of a group takes up as much as `suv`, 0 to 1."""
        return float(1 - np.searchsorted(self.quantiles[group], suv) / self.quantiles.shape[1])

    def frontness(self, index: tuple[int, int, int]) -> float:
        """0 at the back of the body's column at this place, 1 at its front."""
        k, j, i = index
        column = np.flatnonzero(self.inside[k, :, i])
        if column.size < 2:
            return 0.5
        return float(np.clip((column[-1] - j) / (column[-1] - column[0]), 0, 1))


def survey(
    suv: Level, ct: Level | None, chance: Level | None, organs: LabelMap, *, level: float
) -> Body:
    """The body of one patient. All arrays and the organ map share an isotropic axial grid."""
    spacing = organs.geometry.spacing_mm[0]
    groups = group_numbers(organs)
    inside = (groups > 0) | (ndimage.uniform_filter(suv, 3) > 0.2)
    levels, quantiles, sizes = _levels(suv, groups)
    step = 2 * spacing
    coarse = groups[::2, ::2, ::2]
    return Body(
        spacing_mm=spacing,
        suv=suv,
        ct=ct,
        chance=chance,
        groups=groups,
        inside=inside,
        level=level,
        blood=_blood(suv, organs, groups),
        noise=_noise(suv, groups),
        midline=_midline(groups, inside),
        levels=levels,
        sizes=sizes,
        quantiles=quantiles,
        gaps={name: _gap(coarse == _NAMES.index(name) + 1, step) for name in NEAR},
        depth_mm=ndimage.distance_transform_edt(inside[::2, ::2, ::2], sampling=step).astype(
            np.float32
        ),
        heights_mm=_heights(groups, spacing),
    )


def group_numbers(organs: LabelMap) -> NDArray[np.uint8]:
    """The number of each voxel's group, 0 outside the body."""
    lookup = np.zeros(max([0, *organs.names, int(organs.array.max(initial=0))]) + 1, np.uint8)
    for label, name in organs.names.items():
        lookup[label] = 1 + next(
            n for n, stems in enumerate(GROUPS.values())
            if any(stem == "" or f"{name}_".startswith(f"{stem}_") for stem in stems)
        )  # fmt: skip
    found: NDArray[np.uint8] = lookup[organs.array]
    return found


def _levels(
    suv: Level, groups: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    count = len(GROUPS) + 1
    levels, quantiles = np.zeros((count, 2)), np.zeros((count, 200))
    sizes = np.bincount(groups.ravel(), minlength=count)
    for group in range(1, count):
        if sizes[group]:
            values = suv[groups == group]
            quantiles[group] = np.quantile(values[:: max(1, len(values) // 20000)],
                                           np.linspace(0, 1, 200))  # fmt: skip
            levels[group] = quantiles[group][[100, 179]]
    return levels, quantiles, sizes


def _gap(mask: NDArray[np.bool_], step: float) -> Level:
    if not mask.any():
        return np.full(mask.shape, 1e3, np.float32)
    gap: Level = ndimage.distance_transform_edt(~mask, sampling=step).astype(np.float32)
    return gap


def _blood(suv: Level, organs: LabelMap, groups: NDArray[np.uint8]) -> float:
    aorta = structure_mask(organs, ("aorta",))
    if aorta.sum() < 50:
        aorta = groups == _NAMES.index("vessels") + 1
    return float(np.clip(np.median(suv[aorta]), 0.4, 4)) if aorta.sum() >= 50 else BLOOD_SUV


def _noise(suv: Level, groups: NDArray[np.uint8]) -> float:
    """Relative deviation within the liver's middle, 0.15 where there is none."""
    liver = ndimage.binary_erosion(groups == _NAMES.index("liver") + 1, iterations=3)
    if liver.sum() < 100:
        return 0.15
    values = suv[liver]
    low, middle, high = np.percentile(values, [16, 50, 84])
    return float(np.clip((high - low) / 2 / max(middle, 0.1), 0, 1))


def _midline(groups: NDArray[np.uint8], inside: NDArray[np.bool_]) -> float:
    spine = groups == _NAMES.index("spine") + 1
    chosen = spine if spine.sum() > 200 else inside
    return float(np.nonzero(chosen)[2].mean()) if chosen.any() else (groups.shape[2] - 1) / 2


def _heights(groups: NDArray[np.uint8], spacing: float) -> dict[str, float | None]:
    """Millimetres above the first slice of some borders of organs; None where there is none."""
    out: dict[str, float | None] = {}
    for key, (name, percent) in HEIGHTS.items():
        slices = np.nonzero(groups == _NAMES.index(name) + 1)[0]
        enough = slices.size * spacing**3 / 1000 >= _LEAST_ML
        out[key] = float(np.percentile(slices, percent)) * spacing if enough else None
    return out
