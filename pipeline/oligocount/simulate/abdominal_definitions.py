"""Stations below the hiatus as their definitions bound them.

Project rules 2.2 and 2.3 (AJCC 8, JES): 16 lies within 20 mm of where oesophagus and stomach meet,
17 within 12 mm of the lesser curve or of the way from there to the coeliac root, 18 to 20 about
that root, 8 mm above the splenic vein, 20 within 15 mm of it; 19 ends half way to the spleen; 16 of
JES lies within 20 mm of aorta or cava, iliac nodes within 20 mm of the iliac vessels.
"""

import numpy as np
from numpy.typing import NDArray

from oligocount.simulate import regions
from oligocount.simulate.body import BodyMap

_GULLET_MM, _JUNCTION_MM, _GASTRIC_MM, _VESSEL_MM = 12.0, 20.0, 12.0, 20.0
_CONTACT_MM = 7.0  # 3 mm and the diagonal of a voxel
_ABOVE_VEIN_MM, _COELIAC_MM = 8.0, 15.0

Point = tuple[float, float, float]  # (k, j, i)


def _junction(body: BodyMap) -> None:
    """16 is within 20 mm of where oesophagus and stomach meet; along the oesophagus it is 8Lo."""
    junction = _meeting(body)
    if junction is None:
        return
    _keep_near(body, "16", np.array([junction]), _JUNCTION_MM)
    at_gullet = regions.gap(body, body.where("esophagus")) <= _GULLET_MM
    regions.change(body, "16", at_gullet & ~regions.below(body, junction[0]), "8Lo")


def _coeliac(body: BodyMap) -> None:
    """18 to 20 about the coeliac root: 20 within 15 mm of where it leaves the aorta's front."""
    root, own = _root(body), regions.region(body, "20")
    if root is None or not own.any():
        return
    centre = np.argwhere(own).mean(axis=0)
    steps = (round(float(r - c)) for r, c in zip(root, centre, strict=True))
    by = (next(steps), next(steps), next(steps))
    free = np.isin(
        body.stations, [0, *(regions.number(body, n) for n in ("18", "19", "20", "16a2"))]
    )
    places = {name: regions.shifted(regions.region(body, name), by) for name in ("18", "19", "20")}
    for name in places:
        body.stations[regions.region(body, name)] = 0
    for name, moved in places.items():
        body.stations[moved & free] = regions.number(body, name)
    front = (root[0], root[1] + _COELIAC_MM / 2 / body.geometry.spacing_mm[1], root[2])
    _keep_near(body, "20", np.array([front]), _COELIAC_MM)


def _left_gastric(body: BodyMap) -> None:
    """17 lies at the lesser curve or along the way from the coeliac root to the junction."""
    root, junction, stomach = _root(body), _meeting(body), body.where("stomach")
    if root is None or junction is None:
        return
    share = np.linspace(0.0, 1.0, 9)[:, None]
    way = (1 - share) * np.array(root) + share * np.array(junction)
    at_wall = regions.region(body, "17") & (regions.gap(body, stomach) <= _GASTRIC_MM)
    _keep_near(body, "17", way, _GASTRIC_MM)
    body.stations[at_wall] = regions.number(body, "17")


def _splenic(body: BodyMap) -> None:
    """19 is the proximal half of the splenic artery."""
    spleen, aorta = body.where("spleen"), body.where("aorta")
    region = regions.region(body, "19")
    if not spleen.any() or not region.any():
        return
    rows = np.flatnonzero(region.any(axis=(1, 2)))
    x = np.broadcast_to(regions.x_mm(body), region.shape)
    beside = slice(int(rows[0]), int(rows[-1]) + 1)
    if not aorta[beside].any() or not spleen[beside].any():
        return
    start, hilum = float(x[beside][aorta[beside]].mean()), float(x[beside][spleen[beside]].min())
    regions.change(body, "19", x > (start + hilum) / 2, None)


def _great_vessels(body: BodyMap) -> None:
    """16a2 to 16b2 lie within 20 mm of the aorta or the cava."""
    off = regions.gap(body, body.where("aorta", "inferior_vena_cava"))
    for name in ("16a2", "16b1", "16b2"):
        regions.change(body, name, off > _VESSEL_MM, None)


def _iliac(body: BodyMap) -> None:
    """Mesenteric fat at the iliac vessels is theirs."""
    near = regions.gap(body, body.where("iliac_artery_", "iliac_vena_")) <= _VESSEL_MM
    left = np.broadcast_to(regions.x_mm(body) > 0, near.shape)
    regions.change(body, "mesenteric", near & left, "iliac_L")
    regions.change(body, "mesenteric", near & ~left, "iliac_R")


def _meeting(body: BodyMap) -> Point | None:
    """The middle of where the stomach touches the oesophagus."""
    meet = body.where("stomach") & (regions.gap(body, body.where("esophagus")) <= _CONTACT_MM)
    if not meet.any():
        return None
    k, j, i = np.argwhere(meet).mean(axis=0)
    return float(k), float(j), float(i)


def _off(
    body: BodyMap, places: NDArray[np.intp], points: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance in mm of voxels (n, 3) from the nearest of some points (m, 3)."""
    steps = (places[:, None] - points[None]) * np.array(body.geometry.spacing_mm)
    found: NDArray[np.float64] = np.linalg.norm(steps, axis=2).min(axis=1)
    return found


def _keep_near(body: BodyMap, name: str, points: NDArray[np.float64], reach_mm: float) -> None:
    """Voxels of the station that are further from all points are in none."""
    places = np.argwhere(regions.region(body, name))
    far = places[_off(body, places, points) > reach_mm]
    body.stations[tuple(far.T)] = 0


def _root(body: BodyMap) -> Point | None:
    """Where 20 has its middle: before the aorta, above the splenic vein where it passes there.

    The aorta winds: where it stands is asked in every slice.
    """
    vein, aorta = body.where("portal_vein_and_splenic_vein"), body.where("aorta")
    heights = np.flatnonzero(vein.any(axis=(1, 2)))
    if not heights.size or not aorta[heights].any():
        return None
    descending = aorta & regions.below(body, float(heights[-1] + 1))
    middle = regions.line(body, descending, 0.5)
    front = regions.line(body, descending, 0.0, axis=regions.Y)
    if middle is None or front is None:
        return None
    off = regions.x_mm(body) - middle[:, None, None]
    top = regions.top(vein & (off > -10.0) & (off < 25.0))
    if top is None:
        return None
    height = top + 1 + _ABOVE_VEIN_MM / body.geometry.spacing_mm[0]
    k = min(round(height), len(middle) - 1)
    point = (middle[k], front[k] - _COELIAC_MM / 2)
    affine = body.geometry.affine
    return (
        height,
        (point[1] - affine[1, 3]) / affine[1, 1],
        (point[0] - affine[0, 3]) / affine[0, 2],
    )


ABDOMINAL_RULES = (_junction, _coeliac, _left_gastric, _splenic, _great_vessels, _iliac)
