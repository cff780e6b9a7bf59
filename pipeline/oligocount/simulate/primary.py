"""The primary: a stretch of the oesophagus with a thickened, avid wall."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.lesion import Kind
from oligocount.simulate.lesions import Canvas, Focus, lay_mask
from oligocount.simulate.places import pick
from oligocount.simulate.sites import side_of

_KEPT = ("vertebrae_", "rib_", "sternum", "trachea", "aorta", "spinal_cord", "bronchus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Primary:
    """How far the tumour reaches and how thick and hot it is."""

    length_mm: float
    thickness_mm: float
    suv: float
    ring: bool


def draw_primary(rng: np.random.Generator) -> Primary:
    """Length 15 to 110 mm, wall 3 to 16 mm, SUV about 11 (deviation 1.6; T1 and T2 less)."""
    early = rng.random() < 0.2
    median = 4.0 if early else 11.0
    return Primary(
        length_mm=float(np.clip(rng.lognormal(np.log(45), 0.45), 15, 110)) * (0.6 if early else 1),
        thickness_mm=float(rng.uniform(1.5, 4) if early else rng.uniform(3, 13)),
        suv=float(median * np.exp(0.45 * np.clip(rng.normal(), -2, 2))),
        ring=bool(rng.random() < 0.25),
    )


def lay_primary(
    canvas: Canvas, primary: Primary, number: int, rng: np.random.Generator
) -> Focus | None:
    """The tumour lies in the canvas; None where no oesophagus is on the grid."""
    body = canvas.body
    wall = body.where("esophagus")
    centre = pick(wall, rng)
    if centre is None:
        return None
    spacing = body.geometry.spacing_mm[0]
    half = max(1, round(primary.length_mm / 2 / spacing))
    box = _box(wall, centre, half, primary.thickness_mm, spacing)
    share = _thickened(wall[box], box, centre, half, primary, spacing, rng)
    share *= ~body.where(*_KEPT)[box] & (body.labels[box] > 0)
    focus = Focus(
        kind=Kind.PRIMARY,
        organ="oesophagus",
        structure="esophagus",
        centre=centre,
        radii_mm=(primary.length_mm / 2, primary.thickness_mm, primary.thickness_mm),
        suv=primary.suv,
        hu=float(rng.normal(42, 6)),
        side=side_of(body, centre),
    )
    return focus if lay_mask(canvas, box, share, focus, number, rng) else None


def _box(
    wall: NDArray[np.bool_],
    centre: tuple[int, int, int],
    half: int,
    thickness_mm: float,
    spacing: float,
) -> tuple[slice, slice, slice]:
    k = slice(max(0, centre[0] - half), min(wall.shape[0], centre[0] + half + 1))
    _, j, i = np.nonzero(wall[k])
    margin = int(np.ceil(thickness_mm * 1.4 / spacing)) + 2
    return (
        k,
        slice(max(0, int(j.min()) - margin), int(j.max()) + margin + 1),
        slice(max(0, int(i.min()) - margin), int(i.max()) + margin + 1),
    )


def _thickened(
    wall: NDArray[np.bool_],
    box: tuple[slice, slice, slice],
    centre: tuple[int, int, int],
    half: int,
    primary: Primary,
    spacing: float,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Share of each voxel within the uneven wall, tapering to both ends."""
    distance = ndimage.distance_transform_edt(~wall) * spacing
    along = (np.arange(box[0].start, box[0].stop) - centre[0]) / half
    taper = np.sqrt(np.clip(1 - along**2, 0, 1))[:, None, None]
    noise = ndimage.gaussian_filter(rng.standard_normal(wall.shape, np.float32), 8.0 / spacing)
    reach = primary.thickness_mm * taper * (1 + 0.35 * noise / (noise.std() + 1e-6))
    # an eccentric tumour: the wall away from a random direction is thinner
    angle = rng.uniform(0, 2 * np.pi)
    j, i = np.arange(wall.shape[1]), np.arange(wall.shape[2])
    lean = np.cos(angle) * (j - j.mean())[:, None] + np.sin(angle) * (i - i.mean())[None]
    reach = reach * np.clip(1 + 0.6 * lean / (np.abs(lean).max() + 1e-6), 0.3, 1.6)
    share = np.clip((reach - distance) / spacing + 0.5, 0, 1) * (taper > 0.05)
    if primary.ring:
        deep = ndimage.distance_transform_edt(distance <= reach) * spacing
        share = share * np.where(deep > 0.6 * primary.thickness_mm + 5, 0.25, 1.0)
    filled: NDArray[np.float32] = share.astype(np.float32)
    return filled
