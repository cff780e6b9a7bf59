"""Stations as their definitions bound them by the patient's own organs, not by the template's.

Project rules 2.2 and 2.3 (AJCC 8, IASLC, JES): 5 ends at the left pulmonary artery and 6 with the
arch; 7 lies below the split of the airway between the bronchi, before the oesophagus' front, down
to 45 mm; 8U lies behind the trachea within 10 mm of the oesophagus, 8M and 8Lo within 12 mm of it
or 8 mm of the aorta; 9 is nearer to neither. Right and left part where the definitions say: 1 at
the middle of the trachea, 2 and 4 at its left border (IASLC), 9 at the oesophagus, iliac nodes at
the spine. Neck, chest wall and groin: outer_definitions; below the hiatus: abdominal_definitions.
"""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from oligocount.simulate import regions
from oligocount.simulate.abdominal_definitions import ABDOMINAL_RULES
from oligocount.simulate.body import BodyMap
from oligocount.simulate.outer_definitions import OUTER_RULES
from oligocount.simulate.regions import Mask

_GULLET_MM, _AORTA_MM = 12.0, 8.0
_UPPER_GULLET_MM = 10.0
_ARCH_MM = 45.0  # from front to back: ascending and descending aorta are one
_SUBCARINAL_MM = 45.0  # below the split
_BRONCHUS_MM2 = 40.0


def keep_definitions(body: BodyMap) -> BodyMap:
    """The body with every voxel of these stations in the station that its place defines."""
    stations = body.stations.copy()
    settled = replace(body, stations=stations)
    chest = (_window, _arch, _carina, _behind_trachea, _tube, _ligament)
    for rule in (*OUTER_RULES, *chest, *ABDOMINAL_RULES, _sides):
        rule(settled)
    return settled


def _window(body: BodyMap) -> None:
    """Below the upper rim of the left pulmonary artery 5 is the left hilum."""
    left = body.where("pulmonary_artery") & (regions.x_mm(body) > 12.0)
    top = regions.top(left)
    if top is not None:
        regions.change(body, "5", regions.below(body, top + 1), "10L")


def _arch(body: BodyMap) -> None:
    """6 ends with the arch."""
    aorta = body.where("aorta")
    rows = aorta.any(axis=2)
    depth = (rows.sum(axis=1)) * body.geometry.spacing_mm[1]
    single = [k for k in np.flatnonzero(depth >= _ARCH_MM) if _is_single(aorta[k])]
    if single:
        regions.change(body, "6", regions.below(body, float(min(single))), None)


def _carina(body: BodyMap) -> None:
    """Above the split 7 is paratracheal and 8M is 8U; below it 7 lies between the bronchi."""
    airway = body.where("trachea")
    split = _split(airway, body)
    if split is None:
        return
    above: Mask = np.logical_not(regions.below(body, split + 1))
    edge = _left_edge(airway[split + 1 :], body)
    regions.change(body, "8M", above, "8U")
    right = np.broadcast_to(regions.x_mm(body) < edge, above.shape)
    regions.change(body, "7", above & right, "4R")
    regions.change(body, "7", above & ~right, "4L")
    middle = edge - 9.0
    bronchi: Mask = np.asarray(body.where("bronchus", "trachea").any(axis=1))
    x = regions.x_mm(body)[0, 0]
    to_right, to_left = np.zeros(above.shape, bool), np.zeros(above.shape, bool)
    for k in range(max(0, split - int(40 / body.geometry.spacing_mm[0])), split + 1):
        columns = x[bronchi[k]]
        to_right[k] = x < max(columns[columns < middle], default=-np.inf)
        to_left[k] = x > min(columns[columns > middle], default=np.inf)
    regions.change(body, "7", to_right, "10R")
    regions.change(body, "7", to_left, "10L")
    floor = split + 1 - _SUBCARINAL_MM / body.geometry.spacing_mm[0]
    regions.change(body, "7", regions.below(body, floor), None)
    front = regions.line(body, body.where("esophagus"), 0.0, axis=regions.Y)
    if front is not None:
        regions.change(body, "7", regions.y_mm(body) > front[:, None, None], "8M")


