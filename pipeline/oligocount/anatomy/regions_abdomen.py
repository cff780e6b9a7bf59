"""Regions from the hiatus to the groin, in order of precedence. JGCA borders for JES 16."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from oligocount.anatomy.drawing import Mask
from oligocount.anatomy.space import Space

Region = tuple[str, Mask]
_CAVA = "inferior_vena_cava"


def abdomen_regions(space: Space) -> Iterator[Region]:
    """Junction, coeliac trunk and its branches, great vessels, mesentery, pelvis, groin."""
    inside = space.nodal
    for name, mask in (
        *_above_junction(space),
        *_retrocrural(space),
        *_paracardial(space),
        *_root_of_trunk(space),
        *_left_gastric(space),
        *_branches(space),
        *_hepatoduodenal(space),
        *_great_vessels(space),
        *_perigastric(space),
        *_pelvic(space),
        *_mesenteric(space),
    ):
        yield name, mask & inside


def _above_junction(space: Space) -> Iterator[Region]:
    """8Lo goes on along the oesophagus through the hiatus down to the junction."""
    tube = space.gap("esophagus") <= space.mm["gullet_tube"]
    yield "8Lo", tube & space.between(space.at("z_egj"), space.at("z_hiatus"))


def _retrocrural(space: Space) -> Iterator[Region]:
    """Behind the aorta's front between the crura, above the coeliac root."""
    off = np.abs(space.x - space.along(space.lines.aorta_x)) < space.mm["retrocrural_half"]
    behind = space.y > space.along(space.lines.aorta_front_y)
    near = space.descending <= space.mm["great_vessels"]
    band = space.between(space.at("z_coeliac"), space.at("z_hiatus") + 20.0)
    yield "15_retrocrural", band & off & behind & near


def _aortic_hiatus(space: Space) -> float:
    """Height where the aorta enters the abdomen: a little above the coeliac root (T12)."""
    return float(min(space.at("z_hiatus"), space.at("z_coeliac") + space.mm["aortic_hiatus"]))


def _paracardial(space: Space) -> Iterator[Region]:
    centre = np.sqrt(
        (space.x - space.at("x_egj")) ** 2
        + (space.y - space.at("y_egj")) ** 2
        + (space.z - space.at("z_egj")) ** 2
    )
    wall = space.gap("esophagus", "stomach") <= space.mm["paracardial_wall"]
    near = (centre <= space.mm["paracardial_centre"]) & wall
    right = space.x < space.at("x_egj")
    yield "16R", near & right
    yield "16L", near & ~right


def _root(space: Space) -> tuple[float, float]:
    """Place (x, y) where the coeliac trunk leaves the aorta."""
    k = int(np.nan_to_num(np.abs(space.drawing.frame.z_mm - space.at("z_coeliac"))).argmin())
    return float(space.lines.aorta_x[k]), float(space.lines.aorta_front_y[k])


def _root_of_trunk(space: Space) -> Iterator[Region]:
    """20: around the trunk, which runs forward from the aorta's front."""
    x, y = _root(space)
    reach = space.mm["coeliac_radius"]
    root = space.at("z_coeliac")  # the trunk arches over it and leaves within 10 mm below
    level = space.between(root - reach, root + reach / 2)
    before = (space.y < y + 3.0) & (space.y > y - reach)
    yield "20", level & before & (np.abs(space.x - x) <= reach)


def _branches(space: Space) -> Iterator[Region]:
    """18 along the hepatic artery, 19 and 11d along the splenic one, 10 at the spleen."""
    x, y = _root(space)
    z = space.at("z_coeliac")
    band = np.abs(space.z - z) <= space.mm["artery_band"]
    depth = (space.y < y + 5.0) & (space.y > y - space.mm["artery_before_aorta"])
    off = space.x - x
    hepatic = (off < -10.0) & (off > -space.mm["hepatic_artery"])
    proximal = _proximal(space, x)
    splenic = (off > 10.0) & (off < proximal)
    vein = space.gap("portal_vein_and_splenic_vein") <= space.mm["portal_vein"]
    yield "12", band & depth & (off < -space.mm["gastroduodenal"]) & vein
    yield "18", band & depth & hepatic
    arched = np.abs(space.z - z) <= space.mm["artery_band"] + 5.0  # the splenic artery is tortuous
    yield "19", arched & (space.y < y + 20.0) & (space.y > y - 30.0) & splenic
    hilum = (space.gap("spleen") <= space.mm["splenic_hilum"]) & _within_cavity(space)
    medial = space.x < _centre(space, "spleen", "x")
    before = space.y < _centre(space, "spleen", "y") + 10.0  # behind it lies the kidney's fat
    yield "10spl", hilum & medial & before & (off > proximal)
    distal = (off >= proximal) & (off < 120.0) & (np.abs(space.y - y) < 40.0)
    yield "11d", band & distal & _within_cavity(space)


