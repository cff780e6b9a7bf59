"""Landmarks of neck and chest: carina, apices, arch, azygos, pulmonary vessels, cricoid."""

import numpy as np
from scipy import ndimage

from oligocount.anatomy.drawing import Drawing, Mask
from oligocount.anatomy.estimate import Estimate, Found, Rule, beside, bottom_of, top_of

_BRONCHI_MIN_MM2, _BRONCHI_APART_MM, _SPLIT_SLICES = 40.0, 5.0, 3
_CARINA_BELOW_APEX_MM = 20.0  # higher up it is the mouth, the larynx or a lobe of the lung
_AIRWAY_MIN_MM = 40.0  # a shorter piece of trachea shows no carina


def _midline(drawing: Drawing, _found: Found) -> Estimate:
    heights, x = drawing.frame.midline
    spine = drawing.has("vertebrae", "spinal_cord", "sacrum")
    method, confidence = ("spine", 0.9) if spine else ("centre of all that is drawn", 0.5)
    return Estimate(float(x.mean()) if heights.size else 0.0, method, confidence)


def _carina_by_split(drawing: Drawing, found: Found) -> Estimate | None:
    """The lowest single slice of the airway above slices of two bronchi, below the lungs' tops."""
    airway = drawing.mask("trachea", "lung_trachea_bronchia", "bronchi", "airway")
    if not airway.any():
        return None
    area = drawing.frame.geometry.spacing_mm[1] * drawing.frame.geometry.spacing_mm[2]
    double = [_is_double(one, drawing, area) for one in airway]
    need = max(2, round(9.0 / drawing.frame.geometry.spacing_mm[0]))
    need = min(need, _SPLIT_SLICES)
    apices = [found[name].value_mm for name in ("z_apex_r", "z_apex_l") if name in found]
    ceiling = min(apices, default=np.inf) - _CARINA_BELOW_APEX_MM
    for k in range(int((drawing.frame.z_mm < ceiling).sum()) - 1, need - 1, -1):
        if airway[k].any() and not double[k] and all(double[k - need : k]):
            return Estimate(
                float(drawing.frame.z_mm[k] - drawing.frame.geometry.spacing_mm[0] / 2),
                "airway splits in two",
                0.9 * drawing.trust("trachea", "lung_trachea_bronchia", "bronchi", "airway"),
            )
    return None


def _is_double(slice_: Mask, drawing: Drawing, voxel_mm2: float) -> bool:
    parts, count = ndimage.label(slice_, np.ones((3, 3)))
    if count < 2:
        return False
    sizes = np.bincount(parts.ravel())[1:] * voxel_mm2
    large = np.flatnonzero(sizes >= _BRONCHI_MIN_MM2) + 1
    if large.size < 2:
        return False
    centres = [np.nonzero(parts == n)[1].mean() for n in large[:2]]
    apart = abs(float(centres[0] - centres[1])) * drawing.frame.geometry.spacing_mm[2]
    return apart >= _BRONCHI_APART_MM


def _carina_by_end(drawing: Drawing, _found: Found) -> Estimate | None:
    """The lower end of the airway; a little above it when the end is wide (bronchi drawn)."""
    airway = drawing.mask("trachea")
    if not airway.any():
        return None
    low, high = drawing.bottom_mm(airway), drawing.top_mm(airway)
    cut = low <= float(drawing.frame.z_mm[0])
    if cut or high - low < _AIRWAY_MIN_MM:
        return None
    return Estimate(low, "lower end of the trachea", 0.6 * drawing.trust("trachea"))


def _carina_by_lungs(drawing: Drawing, _found: Found) -> Estimate | None:
    """A third of the way down the lungs (T4/T5)."""
    lungs = drawing.mask("lung")
    if not lungs.any():
        return None
    low, high = drawing.bottom_mm(lungs), drawing.top_mm(lungs)
    if high - low < 120.0:
        return None
    return Estimate(high - 0.36 * (high - low), "36 % down the lungs", 0.3)


def _apex(side: str) -> Rule:
    def rule(drawing: Drawing, _found: Found) -> Estimate | None:
        lung = drawing.sided("lung", side)
        if not lung.any():
            return None
        top = drawing.top_mm(lung)
        if top >= float(drawing.frame.z_mm[-1]):
            return None  # the scan ends inside the lung
        return Estimate(top, f"top of the {side} lung", 0.9)

    return rule


def _arch_low(drawing: Drawing, found: Found) -> Estimate | None:
    """The lowest slice above the carina in which ascending and descending aorta are one."""
    aorta = drawing.mask("aorta")
    if not aorta.any() or "z_arch_top" not in found:
        return None
    top = found["z_arch_top"].value_mm
    floor = found["z_carina"].value_mm - 15.0 if "z_carina" in found else top - 60.0
    joined = [
        z for z, one in zip(drawing.frame.z_mm, aorta, strict=True)
        if floor <= z < top and _long_and_single(one, drawing)
    ]  # fmt: skip
    if not joined:
        return None
    low = min(joined) - drawing.frame.geometry.spacing_mm[0] / 2
    return Estimate(float(low), "arch joins ascending and descending aorta", 0.7)


def _long_and_single(slice_: Mask, drawing: Drawing) -> bool:
    count = ndimage.label(slice_, np.ones((3, 3)))[1]
    if count != 1:
        return False
    rows = np.flatnonzero(slice_.any(axis=1))
    return float(rows[-1] - rows[0] + 1) * drawing.frame.geometry.spacing_mm[1] >= 45.0


