"""Courses of long structures: x or y at every height, with what stands in where none is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.anatomy.drawing import Drawing, Mask
from oligocount.domain.anatomy import Landmark

Vector = NDArray[np.float64]
_SMOOTH_MM = 20.0
_LIMIT_MM = (
    60.0,
    110.0,
)  # of the supraclavicular fossa from the midline: a small and a broad adult
_TRAPEZIUS = 0.65  # of the clavicle from its head: the muscle takes the outer third (Gray)
_SHEATH_MM = (18.0, 34.0)  # medial border of a carotid sheath from the airway's middle
_CAROTID_MM = 8.0  # a common carotid has 6.1 to 6.5 mm, SD 0.8 to 1.0 (Krejza 2006); wider is blur
_DRAWN_MM = 24.0  # as wide as coarse voxels draw one; what lies further out is another artery
_OFF_LUNG_MM = 12.0  # pleura, rib and muscle outside the lung


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """Coordinates in mm by slice (k). Left is +x, back is +y.

    `airway_*`: the trachea, continued straight down below the carina. `sheath_*`: medial borders
    of the carotid sheaths. `rib_*`: lateral limits of the supraclavicular space. `vessel_front`:
    the front of the great vessels.
    """

    middle_x: Vector
    spine_front_y: Vector
    airway_x: Vector
    airway_left_x: Vector
    airway_back_y: Vector
    gullet_x: Vector
    gullet_front_y: Vector
    aorta_x: Vector
    aorta_front_y: Vector
    vessel_front_y: Vector
    sheath_right_x: Vector
    sheath_left_x: Vector
    rib_right_x: Vector
    rib_left_x: Vector


def trace_lines(drawing: Drawing, marks: Mapping[str, Landmark]) -> Lines:
    """The courses in one patient."""
    middle = drawing.frame.midline_at(drawing.frame.z_mm)
    spine = _spine_front(drawing)
    airway = _trachea(drawing)
    airway_x = _or(drawing.line(airway, "x", "mean"), middle)
    gullet = drawing.mask("esophagus")
    gullet_x = _or(drawing.line(gullet, "x", "mean"), middle)
    right, left = _sheaths(drawing, airway_x)
    rib_right, rib_left = _lateral_limits(drawing, middle, marks)
    aorta = hindmost(drawing.mask("aorta"), drawing)
    airway_back = _or(drawing.line(airway, "y", "max"), spine - 12.0)
    return Lines(
        middle_x=middle,
        spine_front_y=spine,
        airway_x=airway_x,
        airway_left_x=_or(drawing.line(airway, "x", "max"), airway_x + 9.0),
        airway_back_y=airway_back,
        gullet_x=gullet_x,
        gullet_front_y=_or(drawing.line(gullet, "y", "min"), spine - 14.0),
        aorta_x=_or(drawing.line(aorta, "x", "mean"), middle + 12.0),
        aorta_front_y=_or(drawing.line(aorta, "y", "min"), spine - 18.0),
        vessel_front_y=_vessel_front(drawing, middle, airway_back),
        sheath_right_x=right,
        sheath_left_x=left,
        rib_right_x=rib_right,
        rib_left_x=rib_left,
    )


def hindmost(aorta: Mask, drawing: Drawing) -> Mask:
    """The descending aorta: in each slice the part within 30 mm of its back."""
    back = drawing.line(aorta, "y", "max")
    if back is None:
        return aorta
    found: Mask = aorta & (drawing.frame.y_mm[None, :, None] > back[:, None, None] - 30.0)
    return found


def _spine_front(drawing: Drawing) -> Vector:
    """Front of the vertebral bodies near the midline; else of the cord; else the trunk's middle.

    In each slice the median of the columns' fronts: one voxel drawn too far forward moves none.
    """
    near = np.abs(
        drawing.frame.x_mm[None, :] - drawing.frame.midline_at(drawing.frame.z_mm)[:, None]
    )
    bodies = drawing.mask("vertebrae", "sacrum") & (near < 12.0)[:, None, :]
    drawn: Mask = np.asarray(bodies.any(axis=1))
    rows = np.flatnonzero(drawn.any(axis=1))
    if rows.size:
        step = drawing.frame.geometry.spacing_mm[1] / 2
        first = np.where(drawn, drawing.frame.y_mm[bodies.argmax(axis=1)] - step, np.nan)
        middle = np.nanmedian(first[rows], axis=1)
        return _smooth(np.interp(np.arange(drawn.shape[0]), rows, middle), drawing)
    cord = drawing.line(drawing.mask("spinal_cord"), "y", "min")
    if cord is not None:
        return _smooth(cord - 28.0, drawing)
    centre = drawing.line(drawing.body, "y", "mean")
    return _smooth(_or(centre, np.full(near.shape[0], drawing.frame.y_mm.mean())) + 20.0, drawing)


def _trachea(drawing: Drawing) -> Mask:
    """The airway above its split: per slice no wider than a trachea."""
    airway = drawing.mask("trachea")
    low, high = drawing.line(airway, "x", "min"), drawing.line(airway, "x", "max")
    if low is None or high is None:
        return airway
    narrow: Mask = airway & (high - low <= 32.0)[:, None, None]
    return narrow if narrow.any() else airway


def _sheaths(drawing: Drawing, airway_x: Vector) -> tuple[Vector, Vector]:
    """Medial edges of the carotids; else the thyroid's sides; else 20 mm off the airway."""
    vessels = drawing.mask("common_carotid_artery", "internal_jugular_vein")
    arteries, thyroid = drawing.mask("arteries_neck"), drawing.mask("thyroid_gland")
    z = drawing.frame.z_mm
    left_half = drawing.frame.x_mm[None, None, :] > airway_x[:, None, None]
    chosen = []
    for sign, half in ((-1, ~left_half), (1, left_half)):
        medial = drawing.line(vessels & half, "x", "max" if sign < 0 else "min")
        coarse = _carotid_among(arteries & half, drawing, sign)
        lateral = drawing.line(thyroid & half, "x", "min" if sign < 0 else "max")
        best = next((each for each in (medial, coarse, lateral) if each is not None), None)
        off = np.full(z.size, 20.0) if best is None else np.abs(best - airway_x)
        chosen.append(airway_x + sign * np.clip(_smooth(off, drawing), *_SHEATH_MM))
    return chosen[0], chosen[1]