def _proximal(space: Space, root_x: float) -> float:
    """How far left of the aorta the proximal half of the splenic artery reaches."""
    spleen = space.drawing.mask("spleen")
    if not spleen.any():
        return space.mm["splenic_proximal"]
    half = 0.55 * (space.drawing.centre_mm(spleen)[0] - root_x)
    return float(np.clip(half, 40.0, space.mm["splenic_proximal"]))


def _left_gastric(space: Space) -> Iterator[Region]:
    x, y = _root(space)
    root, junction = space.at("z_coeliac"), space.at("z_egj")
    along = np.clip((space.z - root) / max(junction - root, 1.0), 0.0, 1.0)
    course_x = x + along * (space.at("x_egj") - x)
    course_y = (y - 15.0) + along * (space.at("y_egj") - (y - 15.0))
    band = space.between(root - 5.0, junction)
    near = np.hypot(space.x - course_x, space.y - course_y) <= space.mm["gastric_wall"] + 5.0
    yield "17", band & near
    wall = space.gap("stomach") <= space.mm["gastric_wall"]
    lesser = space.x < _centre(space, "stomach", "x")
    before = space.y < space.along(space.lines.aorta_front_y) - 5.0
    # the lesser curve looks right and back; right of the spine the stomach is antrum: 5 and 6
    backward = space.y > _centre(space, "stomach", "y") - 20.0
    corpus = space.x > space.along(space.lines.aorta_x) - 25.0
    high = space.between(root - 15.0, junction + 10.0)
    yield "17_lesser", high & wall & lesser & before & backward & corpus


def _hepatoduodenal(space: Space) -> Iterator[Region]:
    """12: around the portal vein and in the fat of the liver's hilum; 13 behind the pancreas."""
    x, y = _root(space)
    near = (space.gap("portal_vein_and_splenic_vein") <= space.mm["portal_vein"]) | (
        space.gap("liver") <= space.mm["liver_hilum"]
    )
    middle = space.at("z_coeliac") + 10.0
    half = space.mm["hilum_half_height"]
    liver_side = space.x < x - space.mm["gastroduodenal"]
    inner = (space.x > x - 110.0) & (space.y > y - 55.0) & (space.y < y + 5.0)
    cava = space.gap(_CAVA) > 5.0
    band = space.between(middle - half, middle + half)
    yield "12", band & near & liver_side & inner & cava & _within_cavity(space)
    head = space.gap("pancreas", "duodenum") <= space.mm["pancreas_head"]
    behind = space.y > space.along(_pancreas_y(space))
    right = (space.x < x - 12.0) & (space.z < space.at("z_coeliac") - 10.0)
    pancreas = space.drawing.mask("pancreas")  # the duodenum runs on below its head
    low = space.drawing.bottom_mm(pancreas) - 5.0 if pancreas.any() else -np.inf
    yield "13", head & behind & right & cava & (space.z > low)


