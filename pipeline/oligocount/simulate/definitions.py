"""Stations as their definitions bound them by the patient's own organs, not by the template's.

Project rules 2.2 and 2.3 (AJCC 8, IASLC, JES): 5 ends at the left pulmonary artery and 6 with the
arch; 7 lies below the split of the airway between the bronchi; 9 is no nearer to the oesophagus
than 12 mm nor to the aorta than 8; 18 to 20 lie about the coeliac root, 8 mm above the splenic
vein; 19 ends half way to the spleen; iliac nodes are those within 20 mm of the iliac vessels.
Right and left part where the definitions say: 1 at the middle of the trachea, 2 and 4 at its left
border (IASLC), 9 at the oesophagus, iliac nodes at the spine.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.simulate.body import BodyMap
from oligocount.simulate.places import grown

_GULLET_MM, _AORTA_MM, _ILIAC_MM = 12.0, 8.0, 20.0
_ABOVE_VEIN_MM = 8.0
_ARCH_MM = 45.0  # from front to back: ascending and descending aorta are one
_BRONCHUS_MM2 = 40.0

_Mask = NDArray[np.bool_]


def keep_definitions(body: BodyMap) -> BodyMap:
    """The body with every voxel of these stations in the station that its place defines."""
    stations = body.stations.copy()
    settled = replace(body, stations=stations)
    for rule in (_window, _arch, _carina, _ligament, _coeliac, _splenic, _iliac, _sides):
        rule(settled)
    return settled


def _window(body: BodyMap) -> None:
    """Below the upper rim of the left pulmonary artery 5 is the left hilum."""
    left = body.where("pulmonary_artery") & (_x_mm(body) > 12.0)
    top = _top(left)
    if top is not None:
        _change(body, "5", _below(body, top), "10L")


def _arch(body: BodyMap) -> None:
    """6 ends with the arch."""
    aorta = body.where("aorta")
    rows = aorta.any(axis=2)
    depth = (rows.sum(axis=1)) * body.geometry.spacing_mm[1]
    single = [k for k in np.flatnonzero(depth >= _ARCH_MM) if _is_single(aorta[k])]
    if single:
        _change(body, "6", _below(body, float(min(single))), None)


def _carina(body: BodyMap) -> None:
    """Above the split 7 is paratracheal and 8M is 8U; below it 7 lies between the bronchi."""
    airway = body.where("trachea")
    split = _split(airway, body)
    if split is None:
        return
    above: _Mask = np.logical_not(_below(body, split + 1))
    edge = _left_edge(airway[split + 1 :], body)
    _change(body, "8M", above, "8U")
    right = np.broadcast_to(_x_mm(body) < edge, above.shape)
    _change(body, "7", above & right, "4R")
    _change(body, "7", above & ~right, "4L")
    middle = edge - 9.0
    bronchi: _Mask = np.asarray(body.where("bronchus", "trachea").any(axis=1))
    x = _x_mm(body)[0, 0]
    to_right, to_left = np.zeros(above.shape, bool), np.zeros(above.shape, bool)
    for k in range(max(0, split - int(40 / body.geometry.spacing_mm[0])), split + 1):
        columns = x[bronchi[k]]
        to_right[k] = x < max(columns[columns < middle], default=-np.inf)
        to_left[k] = x > min(columns[columns > middle], default=np.inf)
    _change(body, "7", to_right, "10R")
    _change(body, "7", to_left, "10L")


def _ligament(body: BodyMap) -> None:
    """9 beside oesophagus or aorta is 8Lo."""
    near = _gap(body, body.where("esophagus")) <= _GULLET_MM
    aorta = body.where("aorta")
    near |= _gap(body, aorta) <= _AORTA_MM
    for name in ("9R", "9L"):
        _change(body, name, near, "8Lo")


def _coeliac(body: BodyMap) -> None:
    """18 to 20 at the height of the coeliac root, at the pancreas' upper border."""
    root, own = _root(body), _region(body, "20")
    if root is None or not own.any():
        return
    rows = np.flatnonzero(own.any(axis=(1, 2)))
    lift = round(root - float(rows.mean()))
    free = np.isin(body.stations, [0, *(_number(body, n) for n in ("18", "19", "20", "16a2"))])
    for name in ("18", "19", "20"):
        region = _region(body, name)
        body.stations[region] = 0
        moved = _shifted(region, lift) & free
        body.stations[moved] = _number(body, name)


def _splenic(body: BodyMap) -> None:
    """19 is the proximal half of the splenic artery."""
    spleen, aorta = body.where("spleen"), body.where("aorta")
    region = _region(body, "19")
    if not spleen.any() or not region.any():
        return
    rows = np.flatnonzero(region.any(axis=(1, 2)))
    x = np.broadcast_to(_x_mm(body), region.shape)
    beside = slice(int(rows[0]), int(rows[-1]) + 1)
    if not aorta[beside].any() or not spleen[beside].any():
        return
    start, hilum = float(x[beside][aorta[beside]].mean()), float(x[beside][spleen[beside]].min())
    _change(body, "19", x > (start + hilum) / 2, None)


