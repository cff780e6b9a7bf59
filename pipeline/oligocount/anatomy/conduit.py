"""The stomach that a surgeon pulled into the chest: recognised, and put in the gullet's place.

After oesophagectomy the gastric tube runs through the posterior mediastinum. Stations are then
hung on trachea, spine and tube, with little confidence (knowledge 2.2).
"""

import numpy as np

from oligocount.anatomy.drawing import Drawing, Mask
from oligocount.domain.anatomy import Landmark
from oligocount.domain.provenance import Caveat
from oligocount.domain.volume import LabelMap
from oligocount.settings_anatomy import ConduitSettings

CONDUIT_CAVEAT = Caveat(
    code="GASTRIC_CONDUIT",
    text="stomach lies along the spine up into the chest: taken for a gastric conduit; stations "
    "along the oesophagus are hung on it and are of low confidence",
)


def find_conduit(
    drawing: Drawing, marks: dict[str, Landmark], settings: ConduitSettings
) -> Mask | None:
    """Stomach near the midline above the hiatus that reaches far into the chest; else None.

    A hernia of the hiatus reaches less high, a distended fundus lies lateral.
    """
    dome, stomach = marks.get("z_dome_r"), drawing.mask("stomach")
    if dome is None or not stomach.any():
        return None
    z, x = drawing.frame.z_mm[:, None, None], drawing.frame.x_mm[None, None, :]
    middle = drawing.frame.midline_at(drawing.frame.z_mm)[:, None, None]
    central = stomach & (np.abs(x - middle) < settings.off_midline_mm)
    tube: Mask = central & (z > dome.value_mm - settings.below_dome_mm)
    high = tube & (z > dome.value_mm + settings.above_dome_mm)
    enough = float(high.sum()) * drawing.frame.geometry.voxel_volume_ml >= settings.min_ml
    return tube if enough else None


def with_conduit(drawing: Drawing, tube: Mask) -> Drawing:
    """The drawing with the tube as oesophagus, for levels and stations alone."""
    labels = drawing.labels
    names = dict(labels.names)
    number = labels.id_of("esophagus")
    if number is None:
        number = max(names, default=0) + 1
        names[number] = "esophagus"
    array = labels.array.astype(np.int32)
    array[tube] = number
    moved = LabelMap(array=array, names=names, geometry=labels.geometry)
    return Drawing(moved, drawing.frame, drawing.body, drawing.confidence)