def _crossing(stems: tuple[str, ...], word: str) -> Rule:
    """The lowest voxel of a vessel in front of the trachea."""

    def rule(drawing: Drawing, found: Found) -> Estimate | None:
        vessel, trachea = drawing.mask(*stems), drawing.mask("trachea")
        if not vessel.any() or not trachea.any():
            return None
        low, high = drawing.line(trachea, "x", "min"), drawing.line(trachea, "x", "max")
        front = drawing.line(trachea, "y", "mean")
        if low is None or high is None or front is None:
            return None
        x, y = drawing.frame.x_mm[None, None, :], drawing.frame.y_mm[None, :, None]
        near = (x > low[:, None, None] - 5.0) & (x < high[:, None, None] + 5.0)
        crossing = vessel & near & (y < front[:, None, None])
        top = found["z_arch_top"].value_mm if "z_arch_top" in found else -np.inf
        crossing &= drawing.frame.z_mm[:, None, None] > top - 15.0
        if not crossing.any():
            return None
        return Estimate(drawing.bottom_mm(crossing), f"{word} crosses the trachea", 0.7)

    return rule


def _lpa_top(drawing: Drawing, found: Found) -> Estimate | None:
    artery = drawing.mask("pulmonary_artery")
    if not artery.any() or "x_midline" not in found:
        return None
    left = drawing.frame.x_mm > found["x_midline"].value_mm + 12.0
    part = artery & left[None, None, :]
    if not part.any():
        return None
    top = drawing.top_mm(part)
    carina = found.get("z_carina")
    if carina and abs(top - carina.value_mm) > 30.0:
        return None
    return Estimate(top, "top of the left pulmonary artery", 0.8)


def _heart_fraction(drawing: Drawing, found: Found) -> Estimate | None:
    """Inferior pulmonary veins: half way down the heart (T8/T9; 0.43 to 0.58 in 7 phantoms)."""
    heart = drawing.mask("heart")
    if not heart.any():
        return None
    low, high = drawing.bottom_mm(heart), drawing.top_mm(heart)
    carina = found["z_carina"].value_mm if "z_carina" in found else high
    value = min(high - 0.52 * (high - low), carina - 30.0)
    return Estimate(value, "52 % down the heart", 0.5)


def _cervical(drawing: Drawing, _found: Found) -> Estimate | None:
    """C6's middle: a vertebra and a half above C7's lower edge, where all are one class."""
    neck = drawing.main_run(drawing.mask("vertebrae_C"))
    if not neck.any() or drawing.bottom_mm(neck) <= float(drawing.frame.z_mm[0]):
        return None
    return Estimate(drawing.bottom_mm(neck) + 26.0, "1.5 vertebrae above C7's lower edge", 0.5)


def _where_airway_and_gullet_begin(drawing: Drawing, found: Found) -> Estimate | None:
    """The median of C6's lower edge and the upper ends of trachea and oesophagus.

    Both begin at the cricoid's lower border (AJCC 8, JES); a map may draw them into the larynx.
    """
    alone = bottom_of("vertebrae_C6", offset_mm=8.0, confidence=0.6)(drawing, found)
    spine = alone or _cervical(drawing, found)
    if spine is None:
        return None
    tops = [top_of("trachea")(drawing, found), top_of("esophagus")(drawing, found)]
    values = [spine.value_mm, *(each.value_mm for each in tops if each)]
    method = f"{spine.method}, with the tops of {len(values) - 1} of trachea and oesophagus"
    return Estimate(float(np.median(values)), method, spine.confidence)


RULES: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    ("x_midline", (_midline,)),
    ("z_apex_r", (_apex("right"),)),
    ("z_apex_l", (_apex("left"), beside("z_apex_r", 0.0, 0.8))),
    ("z_carina", (
        _carina_by_split,
        _carina_by_end,
        top_of("vertebrae_T5", confidence=0.5),
        _carina_by_lungs,
    )),
    ("z_manubrium_top", (
        top_of("sternum", confidence=0.8),
        bottom_of("clavicula", offset_mm=5.0, confidence=0.5),
        bottom_of("vertebrae_T2", confidence=0.5),
        beside("z_apex_r", -25.0, 0.5),
        beside("z_carina", 60.0, 0.5),
    )),
    ("z_arch_top", (top_of("aorta", confidence=0.85), beside("z_carina", 40.0, 0.6))),
    ("z_arch_low", (_arch_low, beside("z_arch_top", -25.0, 0.6))),
    ("z_bct", (
        _crossing(("brachiocephalic_trunk",), "innominate artery"),
        beside("z_arch_top", -12.0, 0.6),  # 4 to 16 mm below it in 7 phantoms
    )),
    ("z_bcv", (
        _crossing(("brachiocephalic_vein_left",), "left innominate vein"),
        _crossing(("veins_thoracic",), "left innominate vein"),
        beside("z_arch_top", 0.0, 0.6),
    )),
    ("z_azygos_low", (beside("z_carina", 5.0, 0.6),)),
    ("z_azygos_top", (beside("z_azygos_low", 10.0, 0.9),)),
    ("z_lpa_top", (_lpa_top, beside("z_carina", 5.0, 0.6))),
    ("z_la_top", (top_of("heart_atrium_left", confidence=0.8), beside("z_carina", -25.0, 0.6))),
    ("z_ipv", (
        bottom_of("pulmonary_vein", confidence=0.7),
        bottom_of("heart_atrium_left", confidence=0.7),
        _heart_fraction,
        bottom_of("vertebrae_T8", confidence=0.5),
        beside("z_carina", -60.0, 0.6),
    )),
    ("z_cricoid", (
        bottom_of("cricoid_cartilage", confidence=0.9),
        _where_airway_and_gullet_begin,
        beside("z_manubrium_top", 60.0, 0.5),
    )),
    ("z_hyoid", (bottom_of("hyoid", confidence=0.9), beside("z_cricoid", 45.0, 0.7))),
)  # fmt: skip