def _great_vessels(space: Space) -> Iterator[Region]:
    """15 beside the crura, then 16a1 to 16b2 around aorta and cava."""
    vessels = np.minimum(space.descending, space.gap(_CAVA))
    off = np.abs(space.x - space.along(space.lines.aorta_x))
    near = (vessels <= space.mm["great_vessels"]) & (off <= space.mm["great_vessels_half"])
    if not np.isfinite(vessels).any():
        front = space.along(space.lines.spine_front_y)
        near = (off <= space.mm["great_vessels_half"]) & (np.abs(space.y - front + 15.0) < 30.0)
    # above the aortic hiatus the space beside the crura is diaphragmatic, not yet 16a1
    yield "15", space.between(_aortic_hiatus(space), space.at("z_hiatus") + 20.0) & near
    below = (space.at(n) for n in ("z_coeliac", "z_lrv", "z_ima", "z_bif"))
    heights = [_aortic_hiatus(space), *below]
    names = ("16a1", "16a2", "16b1", "16b2")
    for name, high, low in zip(names, heights[:-1], heights[1:], strict=True):
        yield name, space.between(low, high) & near


def _perigastric(space: Space) -> Iterator[Region]:
    wall = (space.gap("stomach") <= space.mm["gastric_wall"]) & _within_cavity(space)
    pyloric = space.x < space.along(space.lines.aorta_x) - 20.0
    low = space.z <= space.at("z_coeliac")
    yield "56", wall & pyloric & low
    yield "4gc", wall


def _mesenteric(space: Space) -> Iterator[Region]:
    below = space.z <= space.at("z_coeliac") - 20.0
    before = space.y < space.along(space.lines.spine_front_y) - 10.0
    central = np.abs(space.x - space.along(space.lines.middle_x)) < space.mm["mesenteric_root"]
    root = space.between(space.at("z_ima"), space.at("z_coeliac") - 20.0)
    yield "14", root & central & before & _within_cavity(space)
    bowel = space.gap("small_bowel", "colon", "duodenum") <= 15.0
    above = space.z > space.at("z_femur_top")
    deep = _within_cavity(space)
    yield "mesenteric", below & above & before & deep & (bowel | central)


def _pelvic(space: Space) -> Iterator[Region]:
    bif, femur = space.at("z_bif"), space.at("z_femur_top")
    off = space.x - space.along(space.lines.middle_x)
    vessels = space.gap("iliac_artery", "iliac_vena")
    if np.isfinite(vessels).any():
        side_wall = vessels <= space.mm["iliac_vessels"]
    else:
        width = np.abs(off)
        side_wall = (width > space.mm["iliac_inner"]) & (width < space.mm["iliac_outer"])
    deep = space.depth >= 25.0
    pelvis = space.between(femur, bif) & deep
    before = space.y < space.along(space.lines.spine_front_y) + 40.0
    yield "iliac_R", pelvis & side_wall & (off < 0) & before
    yield "iliac_L", pelvis & side_wall & (off >= 0) & before
    behind = space.y > space.along(space.lines.spine_front_y) - 20.0
    rectal = np.abs(off) < space.mm["mesorectal_half"]
    yield "mesorectal", space.between(femur - 30.0, femur + 70.0) & rectal & behind & deep
    groin = space.between(femur - space.mm["inguinal_below"], femur + space.mm["inguinal_above"])
    lateral = (np.abs(off) > space.mm["inguinal_inner"]) & (
        np.abs(off) < space.mm["inguinal_outer"]
    )
    centre = space.drawing.line(space.drawing.mask("femur"), "y", "mean")
    middle = space.lines.spine_front_y if centre is None else centre
    front = space.y < space.along(middle)
    yield "inguinal_R", groin & lateral & front & (off < 0)
    yield "inguinal_L", groin & lateral & front & (off >= 0)


def _within_cavity(space: Space) -> Mask:
    """Deep to the abdominal wall: under the skin's fat, away from ribs, not in muscle."""
    deep = (space.depth >= 25.0) & (space.gap("rib", "costal_cartilages", "hip") > 8.0)
    muscle = space.drawing.mask("muscle", "gluteus", "autochthon", "iliopsoas")
    found: Mask = deep & ~muscle
    return found


def _centre(space: Space, stem: str, axis: str) -> NDArray[np.float64] | float:
    line = space.drawing.line(space.drawing.mask(stem), axis, "mean")
    return float("nan") if line is None else space.along(line)


def _pancreas_y(space: Space) -> NDArray[np.float64]:
    line = space.drawing.line(space.drawing.mask("pancreas"), "y", "mean")
    return np.full(space.drawing.frame.z_mm.size, np.nan) if line is None else line
