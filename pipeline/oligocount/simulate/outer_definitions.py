"""Stations of neck, chest wall and groin as their definitions bound them.

Project rules 2.3 (AJCC 8, JES): 1 ends and 2 begins at the apex of the lung of its side, in the
midline at the manubrium's top; 1 and 104 lie below the cricoid, 102 above it, and part at the
medial border of the carotid sheath; 1 lies before the spine, 104 from 40 mm before to 30 mm behind
its front, above the clavicle, out to the first rib's outer edge or the clavicle's middle; 102 ends
behind with the sternocleidomastoid, where level V begins: about the vertebra's front at the cricoid
(C6); internal mammary nodes lie behind the cartilages, within 15 mm of the sternum, and no node of
6 lies before them; inguinal nodes lie below the top of the femoral heads.
"""

import numpy as np

from oligocount.simulate import regions
from oligocount.simulate.body import BodyMap

_MIDLINE_MM = 8.0
_FOSSA_FRONT_MM, _FOSSA_BACK_MM = 40.0, 30.0  # of 104, from the vertebral plane
_BESIDE_STERNUM_MM = 15.0
_BEHIND_WALL_MM = 10.0  # the vessels run on the inner face of cartilages and muscles between them
_MUSCLE_SLOPE = 0.375  # 35 to 40 mm in the 100 mm up to the mastoid (Gregoire 2014)
_SIDES = (("R", "right", -1.0), ("L", "left", 1.0))


def _inlet(body: BodyMap) -> None:
    """Above the apex 2 is 1; below it 1 is 2, but for the midline above the manubrium."""
    airway = regions.line(body, body.where("trachea"), 0.5)
    manubrium = regions.top(body.where("sternum"))
    for side, name, _ in _SIDES:
        apex = regions.top(body.where(f"lung_upper_lobe_{name}"))
        if apex is None:
            continue
        under = regions.below(body, apex + 1)
        kept = np.zeros_like(under)
        if airway is not None and manubrium is not None:
            middle = np.abs(regions.x_mm(body) - airway[:, None, None]) < _MIDLINE_MM
            kept = middle & ~regions.below(body, manubrium + 1)
        regions.change(body, f"1{side}", under & ~kept, f"2{side}")
        regions.change(body, f"2{side}", ~under, f"1{side}")


def _cricoid(body: BodyMap) -> None:
    """1 and 104 lie below the cricoid's lower border, where the oesophagus begins, 102 above."""
    begins = regions.top(body.where("esophagus"))
    if begins is None:
        return
    under = regions.below(body, begins + 1)
    for side, _, _ in _SIDES:
        regions.change(body, f"1{side}", ~under, None)
        regions.change(body, f"104{side}", ~under, None)
        regions.change(body, f"102{side}", under, None)


def _sheath(body: BodyMap) -> None:
    """1 and 104 part at the medial border of the carotid sheath, the artery's own."""
    for side, name, sign in _SIDES:
        artery = body.where(f"common_carotid_artery_{name}")
        edge = regions.line(body, artery, 0.5 - sign / 2)
        if edge is None:
            continue
        lateral = np.broadcast_to(
            sign * (regions.x_mm(body) - edge[:, None, None]) > 0, artery.shape
        )
        regions.change(body, f"1{side}", lateral, f"104{side}")
        regions.change(body, f"104{side}", ~lateral, f"1{side}")


def _before_spine(body: BodyMap) -> None:
    """1 lies before the vertebral plane, 104 from 40 mm before to 30 mm behind it."""
    front = regions.line(body, body.where("vertebrae_"), 0.0, axis=regions.Y)
    if front is None:
        return
    depth = np.broadcast_to(regions.y_mm(body) - front[:, None, None], body.stations.shape)
    for side, _, _ in _SIDES:
        regions.change(body, f"1{side}", depth > 0.0, None)
        outside = (depth < -_FOSSA_FRONT_MM) | (depth > _FOSSA_BACK_MM)
        regions.change(body, f"104{side}", outside, None)


def _deep_cervical(body: BodyMap) -> None:
    """102 ends at the back of the sternocleidomastoid, which climbs backwards from the cricoid."""
    spine, cricoid = body.where("vertebrae_C"), body.where("vertebrae_C6")
    front = regions.line(body, spine, 0.0, axis=regions.Y)
    rows = np.flatnonzero(cricoid.any(axis=(1, 2)))
    if front is None or not rows.size:
        return
    height = (np.arange(len(front)) - rows[0]) * body.geometry.spacing_mm[0]
    back = front + _MUSCLE_SLOPE * np.maximum(height, 0.0)
    behind = regions.y_mm(body) > back[:, None, None]
    for side, _, _ in _SIDES:
        regions.change(body, f"102{side}", behind, None)


def _supraclavicular(body: BodyMap) -> None:
    """What lies below the clavicle's top in its column, or further out, is not 104."""
    for side, name, sign in _SIDES:
        off = sign * regions.x_mm(body)[0, 0]
        clavicle = body.where(f"clavicula_{name}")
        rib = regions.exactly(body, f"rib_{name}_1").any(axis=(0, 1))
        drawn = clavicle.any(axis=(0, 1))
        limits = [off[rib].max()] if rib.any() else []
        limits += [(off[drawn].min() + off[drawn].max()) / 2] if drawn.any() else []
        if limits:
            outside = np.broadcast_to(off > max(limits), clavicle.shape)
            regions.change(body, f"104{side}", outside, None)
        height = np.arange(len(clavicle))[:, None]
        tops = np.where(clavicle.any(axis=1), height, -1).max(axis=0)
        under = np.broadcast_to((height <= tops[None])[:, None, :], clavicle.shape)
        regions.change(body, f"104{side}", under, None)


def _mammary(body: BodyMap) -> None:
    """Beside the sternum, behind the wall: where the template's band strays from it, not there."""
    sternum, wall = body.where("sternum"), body.where("sternum", "costal_cartilages")
    for side, _, sign in _SIDES:
        name = f"internal_mammary_{side}"
        own = regions.region(body, name)
        edge = regions.line(body, sternum, 0.5 + sign / 2)
        if edge is None or not own.any():
            continue
        off = sign * (regions.x_mm(body) - edge[:, None, None])
        beside = (off > 0.0) & (off <= _BESIDE_STERNUM_MM)
        beside &= np.asarray(own.any(axis=(1, 2)))[:, None, None]
        back = regions.line(body, wall & beside, 1.0, axis=regions.Y)
        if back is None:
            continue
        depth = regions.y_mm(body) - back[:, None, None]
        behind = (depth > 0.0) & (depth <= _BEHIND_WALL_MM)
        body.stations[own] = 0
        regions.change(body, "6", np.broadcast_to(depth <= 0.0, own.shape), None)
        free = body.stations == 0
        body.stations[beside & behind & free] = regions.number(body, name)


def _groin(body: BodyMap) -> None:
    """Above the femoral heads' top inguinal nodes are iliac."""
    top = regions.top(body.where("femur_"))
    if top is None:
        return
    for side, _, _ in _SIDES:
        above = ~regions.below(body, top + 1)
        regions.change(body, f"inguinal_{side}", above, f"iliac_{side}")


OUTER_RULES = (
    _inlet,
    _cricoid,
    _sheath,
    _before_spine,
    _deep_cervical,
    _supraclavicular,
    _mammary,
    _groin,
)