def _iliac(body: BodyMap) -> None:
    """Mesenteric fat at the iliac vessels is theirs."""
    near = _gap(body, body.where("iliac_artery_", "iliac_vena_")) <= _ILIAC_MM
    left = np.broadcast_to(_x_mm(body) > 0, near.shape)
    _change(body, "mesenteric", near & left, "iliac_L")
    _change(body, "mesenteric", near & ~left, "iliac_R")


def _sides(body: BodyMap) -> None:
    """A paired station lies on its own side of what parts it from the other."""
    x = _x_mm(body)
    for stem, parts, end in (
        ("1", ("trachea",), 0.5), ("2", ("trachea",), 1.0), ("4", ("trachea",), 1.0),
        ("9", ("esophagus",), 0.5), ("iliac_", ("vertebrae_", "sacrum"), 0.5),
    ):  # fmt: skip
        line = _line(body, body.where(*parts), end)
        if line is None:
            continue
        is_right = np.broadcast_to(x < line[:, None, None], body.stations.shape)
        right, left = (_region(body, f"{stem}{side}") for side in "RL")
        body.stations[left & is_right] = _number(body, f"{stem}R")
        body.stations[right & ~is_right] = _number(body, f"{stem}L")


def _line(body: BodyMap, mask: _Mask, end: float) -> NDArray[np.float64] | None:
    """X in every slice: 0.5 the mask's middle, 1 its left border; beyond it as at its ends."""
    rows = np.flatnonzero(mask.any(axis=(1, 2)))
    if not rows.size:
        return None
    x, half = _x_mm(body)[0, 0], body.geometry.spacing_mm[2] / 2
    columns = [x[mask[k].any(axis=0)] for k in rows]
    edges = [(1 - end) * (c.min() - half) + end * (c.max() + half) for c in columns]
    line: NDArray[np.float64] = np.interp(np.arange(len(mask)), rows, edges)
    return line


def _root(body: BodyMap) -> float | None:
    """Slice of the coeliac root: above the splenic vein where it passes before the aorta."""
    vein, aorta = body.where("portal_vein_and_splenic_vein"), body.where("aorta")
    heights = np.flatnonzero(vein.any(axis=(1, 2)))
    if not heights.size or not aorta[heights].any():
        return None
    x = np.broadcast_to(_x_mm(body), vein.shape)
    middle = float(x[heights][aorta[heights]].mean())
    top = _top(vein & (x > middle - 10.0) & (x < middle + 25.0))
    return None if top is None else top + 1 + _ABOVE_VEIN_MM / body.geometry.spacing_mm[0]


def _split(airway: _Mask, body: BodyMap) -> int | None:
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


def _pieces(slice_: _Mask, voxel_mm2: float) -> int:
    parts, _ = ndimage.label(slice_, np.ones((3, 3)))
    return int((np.bincount(parts.ravel())[1:] * voxel_mm2 >= _BRONCHUS_MM2).sum())


def _is_single(slice_: _Mask) -> bool:
    return int(ndimage.label(slice_, np.ones((3, 3)))[1]) == 1


def _left_edge(trachea: _Mask, body: BodyMap) -> float:
    """X of the left border of the trachea just above its split."""
    columns = trachea[: max(1, int(12 / body.geometry.spacing_mm[0]))].any(axis=(0, 1))
    return float(_x_mm(body)[0, 0][columns].max()) if columns.any() else 9.0


def _change(body: BodyMap, name: str, where: _Mask, to: str | None) -> None:
    body.stations[_region(body, name) & where] = 0 if to is None else _number(body, to)


def _region(body: BodyMap, name: str) -> _Mask:
    found: _Mask = body.stations == _number(body, name)
    return found


def _number(body: BodyMap, name: str) -> int:
    return body.station_names.index(name)


def _below(body: BodyMap, level: float) -> _Mask:
    height = np.arange(len(body.stations))[:, None, None]
    found: _Mask = np.broadcast_to(height < level, body.stations.shape)
    return found


def _shifted(mask: _Mask, slices: int) -> _Mask:
    """The mask so many slices higher; what leaves the grid is lost."""
    moved = np.zeros_like(mask)
    count = len(mask)
    if abs(slices) < count:
        moved[max(0, slices) : count + min(0, slices)] = mask[
            max(0, -slices) : count - max(0, slices)
        ]
    return moved


def _top(mask: _Mask) -> int | None:
    rows = np.flatnonzero(mask.any(axis=(1, 2)))
    return int(rows[-1]) if rows.size else None


def _x_mm(body: BodyMap) -> NDArray[np.float64]:
    """X of every column, (1, 1, i); the midline is 0."""
    affine = body.geometry.affine
    found: NDArray[np.float64] = affine[0, 3] + affine[0, 2] * np.arange(body.stations.shape[2])
    return found[None, None, :]


def _gap(body: BodyMap, mask: _Mask, reach_mm: float = 24.0) -> NDArray[np.float64]:
    """Distance to the mask within its box and a margin; infinite beyond."""
    far = np.full(mask.shape, np.inf)
    if mask.any():
        box = grown(mask, reach_mm, body.geometry.spacing_mm[0])
        far[box] = ndimage.distance_transform_edt(~mask[box], body.geometry.spacing_mm)
    return far
