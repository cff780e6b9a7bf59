"""Landmarks of hiatus, abdomen and pelvis: junction, domes, coeliac, renal vein, bifurcation."""

import numpy as np
from scipy import ndimage

from oligocount.anatomy.drawing import Drawing, Mask
from oligocount.anatomy.estimate import Estimate, Found, Rule, beside, consensus, top_of


def _junction(axis: int) -> Rule:
    """The contact of oesophagus and stomach, else the oesophagus' lower end."""

    def rule(drawing: Drawing, _found: Found) -> Estimate | None:
        gullet, stomach = drawing.mask("esophagus"), drawing.mask("stomach")
        if not gullet.any():
            return None
        if stomach.any():
            near = drawing.distance_mm(gullet) <= 3.0 + max(drawing.frame.geometry.spacing_mm)
            contact = near & stomach
            if contact.any():
                low = _lowest(gullet, drawing, 10.0)
                z = min(drawing.centre_mm(contact)[2], drawing.bottom_mm(gullet) + 25.0)
                value = (drawing.centre_mm(low)[0], drawing.centre_mm(low)[1], z)[axis]
                return Estimate(value, "contact of oesophagus and stomach", 0.8)
        if drawing.bottom_mm(gullet) <= float(drawing.frame.z_mm[0]):
            return None  # the scan ends above the junction
        value = drawing.centre_mm(_lowest(gullet, drawing, 8.0))[axis]
        return Estimate(value, "lower end of the oesophagus", 0.5)

    return rule


def _lowest(mask: Mask, drawing: Drawing, height_mm: float) -> Mask:
    top = drawing.bottom_mm(mask) + height_mm
    found: Mask = mask & (drawing.frame.z_mm < top)[:, None, None]
    return found if found.any() else mask


def _hiatus(drawing: Drawing, found: Found) -> Estimate | None:
    """The highest slice in which liver or stomach flanks the oesophagus on both sides."""
    gullet, flank = drawing.mask("esophagus"), drawing.mask("liver", "stomach")
    if not gullet.any() or not flank.any() or "z_egj" not in found:
        return None
    x = drawing.line(gullet, "x", "mean")
    if x is None:
        return None
    close = flank & (drawing.distance_mm(gullet) <= 15.0)
    right = (close & (drawing.frame.x_mm[None, None, :] < x[:, None, None])).any(axis=(1, 2))
    left = (close & (drawing.frame.x_mm[None, None, :] > x[:, None, None])).any(axis=(1, 2))
    both = np.flatnonzero(right & left & gullet.any(axis=(1, 2)))
    if not both.size:
        return None
    egj = found["z_egj"].value_mm
    value = float(np.clip(drawing.frame.z_mm[both[-1]], egj + 10.0, egj + 35.0))
    return Estimate(value, "liver and stomach flank the oesophagus", 0.6)


def _coeliac(drawing: Drawing, _found: Found) -> Estimate | None:
    """8 mm above the splenic vein where it passes in front of the aorta."""
    top = _top_before_aorta("portal_vein_and_splenic_vein", drawing)
    return None if top is None else Estimate(top + 8.0, "splenic vein in front of the aorta", 0.6)


def _pancreas_body(drawing: Drawing, _found: Found) -> Estimate | None:
    """3 mm above the pancreas before the aorta; its tail climbs to the spleen and tells nothing."""
    top = _top_before_aorta("pancreas", drawing)
    return None if top is None else Estimate(top + 3.0, "pancreas in front of the aorta", 0.5)


def _top_before_aorta(name: str, drawing: Drawing) -> float | None:
    """The top of the part of a structure that lies before the descending aorta."""
    middle = drawing.line(_descending(drawing.mask("aorta"), drawing), "x", "mean")
    if middle is None:
        return None
    off = drawing.frame.x_mm[None, None, :] - middle[:, None, None]
    part = drawing.mask(name) & (off > -10.0) & (off < 25.0)
    return drawing.top_mm(part) if part.any() else None


