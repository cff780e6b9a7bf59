"""Lesions that MRI shows, measured on the MR's own grid and brought into the PET's frame."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.lesion import LesionMap, SeenMeasures
from oligocount.domain.mr import MrRegion
from oligocount.domain.provenance import Caveat, ModelInfo
from oligocount.domain.registration import Bend, Move
from oligocount.domain.study import MrImage
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.geometry.resample import resample_labels, resample_volume
from oligocount.locate import measure

_OUTSIDE_ADC = -1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MrLesions:
    """What a reader or a model marks on one MR: labels 1..n on the grid of `image`.

    `only` is the region whose lesions alone the model knows, None for a reader.
    """

    image: MrImage
    lesions: LesionMap
    caveats: tuple[Caveat, ...] = ()
    only: MrRegion | None = None

    @property
    def model(self) -> ModelInfo:
        """Who marked them."""
        return self.lesions.model


class MrSegmenter(Protocol):
    """Finds lesions on MR images, each on its own grid."""

    def __call__(self, images: tuple[MrImage, ...]) -> tuple[MrLesions, ...]:
        """Return the lesions of each MR that shows some; no lesion is no error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OffOrgan:
    """How far a mark lies from the organ that its MR shows, and how far that may be wrong.

    `gap_mm` is that of its nearest point, half of it is further off than `half_mm`. The move alone
    may be off by `sure_mm`, move, breathing and organ map together by `reach_mm`.
    """

    gap_mm: float
    half_mm: float
    sure_mm: float
    reach_mm: float

    @property
    def is_outside(self) -> bool:
        """True where no error puts any of it into the organ."""
        return self.gap_mm > self.reach_mm

    @property
    def is_off(self) -> bool:
        """True where it is outside, near, or reaches the organ with less than half of it."""
        return self.gap_mm > self.sure_mm or self.half_mm > self.reach_mm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenLesion:
    """One lesion on MRI.

    `points_lps_mm` (n, 3) are its voxels in the PET's frame, None without a move; `index` (m, 3)
    its voxels on the PET's grid, none beyond it. `only` is the region that its model knows alone;
    `off_organ` is None where its MR shows no one organ, or nobody knows how far that is.
    """

    measures: SeenMeasures
    probability: float | None
    region: MrRegion | None
    points_lps_mm: NDArray[np.float64] | None
    index: NDArray[np.intp]
    only: MrRegion | None = None
    off_organ: OffOrgan | None = None

    @property
    def known_organ(self) -> str | None:
        """The one organ whose lesions its model knows; None for a reader or a model of several."""
        return self.only.organ if self.only else None

    @property
    def is_aside(self) -> bool:
        """True for what a model of one organ marks outside it: of that it knows nothing."""
        return bool(self.known_organ and self.off_organ and self.off_organ.is_outside)

    @property
    def uncertainty_mm(self) -> float:
        """How far it may lie from where it was put; infinite where it was not put anywhere."""
        known = self.measures.uncertainty_mm
        return float("inf") if known is None else known


def see(
    marked: MrLesions,
    grid: Geometry,
    move: Move | None,
    adc: tuple[MrImage, ...] = (),
) -> tuple[SeenLesion, ...]:
    """Every lesion of one MR, measured, on the PET's `grid`.

    ADC is read from the first map in a known unit that covers it, in the same frame of reference.
    """
    image, labels = marked.image, marked.lesions.labels
    flat = Volume(array=np.ones(labels.geometry.shape, np.float32), unit=Unit.ARBITRARY,
                  geometry=labels.geometry)  # fmt: skip
    moved = None if move is None else _moved(labels, move, grid)
    boxes = ndimage.find_objects(labels.array)
    out = []
    for one in measure(marked.lesions, flat):
        places = np.argwhere(labels.array[boxes[one.id - 1]] == one.id)
        places = places + [each.start for each in boxes[one.id - 1]]
        values = _adc_values(labels.geometry, places, image, adc)
        here = labels.geometry.to_lps_mm(places.astype(float))
        points = None if move is None else move.apply(here)
        measures = SeenMeasures(
            volume_ml=one.volume_ml,
            longest_diameter_mm=one.longest_diameter_mm,
            adc_mean_um2_s=None if values is None else float(values.mean()),
            adc_min_um2_s=None if values is None else float(values.min()),
            sequence=image.facts.title if image.facts else image.kind,
            move=move.source.value if move else "not brought into the PET's frame",
            uncertainty_mm=move.uncertainty_at(here) if move else None,
        )
        out.append(
            SeenLesion(
                measures=measures,
                probability=one.probability,
                region=image.facts.region if image.facts else None,
                points_lps_mm=points,
                index=_on_grid(moved, one.id, points, grid),
                only=marked.only,
            )
        )
    return tuple(out)


def _moved(labels: LabelMap, move: Move, grid: Geometry) -> NDArray[np.int32]:
    there = moved_geometry(labels.geometry, move, grid)
    if move.bend is not None:
        return _bent(labels.array, there, move.bend, grid)
    shifted = LabelMap(array=labels.array, names=labels.names, geometry=there)
    return resample_labels(shifted, grid).array.astype(np.int32)


def _bent(
    array: NDArray[np.integer], there: Geometry, bend: Bend, grid: Geometry
) -> NDArray[np.int32]:
    """What each voxel of the grid shows of labels on a moved grid, through the bend."""
    out = np.zeros(grid.shape, np.int32)
    places = np.argwhere(array)
    if not len(places):
        return out
    index = grid.to_index(bend.undone(there.to_lps_mm(places.astype(float))))
    low = np.maximum(np.floor(index.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 2, grid.shape)
    if (high <= low).any():
        return out
    box = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1).reshape(-1, 3)
    points = grid.to_lps_mm(box.astype(float))
    near = np.rint(there.to_index(points + bend.at(points))).astype(int)
    inside = ((near >= 0) & (near < array.shape)).all(axis=1)
    out[tuple(box[inside].T)] = array[tuple(near[inside].T)]
    return out


def moved_geometry(geometry: Geometry, move: Move, grid: Geometry) -> Geometry:
    """The grid of an image after a move, in the frame of `grid`."""
    return Geometry(
        shape=geometry.shape,
        affine=move.matrix @ geometry.affine,
        frame_of_reference_uid=grid.frame_of_reference_uid,
    )


def _on_grid(
    moved: NDArray[np.int32] | None,
    label: int,
    points: NDArray[np.float64] | None,
    grid: Geometry,
) -> NDArray[np.intp]:
    """Voxels of the PET's grid; a lesion between its voxels takes the nearest one."""
    if moved is None or points is None:
        return np.zeros((0, 3), np.intp)
    found = np.argwhere(moved == label)
    if len(found):
        return found
    nearest = np.rint(grid.to_index(points.mean(axis=0))).astype(np.intp)
    inside = bool((nearest >= 0).all() and (nearest < grid.shape).all())
    return nearest[None] if inside else np.zeros((0, 3), np.intp)


def _adc_values(
    geometry: Geometry,
    places: NDArray[np.intp],
    image: MrImage,
    maps: tuple[MrImage, ...],
) -> NDArray[np.float32] | None:
    uid = geometry.frame_of_reference_uid
    for one in maps:
        same = one is image or (uid and one.volume.geometry.frame_of_reference_uid == uid)
        if one.volume.unit is not Unit.ADC or not same:
            continue
        on_grid = resample_volume(one.volume, geometry, outside=_OUTSIDE_ADC).array
        values: NDArray[np.float32] = on_grid[tuple(places.T)]
        values = values[values >= 0]
        if values.size:
            return values
    return None
