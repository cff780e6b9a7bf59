"""Regions of neck and axilla, in order of precedence."""

from collections.abc import Iterator

import numpy as np

from oligocount.anatomy.drawing import Mask
from oligocount.anatomy.space import Space

Region = tuple[str, Mask]


def neck_regions(space: Space) -> Iterator[Region]:
    """From the thoracic inlet to the skull base. AJCC 8, JES 12; levels after Gregoire 2014."""
    cricoid, hyoid = space.at("z_cricoid"), space.at("z_hyoid")
    roof = cricoid + space.mm["neck_height"]
    floor = _inlet(space)
    front = space.along(space.lines.spine_front_y)
    right_of_sheath = space.x < space.along(space.lines.sheath_right_x)
    left_of_sheath = space.x > space.along(space.lines.sheath_left_x)
    central = ~right_of_sheath & ~left_of_sheath
    before_spine = (space.y < front + 5.0) & (space.y > front - 70.0)
    low_neck = (space.z > floor) & (space.z <= cricoid)
    high_neck = space.between(cricoid, roof)
    right = space.x < space.along(space.lines.airway_x)
    yield "1R", low_neck & central & before_spine & right
    yield "1L", low_neck & central & before_spine & ~right
    behind = space.y > front - space.mm["retropharyngeal"]
    yield "103", space.between(cricoid + 20.0, roof) & central & before_spine & behind
    yield "VI", space.between(cricoid, hyoid) & central & before_spine
    yield from _supraclavicular(space, right_of_sheath, left_of_sheath)
    within = np.abs(space.x - space.along(space.lines.middle_x)) < space.mm["neck_half"]
    deep = within & (space.y < front + space.mm["neck_back"])
    forward = space.y < front - space.mm["submandibular_front"]
    # the sternocleidomastoid's back edge climbs backwards to the mastoid
    climb = space.mm["triangle_slope"] * np.maximum(space.z - cricoid, 0.0)
    behind_muscle = space.y > front + space.mm["triangle_at_cricoid"] + climb
    for side, half in (("R", right), ("L", ~right)):
        yield f"100sm{side}", space.between(hyoid, roof) & deep & half & forward
        yield f"100ac{side}", high_neck & deep & half & behind_muscle
        yield f"102{side}", high_neck & deep & half


def _inlet(space: Space) -> np.ndarray:
    """Lower border of station 1: the apex of its side's lung, in the midline the manubrium's top.

    Where one of the two is not known the other stands in.
    """
    apex, manubrium = space.apex, space.at("z_manubrium_top")
    central = np.abs(space.x - space.along(space.lines.airway_x)) < 8.0
    forward = space.y < space.along(space.lines.airway_back_y) - 20.0
    lateral = np.where(np.isnan(apex), manubrium, apex)
    return np.where(central & forward, np.fmin(apex, manubrium), lateral)


def _supraclavicular(space: Space, right_of: np.ndarray, left_of: np.ndarray) -> Iterator[Region]:
    """104: lateral to the sheath, medial to first rib and trapezius, above the clavicle."""
    cricoid = space.at("z_cricoid")
    front = space.along(space.lines.spine_front_y)
    depth = (space.y > front - space.mm["supraclavicular_front"]) & (
        space.y < front + space.mm["supraclavicular_back"]
    )
    medial = {
        "R": space.x > space.along(space.lines.rib_right_x),
        "L": space.x < space.along(space.lines.rib_left_x),
    }
    off = np.abs(space.x - space.along(space.lines.airway_x))
    for side, lateral in (("R", right_of), ("L", left_of)):
        above = space.z > _fossa_floor(space, side, off)
        fossa = (off > space.mm["inlet_half"]) | (space.z > space.at(f"z_apex_{side.lower()}"))
        yield f"104{side}", above & (space.z <= cricoid) & depth & lateral & medial[side] & fossa


def _fossa_floor(space: Space, side: str, off: np.ndarray) -> np.ndarray:
    """Lower border of 104: the manubrium's top in its medial part, further out the clavicle.

    Level IVb reaches the manubrium behind the clavicle's head (Gregoire 2014). The clavicle
    turns with the arms, so it counts within 15 mm of the lung's apex only.
    """
    apex, manubrium = space.at(f"z_apex_{side.lower()}"), space.at("z_manubrium_top")
    default = manubrium if np.isnan(apex) else apex - 15.0
    lowest = default if np.isnan(manubrium) else min(manubrium, default)
    clavicle = space.drawing.sided("clavicula", {"R": "right", "L": "left"}[side])
    tops = np.full(space.x.size, default)
    columns = np.count_nonzero(clavicle, axis=1)
    for i in np.flatnonzero(columns.sum(axis=0)):
        top = float(space.drawing.frame.z_mm[np.flatnonzero(columns[:, i])[-1]])
        tops[i] = np.clip(top, default - 15.0, default + 15.0)
    return np.where(off <= space.mm["medial_fossa"], lowest, tops[None, None, :])


def axillary_regions(space: Space) -> Iterator[Region]:
    """Axilla with the subpectoral nodes: outside the rib cage, below the clavicle."""
    top = space.at("z_manubrium_top")
    band = space.between(top - space.mm["axilla_height"], top + space.mm["axilla_above"])
    outside = space.gap("lung") > space.mm["chest_wall"] * 0.6
    lungs = space.drawing.mask("lung")
    centre = space.along(_or_middle(space, space.drawing.line(lungs, "y", "mean")))
    depth = (space.y > centre - space.mm["axilla_front"]) & (
        space.y < centre + space.mm["axilla_back"]
    )
    lateral = {
        "R": space.along(space.lines.rib_right_x) - space.x,
        "L": space.x - space.along(space.lines.rib_left_x),
    }
    for side, off in lateral.items():
        reach = (off > 0) & (off < space.mm["axilla_width"])
        yield f"axillary_{side}", band & outside & depth & reach


def _or_middle(space: Space, line: np.ndarray | None) -> np.ndarray:
    return space.lines.spine_front_y - 40.0 if line is None else line