def _behind_trachea(body: BodyMap) -> None:
    """Above the split 8U lies behind the trachea at the oesophagus, where 2 and 4 do not."""
    airway, gullet = body.where("trachea"), body.where("esophagus")
    split = _split(airway, body)
    if split is None or not gullet.any():
        return
    above: Mask = np.logical_not(regions.below(body, split + 1))
    back = regions.line(body, airway & above, 1.0, axis=regions.Y)
    if back is None:
        return
    behind = regions.y_mm(body) > back[:, None, None]
    regions.change(body, "8U", above & ~behind, None)
    at_gullet = above & behind & (regions.gap(body, gullet) <= _UPPER_GULLET_MM)
    for name in ("2R", "2L", "4R", "4L"):
        regions.change(body, name, at_gullet, "8U")


def _tube(body: BodyMap) -> None:
    """8 lies at the oesophagus or, below the carina, at the aorta; 15 is not at the former."""
    gullet = body.where("esophagus")
    if not gullet.any():
        return
    to_gullet = regions.gap(body, gullet)
    regions.change(body, "8U", to_gullet > _UPPER_GULLET_MM, None)
    far = (to_gullet > _GULLET_MM) & (regions.gap(body, body.where("aorta")) > _AORTA_MM)
    for name in ("8M", "8Lo"):
        regions.change(body, name, far, None)
    ends = int(np.flatnonzero(gullet.any(axis=(1, 2)))[0])
    along = (to_gullet <= _GULLET_MM) & ~regions.below(body, ends)
    regions.change(body, "15", along, "8Lo")


def _ligament(body: BodyMap) -> None:
    """9 beside oesophagus or aorta is 8Lo."""
    near = regions.gap(body, body.where("esophagus")) <= _GULLET_MM
    aorta = body.where("aorta")
    near |= regions.gap(body, aorta) <= _AORTA_MM
    for name in ("9R", "9L"):
        regions.change(body, name, near, "8Lo")


def _sides(body: BodyMap) -> None:
    """A paired station lies on its own side of what parts it from the other."""
    x = regions.x_mm(body)
    for stem, parts, end in (
        ("1", ("trachea",), 0.5), ("2", ("trachea",), 1.0), ("4", ("trachea",), 1.0),
        ("9", ("esophagus",), 0.5), ("iliac_", ("vertebrae_", "sacrum"), 0.5),
    ):  # fmt: skip
        line = regions.line(body, body.where(*parts), end)
        if line is None:
            continue
        is_right = np.broadcast_to(x < line[:, None, None], body.stations.shape)
        right, left = (regions.region(body, f"{stem}{side}") for side in "RL")
        body.stations[left & is_right] = regions.number(body, f"{stem}R")
        body.stations[right & ~is_right] = regions.number(body, f"{stem}L")


def _split(airway: Mask, body: BodyMap) -> int | None:
    """The highest slice of two bronchi that has the airway in one piece above it."""
    area = body.geometry.spacing_mm[1] * body.geometry.spacing_mm[2]
    double = [_pieces(one, area) >= 2 for one in airway]
    rows = np.flatnonzero(airway.any(axis=(1, 2)))
    if not rows.size:
        return None
    for k in range(int(rows[-1]), int(rows[0]), -1):
        is_single_above = k < rows[-1] and airway[k + 1].any() and not double[k + 1]
        if double[k] and double[k - 1] and is_single_above:
            return k
    return None


def _pieces(slice_: Mask, voxel_mm2: float) -> int:
    parts, _ = ndimage.label(slice_, np.ones((3, 3)))
    return int((np.bincount(parts.ravel())[1:] * voxel_mm2 >= _BRONCHUS_MM2).sum())


def _is_single(slice_: Mask) -> bool:
    return int(ndimage.label(slice_, np.ones((3, 3)))[1]) == 1


def _left_edge(trachea: Mask, body: BodyMap) -> float:
    """X of the left border of the trachea just above its split."""
    columns = trachea[: max(1, int(12 / body.geometry.spacing_mm[0]))].any(axis=(0, 1))
    return float(regions.x_mm(body)[0, 0][columns].max()) if columns.any() else 9.0
