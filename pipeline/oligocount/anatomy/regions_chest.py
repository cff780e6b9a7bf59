"""Regions of the mediastinum and chest wall, in order of precedence.

IASLC borders (PMC4367620), AJCC 8 where it differs; the two agree inside each region.
"""

from collections.abc import Iterator

import numpy as np

from oligocount.anatomy.drawing import Mask
from oligocount.anatomy.space import GREAT_ARTERIES, GREAT_VEINS, Space

Region = tuple[str, Mask]


def chest_regions(space: Space) -> Iterator[Region]:
    """From the apices to the diaphragm, inside the mediastinum."""
    inside = space.mediastinum
    for name, mask in (
        *_retrotracheal(space),
        *_prevascular(space),
        *_left_window(space),
        *_paratracheal(space),
        *_subcarinal(space),
        *_paraoesophageal(space),
        *_hilar(space),
        *_ligaments(space),
        *_diaphragmatic(space),
    ):
        yield name, mask & inside


def _retrotracheal(space: Space) -> Iterator[Region]:
    behind = space.y > space.along(space.lines.airway_back_y)
    upper = space.between(space.at("z_carina"), space.apex)
    tube = space.gap("esophagus") <= space.mm["gullet_tube_upper"]
    if not space.drawing.has("esophagus"):
        off = np.abs(space.x - space.along(space.lines.airway_x))
        tube = off < space.mm["retrotracheal_width"]
    front = space.y < space.along(space.lines.spine_front_y) + 8.0
    yield "8U", upper & behind & front & tube
    deep = space.y > space.along(space.lines.spine_front_y) + 15.0
    right = space.x < space.along(space.lines.middle_x)
    far = space.descending > space.mm["para_aortic_tube"]
    yield "paravertebral_R", deep & right & far & (space.z > space.at("z_hiatus"))
    yield "paravertebral_L", deep & ~right & far & (space.z > space.at("z_hiatus"))


def _prevascular(space: Space) -> Iterator[Region]:
    before = space.y < space.along(space.lines.vessel_front_y) + 3.0
    arch, low, carina = space.at("z_arch_top"), space.at("z_arch_low"), space.at("z_carina")
    yield "6", space.between(low, arch) & (before | (space.y < space.arch_front + 3.0))
    yield "3a", space.between(carina, space.apex) & before
    front = space.y < space.along(space.lines.gullet_front_y) - 45.0
    veins = space.at("z_ipv")
    yield "3a", space.between(veins, carina) & front
    yield "cardiophrenic", (space.z <= veins) & front


def mammary_regions(space: Space) -> Iterator[Region]:
    """Beside the sternum's edges, behind the cartilages, from the first rib to the sixth."""
    back = space.along(_sternum_back(space))
    wall = (space.y > back - 15.0) & (space.y < back + space.mm["mammary_off_sternum"])
    ribs = space.between(space.at("z_ipv") - 20.0, space.at("z_manubrium_top") - 10.0)
    # where the chest is flat the space is shared: with 6 at the arch, behind the sternum with 3a
    to_vessels = space.gap(*GREAT_ARTERIES, *GREAT_VEINS)
    near_wall = space.gap("sternum", "costal_cartilages", "rib") <= to_vessels
    below_arch = space.z <= space.at("z_arch_low")
    for side, edge in zip("RL", _sternum_edges(space), strict=True):
        out = (space.x - space.along(edge)) * (1.0 if side == "L" else -1.0)
        beside = (out > -space.mm["mammary_inner"]) & (out < space.mm["mammary_beside"])
        yield (
            f"internal_mammary_{side}",
            ribs & wall & beside & (near_wall | (below_arch & (out > 0.0))),
        )