def _descending(aorta: Mask, drawing: Drawing) -> Mask:
    """The hindmost part of the aorta in each slice."""
    back = drawing.line(aorta, "y", "max")
    if back is None:
        return aorta
    found: Mask = aorta & (drawing.frame.y_mm[None, :, None] > back[:, None, None] - 30.0)
    return found


_LUMBAR = ("vertebrae_L", *(f"vertebrae_L{n}" for n in range(1, 6)))


def _lumbar(fraction: float, name: str, confidence: float) -> Rule:
    """A fraction of the way down the lumbar spine, drawn as one class or vertebra by vertebra."""

    def rule(drawing: Drawing, _found: Found) -> Estimate | None:
        spine = drawing.main_run(drawing.mask(*_LUMBAR))
        if not spine.any():
            return None
        low, high = drawing.bottom_mm(spine), drawing.top_mm(spine)
        whole = low > float(drawing.frame.z_mm[0]) and high < float(drawing.frame.z_mm[-1])
        if not whole or high - low < 100.0:
            low = high - 170.0  # five lumbar vertebrae with discs
        return Estimate(high - fraction * (high - low), name, confidence)

    return rule


def _disc(above: str, below: str, confidence: float) -> Rule:
    """Between two vertebrae that are drawn one by one: the processes of both overlap alike."""

    def rule(drawing: Drawing, _found: Found) -> Estimate | None:
        upper, lower = drawing.mask(above), drawing.mask(below)
        if not upper.any() or not lower.any():
            return None
        value = (drawing.bottom_mm(upper) + drawing.top_mm(lower)) / 2
        return Estimate(value, f"between {above} and {below}", confidence)

    return rule


def _first(*rules: Rule) -> Rule:
    """The first answer of several rules for one and the same thing."""

    def rule(drawing: Drawing, found: Found) -> Estimate | None:
        given = (each for one in rules if (each := one(drawing, found)) is not None)
        return next(given, None)

    return rule


def _middle_of(name: str, confidence: float) -> Rule:
    """The middle of a vertebra that is drawn alone and whole."""

    def rule(drawing: Drawing, _found: Found) -> Estimate | None:
        mask = drawing.mask(name)
        if not mask.any():
            return None
        low, high = drawing.bottom_mm(mask), drawing.top_mm(mask)
        if low <= float(drawing.frame.z_mm[0]) or high >= float(drawing.frame.z_mm[-1]):
            return None
        return Estimate(drawing.centre_mm(mask)[2], f"middle of {name}", confidence)

    return rule


_T12_L1 = _first(_disc("vertebrae_T12", "vertebrae_L1", 0.5), _lumbar(0.0, "top of L1", 0.5))
_L1_L2 = _first(_disc("vertebrae_L1", "vertebrae_L2", 0.5), _lumbar(0.25, "between L1 and L2", 0.5))


def _renal_vein(drawing: Drawing, _found: Found) -> Estimate | None:
    """5 mm above the mean height of the kidneys, as the lower border of the left renal vein."""
    heights = [
        drawing.centre_mm(mask)[2]
        for mask in (drawing.sided("kidney", "left"), drawing.sided("kidney", "right"))
        if mask.any()
    ]
    if not heights:
        return None
    return Estimate(
        float(np.mean(heights)) + 5.0, "middle of the kidneys +5 mm", 0.3 + 0.15 * len(heights)
    )


def _bifurcation(drawing: Drawing, _found: Found) -> Estimate | None:
    """Where two arteries follow the aorta: the lower end of the aorta unless the scan ends."""
    aorta = drawing.mask("aorta")
    if not aorta.any():
        return None
    low = drawing.bottom_mm(aorta)
    if low <= float(drawing.frame.z_mm[0]) or drawing.top_mm(aorta) - low < 100.0:
        return None
    return Estimate(low, "lower end of the aorta", 0.7)


