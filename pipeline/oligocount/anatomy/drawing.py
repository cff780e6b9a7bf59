"""The organ map on the axial frame, asked by name stems: masks, spans, per-slice lines."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.anatomy.frame import Frame, axial_frame
from oligocount.domain.volume import LabelMap
from oligocount.geometry.affine import crop
from oligocount.geometry.box import bounding_box, box_around

Mask = NDArray[np.bool_]
Vector = NDArray[np.float64]
_RUN_GAP_MM = 25.0  # more than a disc between vertebral bodies
MIN_ML = 1.0  # less is a speck, not a structure to measure from


class Drawing:
    """Structures of one patient on an axial grid (k up, j posterior, i left).

    A stem names a structure or any that continues it after an underscore: `lung` is both
    lungs with all lobes, `lung_upper_lobe_left` one lobe. What is not drawn is an empty mask.
    """

    def __init__(
        self, labels: LabelMap, frame: Frame, body: Mask, confidence: Mapping[str, float]
    ) -> None:
        self.labels, self.frame, self.body, self.confidence = labels, frame, body, confidence
        self._masks: dict[tuple[str, ...], Mask] = {}

    def cropped(self, low_mm: float, high_mm: float) -> "Drawing":
        """The drawing between two heights, in the plane cut to the body. Needs a body there."""
        inside = (self.frame.z_mm >= low_mm) & (self.frame.z_mm <= high_mm)
        found = bounding_box(self.body & inside[:, None, None])
        geometry = crop(self.frame.geometry, found)
        labels = LabelMap(
            array=self.labels.array[found], names=self.labels.names, geometry=geometry
        )
        frame = axial_frame(geometry, self.frame.midline)
        return Drawing(labels, frame, self.body[found], self.confidence)

    def mask(self, *stems: str) -> Mask:
        """True inside structures of these stems."""
        if stems not in self._masks:
            self._masks[stems] = self.labels.mask(*self.named(*stems))
        return self._masks[stems]

    def named(self, *stems: str) -> list[str]:
        """Names in the map that continue a stem."""
        names = self.labels.names.values()
        return [n for n in names if any(f"{n}_".startswith(f"{stem}_") for stem in stems)]

    def sided(self, stem: str, side: str) -> Mask:
        """A paired structure's side: `sided("lung", "left")` joins all left lobes."""
        names = [n for n in self.named(stem) if side in n.split("_")]
        return self.labels.mask(*names)

    def has(self, *stems: str) -> bool:
        """True when enough is drawn to measure from."""
        return float(self.mask(*stems).sum()) * self.frame.geometry.voxel_volume_ml >= MIN_ML

    def trust(self, *stems: str) -> float:
        """The least confidence among the drawn structures of these stems."""
        return min((self.confidence.get(n, 1.0) for n in self.named(*stems)), default=0.0)

    def main_run(self, mask: Mask) -> Mask:
        """The slices that belong together: of runs more than 25 mm apart the fullest.

        A network draws shreds of a lumbar vertebra in a neck; no level is measured from them.
        """
        count = mask.sum(axis=(1, 2))
        rows = np.flatnonzero(count)
        if not rows.size:
            return mask
        gap = _RUN_GAP_MM / self.frame.geometry.spacing_mm[0]
        runs = np.split(rows, np.flatnonzero(np.diff(rows) > gap + 1) + 1)
        kept = np.zeros(count.size, bool)
        kept[max(runs, key=lambda run: int(count[run].sum()))] = True
        found: Mask = mask & kept[:, None, None]
        return found

    def top_mm(self, mask: Mask) -> float:
        """Height of the upper face of the topmost voxel. Needs a voxel."""
        k = np.flatnonzero(mask.any(axis=(1, 2)))
        return float(self.frame.z_mm[k[-1]] + self.frame.geometry.spacing_mm[0] / 2)

    def bottom_mm(self, mask: Mask) -> float:
        """Height of the lower face of the lowest voxel. Needs a voxel."""
        k = np.flatnonzero(mask.any(axis=(1, 2)))
        return float(self.frame.z_mm[k[0]] - self.frame.geometry.spacing_mm[0] / 2)

    def centre_mm(self, mask: Mask) -> tuple[float, float, float]:
        """Centre of mass (x, y, z). Needs a voxel."""
        k, j, i = (index.mean() for index in np.nonzero(mask))
        return (
            float(np.interp(i, np.arange(self.frame.x_mm.size), self.frame.x_mm)),
            float(np.interp(j, np.arange(self.frame.y_mm.size), self.frame.y_mm)),
            float(np.interp(k, np.arange(self.frame.z_mm.size), self.frame.z_mm)),
        )

    def line(self, mask: Mask, axis: str, how: str) -> Vector | None:
        """Per slice the `min`, `max` or `mean` of x or y in the mask, all heights filled in.

        Between drawn slices linear, beyond them constant; voxel faces for min and max.
        None when nothing is drawn.
        """
        other, coordinate = (1, self.frame.x_mm) if axis == "x" else (2, self.frame.y_mm)
        profile = np.count_nonzero(mask, axis=other)
        rows = np.flatnonzero(profile.sum(axis=1))
        if not rows.size:
            return None
        step = float(coordinate[1] - coordinate[0]) / 2
        drawn = profile[rows]
        if how == "mean":
            values = (drawn * coordinate).sum(axis=1) / drawn.sum(axis=1)
        elif how == "min":
            values = coordinate[(drawn > 0).argmax(axis=1)] - step
        else:
            last = drawn.shape[1] - 1 - (drawn[:, ::-1] > 0).argmax(axis=1)
            values = coordinate[last] + step
        found: Vector = np.interp(np.arange(mask.shape[0]), rows, values)
        return found

    def distance_mm(self, mask: Mask, reach_mm: float = 60.0) -> NDArray[np.float32]:
        """Distance of voxel centres to the mask; infinite beyond reach and if it is empty."""
        far = np.full(mask.shape, np.inf, np.float32)
        if not mask.any():
            return far
        spacing = self.frame.geometry.spacing_mm
        box = box_around(mask, reach_mm, spacing)
        far[box] = ndimage.distance_transform_edt(~mask[box], spacing)
        return far
