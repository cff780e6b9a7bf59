"""What the maps say around one focus: shares, distances, levels. No opinion yet."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.anatomy import Anatomy, Structure
from oligocount.domain.lesion import Lesion, LesionMap
from oligocount.domain.study import AlignedImages
from oligocount.errors import GeometryError
from oligocount.geometry.box import grown
from oligocount.geometry.memory import Memory

Mask = NDArray[np.bool_]
_CORE = 0.5  # of the maximum: where the activity is, without the blur around it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """One patient's arrays on the PET grid, with the meaning of the organ labels.

    `memory` knows what was asked of the organ map before.
    """

    anatomy: Anatomy
    suv: NDArray[np.float32]
    ct_hu: NDArray[np.float32] | None
    organs: NDArray[np.integer]
    foci: NDArray[np.integer]
    reach_mm: float
    memory: Memory

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Voxel size (k, j, i)."""
        return self.anatomy.organs.labels.geometry.spacing_mm

    def midline_mm(self) -> float:
        """X of the patient's midline, or of the grid's middle where no landmark says it."""
        landmark = self.anatomy.landmarks.get("x_midline")
        if landmark is not None:
            return landmark.value_mm
        geometry = self.anatomy.organs.labels.geometry
        return float(geometry.to_lps_mm((np.array(geometry.shape, float) - 1) / 2)[0])

    @property
    def has_conduit(self) -> bool:
        """True where a gastric tube takes the oesophagus' place."""
        return any(each.code == "GASTRIC_CONDUIT" for each in self.anatomy.caveats)

    def knows(self, *stems: str) -> bool:
        """True when the organ map could have drawn a structure whose name begins so."""
        known = self.anatomy.organs.known
        return any(f"{name}_".startswith(f"{stem}_") for name in known for stem in stems)

    def mask(self, *stems: str) -> Mask:
        """True inside structures whose name begins so."""
        labels = self.anatomy.organs.labels
        named = [
            n for n in labels.names.values() if any(f"{n}_".startswith(f"{s}_") for s in stems)
        ]
        return labels.mask(*named)

    def voxels(self, *stems: str) -> NDArray[np.int32]:
        """Indices (n, 3) of the voxels inside structures whose name begins so."""
        return self.memory.ask(
            "voxels", stems, lambda: np.argwhere(self.mask(*stems)).astype(np.int32)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Focus:
    """One lesion with what lies in and around it.

    `share` is the fraction of the hot core inside a structure, `distance_mm` the gap from the
    core to a structure within reach (0 inside), `centre_gap_mm` the same from the core's centre.
    `peak_to_end_mm` lies between the hottest voxel and the nearer end of the scan, both included;
    `height_mm` is the thickness of all slices that it meets.
    `box` cuts the surroundings out of the grid.
    """

    lesion: Lesion
    box: tuple[slice, slice, slice]
    mask: Mask
    core: Mask
    share: Mapping[str, float]
    distance_mm: Mapping[str, float]
    centre_gap_mm: Mapping[str, float]
    peak_lps_mm: tuple[float, float, float]
    extent_mm: tuple[float, float, float]
    touches_edge: bool
    peak_to_end_mm: float
    height_mm: float

    def organ_share(self, structures: Mapping[str, Structure]) -> dict[str, float]:
        """Share of the core by counting organ, greatest first."""
        total: dict[str, float] = {}
        for name, share in self.share.items():
            organ = structures[name].organ
            if organ is not None:
                total[organ] = total.get(organ, 0.0) + share
        return dict(sorted(total.items(), key=lambda pair: -pair[1]))

    def share_of(self, *stems: str) -> float:
        """Share of the core inside structures whose name begins so."""
        return sum(
            v for n, v in self.share.items() if any(f"{n}_".startswith(f"{s}_") for s in stems)
        )

    def gap_to(self, *stems: str) -> float:
        """Gap in mm to the nearest structure whose name begins so; infinite beyond reach."""
        gaps = [
            v
            for n, v in self.distance_mm.items()
            if any(f"{n}_".startswith(f"{s}_") for s in stems)
        ]
        return min(gaps, default=float("inf"))


def build_scene(
    lesion_map: LesionMap,
    anatomy: Anatomy,
    images: AlignedImages,
    reach_mm: float,
    memory: Memory,
) -> Scene:
    """The arrays of one patient. Raises GeometryError when they lie on different grids."""
    geometry = images.suv.geometry
    for name, other in (
        ("lesion map", lesion_map.labels.geometry),
        ("organ map", anatomy.organs.labels.geometry),
    ):
        if not geometry.is_same_grid(other):
            raise GeometryError(f"{name} {other.shape}: expected the PET grid {geometry.shape}")
    return Scene(
        anatomy=anatomy,
        suv=images.suv.array,
        ct_hu=None if images.ct is None else images.ct.array,
        organs=anatomy.organs.labels.array,
        foci=lesion_map.labels.array,
        reach_mm=reach_mm,
        memory=memory,
    )


def gather(scene: Scene, lesion: Lesion, found: tuple[slice, slice, slice]) -> Focus:
    """The evidence for one lesion whose label's bounding box is `found`."""
    box = _padded(found, scene)
    mask = scene.foci[box] == lesion.id
    suv = np.where(mask, scene.suv[box], 0)
    core = mask & (suv >= _CORE * suv.max())
    peak = np.unravel_index(int(suv.argmax()), suv.shape)
    index = np.array([p + one.start for p, one in zip(peak, box, strict=True)], float)
    geometry = scene.anatomy.organs.labels.geometry
    x, y, z = geometry.to_lps_mm(index)
    spans = [(one.stop - one.start) for one in found]
    return Focus(
        lesion=lesion,
        box=box,
        mask=mask,
        core=core,
        share=_shares(scene, box, core),
        distance_mm=_distances(scene, box, core),
        centre_gap_mm=_distances(scene, box, centre_voxel(core)),
        peak_lps_mm=(float(x), float(y), float(z)),
        extent_mm=_world_extent(geometry.affine, spans),
        touches_edge=found[0].start == 0 or found[0].stop == scene.foci.shape[0],
        peak_to_end_mm=float(min(index[0], scene.foci.shape[0] - 1 - index[0]) + 1)
        * scene.spacing_mm[0],
        height_mm=spans[0] * scene.spacing_mm[0],
    )


def solid_shares(focus: Focus, scene: Scene) -> dict[str, float]:
    """Shares of the core in structures that are not filler: lung, bone, liver and the like."""
    filler = ("soft_tissue", None)
    structures = scene.anatomy.structures
    return {n: v for n, v in focus.share.items() if structures[n].organ not in filler}


def solid_share(focus: Focus, scene: Scene) -> float:
    """What these hold of the core together."""
    return sum(solid_shares(focus, scene).values())


def centre_voxel(core: Mask) -> Mask:
    """The voxel of the core that is nearest to its centre of mass, alone."""
    points = np.argwhere(core)
    nearest = points[((points - points.mean(axis=0)) ** 2).sum(axis=1).argmin()]
    alone = np.zeros(core.shape, bool)
    alone[tuple(nearest)] = True
    return alone


def _padded(box: tuple[slice, slice, slice], scene: Scene) -> tuple[slice, slice, slice]:
    pads = [int(np.ceil(scene.reach_mm / s)) for s in scene.spacing_mm]
    return grown(box, pads, scene.foci.shape)


def _shares(scene: Scene, box: tuple[slice, slice, slice], core: Mask) -> dict[str, float]:
    counts = np.bincount(scene.organs[box][core])
    names = scene.anatomy.organs.labels.names
    return {
        names[label]: float(counts[label] / counts.sum())
        for label in np.flatnonzero(counts).tolist()
        if label in names
    }


def _distances(scene: Scene, box: tuple[slice, slice, slice], core: Mask) -> dict[str, float]:
    gap = ndimage.distance_transform_edt(~core, scene.spacing_mm)
    around = scene.organs[box]
    names = scene.anatomy.organs.labels.names
    labels = [label for label in np.unique(around).tolist() if label in names]
    nearest = ndimage.minimum(gap, around, labels) if labels else []
    return {
        names[label]: float(distance)
        for label, distance in zip(labels, nearest, strict=True)
        if distance <= scene.reach_mm
    }


def _world_extent(affine: NDArray[np.float64], spans: list[int]) -> tuple[float, float, float]:
    x, y, z = np.abs(affine[:3, :3]) @ np.array(spans, float)
    return (float(x), float(y), float(z))