def _carotid_among(arteries: Mask, drawing: Drawing, sign: int) -> Vector | None:
    """The medial edge of a side's carotid where all arteries of the neck are one class.

    Coarse voxels draw an artery of 6 mm three to four times as wide: its middle stays where it is,
    its edge does not.
    """
    edge = drawing.line(arteries, "x", "max" if sign < 0 else "min")
    if edge is None:
        return None
    beyond = sign * (drawing.frame.x_mm[None, :] - edge[:, None])
    middle = drawing.line(arteries & (beyond <= _DRAWN_MM)[:, None, :], "x", "mean")
    own = edge if middle is None else middle - sign * _CAROTID_MM / 2
    return sign * np.maximum(sign * edge, sign * own)


def _lateral_limits(
    drawing: Drawing, middle: Vector, marks: Mapping[str, Landmark]
) -> tuple[Vector, Vector]:
    """Outer edge of the first rib, or the trapezius on the clavicle, whichever lies further out.

    Where no rib is drawn alone, 12 mm outside the lung below its apex stands in for the first.
    """
    limits = []
    for side, sign in (("right", -1.0), ("left", 1.0)):
        apex = marks.get(f"z_apex_{side[0]}")
        inlet = drawing.frame.midline_at(np.array([apex.value_mm])) if apex else middle
        off = _limit(drawing, side, sign, float(inlet.mean()), marks)
        limits.append(middle + sign * off)
    return limits[0], limits[1]


def _limit(
    drawing: Drawing, side: str, sign: float, middle: float, marks: Mapping[str, Landmark]
) -> float:
    rib = drawing.sided(f"rib_{side}_1", side)
    chest = _furthest(rib, drawing, sign, middle)
    if chest is None:
        chest = _beside_lung(drawing, side, sign, middle, marks)
    own_half = sign * (drawing.frame.x_mm - middle) > 0  # a shred beyond the midline is no clavicle
    clavicle = drawing.sided("clavicula", side) & own_half[None, None, :]
    shoulder = None
    if clavicle.any():
        _, _, i = np.nonzero(clavicle)
        off = sign * (drawing.frame.x_mm[i] - middle)
        shoulder = float(off.min() + _TRAPEZIUS * (off.max() - off.min()))
    offs = [each for each in (chest, shoulder) if each is not None]
    return float(np.clip(max(offs), *_LIMIT_MM)) if offs else 80.0


def _furthest(mask: Mask, drawing: Drawing, sign: float, middle: float) -> float | None:
    _, _, i = np.nonzero(mask)
    return float((sign * (drawing.frame.x_mm[i] - middle)).max()) if i.size else None


def _beside_lung(
    drawing: Drawing, side: str, sign: float, middle: float, marks: Mapping[str, Landmark]
) -> float | None:
    """12 mm outside the lung, 25 mm below its apex."""
    apex = marks.get(f"z_apex_{side[0]}")
    if apex is None:
        return None
    band = np.abs(drawing.frame.z_mm - (apex.value_mm - 25.0)) < 8.0
    lung = drawing.sided("lung", side) & band[:, None, None]
    off = _furthest(lung, drawing, sign, middle)
    return None if off is None else off + _OFF_LUNG_MM


def _vessel_front(drawing: Drawing, middle: Vector, airway_back: Vector) -> Vector:
    """Front of aorta and great veins near the midline; else 35 mm before the airway's back."""
    vessels = drawing.mask(
        "aorta", "veins_thoracic", "superior_vena_cava", "brachiocephalic_vein",
        "brachiocephalic_trunk", "arteries_neck",
    )  # fmt: skip
    near = np.abs(drawing.frame.x_mm[None, :] - middle[:, None]) < 40.0
    front = drawing.line(vessels & near[:, None, :], "y", "min")
    if front is None:
        return airway_back - 35.0
    return np.minimum(_smooth(front, drawing), airway_back - 20.0)


def _smooth(values: Vector, drawing: Drawing) -> Vector:
    size = max(1, round(_SMOOTH_MM / drawing.frame.geometry.spacing_mm[0]))
    found: Vector = ndimage.uniform_filter1d(values, size, mode="nearest")
    return found


def _or(line: Vector | None, otherwise: Vector) -> Vector:
    return otherwise if line is None else line