def _dome(stems: tuple[str, ...], side: str) -> Rule:
    def rule(drawing: Drawing, _found: Found) -> Estimate | None:
        mask = drawing.mask(*stems)
        if not mask.any():
            return None
        return Estimate(drawing.top_mm(mask), f"top of {' and '.join(stems)}", 0.8)

    def lung(drawing: Drawing, _found: Found) -> Estimate | None:
        mask = drawing.sided("lung", side)
        if not mask.any() or drawing.bottom_mm(mask) <= float(drawing.frame.z_mm[0]):
            return None
        return Estimate(drawing.bottom_mm(mask) + 40.0, "40 mm above the lung's lower edge", 0.4)

    return lambda drawing, found: rule(drawing, found) or lung(drawing, found)


def _femoral_heads(drawing: Drawing, found: Found) -> Estimate | None:
    """The top of the femora, where it lies below the bifurcation as it must."""
    femora = drawing.mask("femur")
    if not drawing.has("femur") or drawing.top_mm(femora) >= float(drawing.frame.z_mm[-1]):
        return None
    top = drawing.top_mm(femora)
    if "z_bif" in found and top > found["z_bif"].value_mm:
        return None
    return Estimate(top, "top of the femora", 0.9)


def _cantlie(part: int) -> Rule:
    """Cantlie's plane through gallbladder and inferior vena cava: x = x0 + slope * y."""

    def rule(drawing: Drawing, _found: Found) -> Estimate | None:
        gall, cava, liver = (
            drawing.mask(n) for n in ("gallbladder", "inferior_vena_cava", "liver")
        )
        behind_liver = cava & ndimage.binary_dilation(liver, iterations=3) if liver.any() else cava
        if not gall.any() or not behind_liver.any():
            return None
        gx, gy, _ = drawing.centre_mm(gall)
        cx, cy, _ = drawing.centre_mm(behind_liver)
        if abs(cy - gy) < 15.0:
            return None
        slope = (cx - gx) / (cy - gy)
        return Estimate((cx - slope * cy, slope)[part], "gallbladder and inferior vena cava", 0.7)

    return rule


def _cantlie_at_midline(part: int) -> Rule:
    """Without a gallbladder: upright through the cava, else 20 mm right of the midline."""

    def rule(drawing: Drawing, found: Found) -> Estimate | None:
        if not drawing.has("liver"):
            return None
        cava = drawing.mask("inferior_vena_cava")
        x = drawing.centre_mm(cava)[0] if cava.any() else found["x_midline"].value_mm - 20.0
        return Estimate((x, 0.0)[part], "upright through the inferior vena cava", 0.3)

    return rule


RULES: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    ("z_dome_r", (_dome(("liver",), "right"),)),
    ("z_dome_l", (_dome(("stomach", "spleen"), "left"), beside("z_dome_r", -15.0, 0.7))),
    ("z_egj", (_junction(2), beside("z_dome_r", -35.0, 0.5), beside("z_carina", -170.0, 0.4))),
    ("x_egj", (_junction(0), beside("x_midline", 15.0, 0.4))),
    ("y_egj", (_junction(1),)),
    ("z_hiatus", (_hiatus, beside("z_egj", 20.0, 0.7))),
    ("z_coeliac", (
        consensus(_coeliac, _pancreas_body, _T12_L1),
        _coeliac,
        _pancreas_body,
        _T12_L1,
        beside("z_egj", -40.0, 0.4),
    )),
    ("z_lrv", (
        consensus(_renal_vein, _L1_L2, beside("z_coeliac", -42.0, 0.8)),
        _renal_vein, _L1_L2,
        beside("z_coeliac", -42.0, 0.5),
    )),
    ("z_ima", (
        _middle_of("vertebrae_L3", 0.7),
        _lumbar(0.5, "middle of L3", 0.6),
        beside("z_lrv", -50.0, 0.5),
    )),
    ("z_bif", (
        top_of("iliac_artery", confidence=0.8),
        _bifurcation,
        _lumbar(0.7, "middle of L4", 0.6),
        beside("z_ima", -30.0, 0.5),
    )),
    ("z_femur_top", (_femoral_heads, beside("z_bif", -135.0, 0.4))),
    ("cantlie_x0", (_cantlie(0), _cantlie_at_midline(0))),
    ("cantlie_dx_dy", (_cantlie(1), _cantlie_at_midline(1))),
)  # fmt: skip