def _sternum_edges(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """Right and left edge of the sternum's body in each slice, 12 mm off the midline without."""
    sternum = space.drawing.mask("sternum")
    edges = []
    for sign, how in ((-1.0, "min"), (1.0, "max")):
        line = space.drawing.line(sternum, "x", how)
        off = 12.0 if line is None else np.clip(sign * (line - space.lines.middle_x), 8.0, 25.0)
        edges.append(space.lines.middle_x + sign * off)
    return edges[0], edges[1]


def wall_regions(space: Space) -> Iterator[Region]:
    """In front of the pericardium down to the dome."""
    back = space.along(_sternum_back(space))
    off = space.x - space.along(space.lines.middle_x)
    heart = space.drawing.mask("heart")
    apex = space.drawing.bottom_mm(heart) - 15.0 if heart.any() else np.inf
    low = space.between(min(space.at("z_dome_r") - 60.0, apex), space.at("z_ipv"))
    front = space.y < space.along(space.lines.gullet_front_y) - 45.0
    near = (space.gap("heart") < 30.0) | (space.gap("liver") < space.mm["diaphragm_shell"])
    inside = (np.abs(off) < 110.0) & (space.depth >= 20.0) & (space.y > back)
    yield "cardiophrenic", low & front & near & inside


def _sternum_back(space: Space) -> np.ndarray:
    line = space.drawing.line(space.drawing.mask("sternum"), "y", "max")
    if line is not None:
        return line
    front = space.drawing.line(space.drawing.mask("lung"), "y", "min")
    return space.lines.spine_front_y - 110.0 if front is None else front


def _left_window(space: Space) -> Iterator[Region]:
    """5: left of the ligamentum arteriosum, under the arch; 6: left of the arch itself."""
    lateral = _beyond_ligament(space)
    before = space.y < space.along(space.lines.spine_front_y) - 10.0
    low, arch = space.at("z_arch_low"), space.at("z_arch_top")
    yield "5", space.between(space.at("z_lpa_top"), low) & lateral & before
    yield "6", space.between(low, arch) & lateral & before


def _beyond_ligament(space: Space) -> Mask:
    """Left of the ligamentum arteriosum, where 4L ends."""
    edge = space.along(space.lines.airway_left_x) + space.mm["ligament_off_trachea"]
    found: Mask = space.x > edge
    return found


def _paratracheal(space: Space) -> Iterator[Region]:
    artery, vein = space.at("z_bct"), space.at("z_bcv")
    arch, carina, lpa = space.at("z_arch_top"), space.at("z_carina"), space.at("z_lpa_top")
    azygos = space.at("z_azygos_low")
    right = space.x < space.along(space.lines.airway_left_x)
    middle = np.abs(space.x - space.along(space.lines.airway_x)) < space.mm["pretracheal_half"]
    front = space.y < space.along(space.lines.airway_back_y) - 18.0
    before = middle & front
    upper, lower = max(artery, vein), min(artery, vein)
    between = "2R_low" if artery < vein else "2R_high"
    yield "2R_pre", space.between(upper, space.apex) & right & before
    yield "2R", space.between(upper, space.apex) & right
    yield between, space.between(lower, upper) & right
    yield "4R_pre", space.between(azygos, lower) & right & before
    yield "4R", space.between(azygos, lower) & right
    reach = space.x > space.along(space.lines.airway_x) - 35.0
    yield "4R_azygos", space.between(carina, azygos) & right & reach
    yield "2L", space.between(arch, space.apex) & ~right
    yield "4L", space.between(max(lpa, carina), arch) & ~right
    yield "4L_low", space.between(carina, lpa) & ~right & ~_beyond_ligament(space)


def _subcarinal(space: Space) -> Iterator[Region]:
    carina = space.at("z_carina")
    floor = carina - space.mm["subcarinal_depth"]
    # the main bronchi diverge: narrow under the carina, wider below
    spread = space.mm["subcarinal_apex"] + space.mm["subcarinal_slope"] * (carina - space.z)
    half = np.abs(space.x - _carina_x(space)) < np.minimum(spread, space.mm["subcarinal_half"])
    front = space.y < space.along(space.lines.gullet_front_y)
    behind = space.y > space.along(space.lines.airway_back_y) - space.mm["subcarinal_front"]
    yield "7", space.between(floor, carina) & half & front & behind


def _carina_x(space: Space) -> float:
    """X of the trachea's last 30 mm, within 15 mm of the spine.

    At the split itself the drawn airway is as wide as both bronchi, and leans to the right.
    """
    above = (space.drawing.frame.z_mm - space.at("z_carina") >= 0.0) & (
        space.drawing.frame.z_mm - space.at("z_carina") <= 30.0
    )
    rows = above if above.any() else np.ones(above.size, bool)
    middle = float(np.median(space.lines.middle_x[rows]))
    return float(np.clip(np.median(space.lines.airway_x[rows]), middle - 15.0, middle + 15.0))


def _paraoesophageal(space: Space) -> Iterator[Region]:
    carina, veins, junction = space.at("z_carina"), space.at("z_ipv"), space.at("z_egj")
    gap = space.gap("esophagus")
    tube = gap <= space.mm["gullet_tube"]
    if not np.isfinite(gap).any():
        tube = (
            np.hypot(
                space.x - space.along(space.lines.gullet_x),
                space.y - space.along(space.lines.gullet_front_y) - 10.0,
            )
            <= space.mm["gullet_tube"] + 10.0
        )
    aorta = space.descending <= space.mm["para_aortic_tube"]
    for name, low, high in (("8M", veins, carina), ("8Lo", junction, veins)):
        yield name, space.between(low, high) & tube
        yield f"{name}_ao", space.between(low, high) & aorta


def _hilar(space: Space) -> Iterator[Region]:
    """10: lateral to station 7 down to the inferior pulmonary veins, before the spine."""
    off = space.x - _carina_x(space)
    before = space.y < space.along(space.lines.spine_front_y) + 5.0
    floor = space.at("z_ipv")
    right = space.between(floor, space.at("z_azygos_low")) & (off <= -15.0) & before
    left = space.between(floor, max(space.at("z_lpa_top"), space.at("z_carina"))) & (off >= 15.0)
    yield "10R", right
    yield "10L", left & before


def _ligaments(space: Space) -> Iterator[Region]:
    near = space.gap("esophagus") <= space.mm["pulmonary_ligament"]
    band = space.between(space.at("z_hiatus"), space.at("z_ipv"))
    right = space.x < space.along(space.lines.gullet_x)
    yield "9R", band & near & right
    yield "9L", band & near & ~right


def _diaphragmatic(space: Space) -> Iterator[Region]:
    low = (space.z <= space.at("z_ipv")) & (space.z > space.at("z_coeliac"))
    shell = (
        np.minimum(space.gap("liver"), space.gap("stomach", "spleen"))
        <= (space.mm["diaphragm_shell"])
    )
    yield "15", low & shell


def intrapulmonary_regions(space: Space, hilar: dict[str, Mask]) -> Iterator[Region]:
    """11-14: lung and its vessels near the hilum; only ever the runner-up of a lung lesion."""
    lungs = space.drawing.mask("lung")
    for side in ("R", "L"):
        near = space.drawing.distance_mm(hilar[f"10{side}"]) <= space.mm["hilum_depth"]
        yield f"11{side}", near & lungs
