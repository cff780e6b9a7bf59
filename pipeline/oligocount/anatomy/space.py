"""Where a node can be: coordinates, landmarks, courses and distances on the axial frame."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.morphology import convex_hull_image

from oligocount.anatomy.drawing import Drawing, Mask, Vector
from oligocount.anatomy.lines import Lines, hindmost, trace_lines
from oligocount.domain.anatomy import Landmark

_SOLID = (
    "lung", "heart", "liver", "spleen", "kidney", "pancreas", "stomach", "small_bowel", "duodenum",
    "colon", "urinary_bladder", "gallbladder", "prostate", "brain", "adrenal_gland", "head_glands",
)  # fmt: skip
GREAT_ARTERIES = (
    "aorta", "brachiocephalic_trunk", "common_carotid_artery", "arteries_neck", "pulmonary_artery",
)  # fmt: skip
GREAT_VEINS = ("superior_vena_cava", "veins_thoracic", "brachiocephalic_vein")
_BONE = (
    "bone", "skull", "vertebrae", "sacrum", "rib", "costal_cartilages", "sternum", "clavicula",
    "scapula", "humerus", "hip", "femur", "spinal_cord",
)  # fmt: skip
_CHEST_WALL = ("sternum", "costal_cartilages", "rib", "clavicula")
Level = float | NDArray[np.float64]


class Space:
    """One patient for the rules of stations.

    `x`, `y`, `z` broadcast over the grid; `at(name)` is a landmark's height or NaN, which makes
    every comparison false; `along(line)` broadcasts a course; `mm` holds the rules' distances.
    """

    def __init__(
        self, drawing: Drawing, marks: Mapping[str, Landmark], mm: Mapping[str, float]
    ) -> None:
        self.drawing, self.marks, self.mm = drawing, marks, mm
        self.lines: Lines = trace_lines(drawing, marks)
        self.x = drawing.frame.x_mm[None, None, :]
        self.y = drawing.frame.y_mm[None, :, None]
        self.z = drawing.frame.z_mm[:, None, None]
        self._distances: dict[tuple[str, ...], NDArray[np.float32]] = {}

    def at(self, name: str) -> float:
        """A landmark's coordinate, NaN where none was found."""
        return self.marks[name].value_mm if name in self.marks else float("nan")

    @staticmethod
    def along(line: Vector) -> NDArray[np.float64]:
        """A course as (k, 1, 1)."""
        return line[:, None, None]

    def gap(self, *stems: str) -> NDArray[np.float32]:
        """Distance to structures of these stems; infinite where none is drawn."""
        if stems not in self._distances:
            self._distances[stems] = self.drawing.distance_mm(self.drawing.mask(*stems))
        return self._distances[stems]

    def between(self, low: Level, high: Level) -> NDArray[np.bool_]:
        """Slices with low < z <= high, as (k, 1, 1), or as the levels broadcast."""
        found: NDArray[np.bool_] = (self.z > low) & (self.z <= high)
        return found

    @cached_property
    def apex(self) -> NDArray[np.float64]:
        """The apex of the lung of each column's own side, (k, 1, i); NaN without lungs.

        Stations 1 and 2 meet there (IASLC, AJCC 8). An apex that is not known is the other one's.
        """
        right, left = self.at("z_apex_r"), self.at("z_apex_l")
        of_right, of_left = left if np.isnan(right) else right, right if np.isnan(left) else left
        is_right = self.x < self.along(self.lines.airway_x)
        found: NDArray[np.float64] = np.where(is_right, of_right, of_left)
        return found

    @cached_property
    def descending(self) -> NDArray[np.float32]:
        """Distance to the descending aorta."""
        return self.drawing.distance_mm(hindmost(self.drawing.mask("aorta"), self.drawing))

    @cached_property
    def arch_front(self) -> NDArray[np.float64]:
        """Y of the front of the great vessels over each column, (k, 1, i), at the aortic arch.

        Left of the trachea the arteries alone: the left innominate vein crosses before the arch.
        A column without vessels has the front of the nearest; the descending aorta is none.
        """
        arteries, veins = self.drawing.mask(*GREAT_ARTERIES), self.drawing.mask(*GREAT_VEINS)
        right = self.x < self.along(self.lines.airway_left_x)
        back = self.along(self.lines.airway_back_y)
        vessels = (arteries | (veins & right)) & (self.y < back - 5.0)
        vessels &= np.abs(self.x - self.along(self.lines.middle_x)) < 45.0
        step = self.drawing.frame.geometry.spacing_mm[1] / 2
        first = self.drawing.frame.y_mm[vessels.argmax(axis=1)] - step
        front = np.repeat(self.lines.vessel_front_y[:, None], vessels.shape[2], axis=1)
        for k in np.flatnonzero(vessels.any(axis=(1, 2))):
            drawn = np.flatnonzero(vessels[k].any(axis=0))
            nearest = np.abs(np.arange(front.shape[1])[:, None] - drawn[None]).argmin(axis=1)
            front[k] = first[k, drawn[nearest]]
        found: NDArray[np.float64] = np.minimum(front[:, None, :], back - 10.0)
        return found

    @cached_property
    def depth(self) -> NDArray[np.float32]:
        """Depth under the skin in the axial plane, on every second voxel and repeated."""
        coarse = self.drawing.body[::2, ::2, ::2]
        spacing = [2 * s for s in self.drawing.frame.geometry.spacing_mm[1:]]
        edt = [
            ndimage.distance_transform_edt(np.pad(one, 1), spacing)[1:-1, 1:-1] for one in coarse
        ]
        fine = np.stack(edt).repeat(2, 0).repeat(2, 1).repeat(2, 2)
        k, j, i = self.drawing.body.shape
        return np.asarray(fine[:k, :j, :i], np.float32)

    @cached_property
    def nodal(self) -> Mask:
        """Inside the body, outside solid organs and bone.

        Vessels, airway, oesophagus and thyroid count in: a node's blur and breathing put it
        there, and a frontier must not have holes.
        """
        found: Mask = self.drawing.body & ~self.drawing.mask(*_SOLID, *_BONE)
        return found

    @cached_property
    def parasternal(self) -> Mask:
        """Where lung and chest wall meet in front: the fat between them is thinner than voxels."""
        lung, wall = self.drawing.mask("lung"), self.drawing.mask(*_CHEST_WALL)
        near = self.mm["mammary_seam"]
        found: Mask = (lung & (self.gap(*_CHEST_WALL) <= near)) | (
            wall & (self.gap("lung") <= near)
        )
        return found

    @cached_property
    def mediastinum(self) -> Mask:
        """Nodal space between the lungs: inside their hull in each slice, not behind the spine.

        At the inlet the apices lie behind the airway and their hull misses what is in front: there
        a column around the airway counts in.
        """
        lungs = self.drawing.mask("lung")
        hull = np.zeros(lungs.shape, bool)
        for k in np.flatnonzero(lungs.any(axis=(1, 2))):
            both = lungs[k][:, self.drawing.frame.x_mm < self.lines.middle_x[k]].any()
            both = both and lungs[k][:, self.drawing.frame.x_mm >= self.lines.middle_x[k]].any()
            if both:
                hull[k] = _hull(lungs[k])
        before_spine = self.y < self.along(self.lines.spine_front_y) + 25.0
        column = np.abs(self.x - self.along(self.lines.airway_x)) < self.mm["inlet_half"]
        column = column & (self.y > self.along(self.lines.vessel_front_y) - 5.0)
        inlet = self.between(self.apex - self.mm["inlet_depth"], self.apex) & column
        found: Mask = (hull | inlet) & self.nodal & before_spine & (self.z > self.at("z_hiatus"))
        return found


def _hull(part: Mask) -> Mask:
    """The convex hull of a slice; what lies on one line is its own."""
    away = np.argwhere(part)
    away = away - away[0]
    if np.linalg.matrix_rank(away.T @ away) < 2:
        return part
    found: Mask = convex_hull_image(part, offset_coordinates=False)
    return found
