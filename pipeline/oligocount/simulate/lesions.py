"""Foci: what they are, where they may lie, and how they are laid into a body."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.domain.anatomy import NodalClass, Side
from oligocount.domain.lesion import Kind
from oligocount.simulate.body import BodyMap

_FAT_HU = -100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Focus:
    """One focus to lay in: centred in voxel `centre`, of radii (z, y, x) mm and SUV `suv`.

    It fills only structures whose names begin with `hosts` (all but air where empty).
    `cold_core` 0..1 is the share of the radius without uptake. `structure` is the finest name.
    `claims` (prefixes, name) turns such structures into `name` where the focus displaces them.
    Fat of `fat_about_mm` about it stands in place of muscle.
    """

    kind: Kind
    organ: str | None
    structure: str
    centre: tuple[int, int, int]
    radii_mm: tuple[float, float, float]
    suv: float
    hu: float | None
    hosts: tuple[str, ...] = ()
    cold_core: float = 0.0
    bumpy: float = 0.12
    fat_about_mm: float = 0.0
    station: str | None = None
    nodal_class: NodalClass | None = None
    side: Side | None = None
    lobe: str | None = None
    claims: tuple[tuple[str, ...], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Canvas:
    """The arrays that foci are laid into; they change in place, the body's labels too."""

    body: BodyMap
    activity: NDArray[np.float32]
    density: NDArray[np.float32]
    lesions: NDArray[np.uint8]
    mimics: NDArray[np.uint8]


def lay(canvas: Canvas, focus: Focus, number: int, rng: np.random.Generator) -> bool:
    """The focus lies in the canvas under this number; False where no voxel could take it."""
    spacing = canvas.body.geometry.spacing_mm[0]
    shape = canvas.activity.shape
    reach = int(np.ceil((max(focus.radii_mm) * 1.35 + focus.fat_about_mm) / spacing)) + 1
    box = tuple(
        slice(max(0, c - reach), min(n, c + reach + 1))
        for c, n in zip(focus.centre, shape, strict=True)
    )
    share = _share(box, focus, spacing, rng)
    share = share * _hosts(canvas.body, box, focus.hosts)
    inside = share >= 0.5
    if not inside.any():
        if share.max(initial=0.0) < 0.08:
            return False
        inside = share == share.max()
    return _laid(canvas, box, share, inside, focus, number, rng)


def lay_mask(
    canvas: Canvas,
    box: tuple[slice, ...],
    share: NDArray[np.float32],
    focus: Focus,
    number: int,
    rng: np.random.Generator,
) -> bool:
    """A focus of any shape lies in the canvas; `share` 0..1 tells how full each voxel is."""
    return _laid(canvas, box, share, share >= 0.5, focus, number, rng)


def _laid(
    canvas: Canvas,
    box: tuple[slice, ...],
    share: NDArray[np.float32],
    inside: NDArray[np.bool_],
    focus: Focus,
    number: int,
    rng: np.random.Generator,
) -> bool:
    """The focus lies in what is free of `inside`; False where nothing is."""
    labels = canvas.mimics if focus.kind is Kind.PHYSIOLOGIC else canvas.lesions
    free = inside & (labels[box] == 0)
    if not free.any():
        return False
    labels[box][free] = number
    _make_room(canvas, focus, free, box)
    _fill(canvas, box, share, focus, canvas.body.geometry.spacing_mm[0], rng)
    return True


def _make_room(
    canvas: Canvas, focus: Focus, inside: NDArray[np.bool_], box: tuple[slice, ...]
) -> None:
    """The focus's own tissue is where it lies, and fat where it wants fat about it."""
    part, names = canvas.body.labels[box], canvas.body.names
    if focus.claims is not None:
        prefixes, name = focus.claims
        part[inside & _hosts(canvas.body, box, prefixes)] = names.index(name)
    if focus.fat_about_mm > 0:
        gap = ndimage.distance_transform_edt(~inside) * canvas.body.geometry.spacing_mm[0]
        about = (gap <= focus.fat_about_mm) & _hosts(canvas.body, box, ("muscle",))
        part[about] = names.index("torso_fat")
        canvas.density[box][about] = _FAT_HU


def _fill(
    canvas: Canvas,
    box: tuple[slice, ...],
    share: NDArray[np.float32],
    focus: Focus,
    spacing: float,
    rng: np.random.Generator,
) -> None:
    noise = ndimage.gaussian_filter(rng.standard_normal(share.shape, np.float32), 6.0 / spacing)
    texture = 1 + 0.12 * noise / (noise.std() + 1e-6)
    level = focus.suv * np.clip(texture, 0.5, 1.6)
    if focus.cold_core > 0:
        core = _share(box, focus, spacing, rng, shrink=focus.cold_core)
        level = level * (1 - 0.85 * core)
    activity = canvas.activity[box]
    activity[...] = activity * (1 - share) + level * share
    if focus.hu is not None:
        density = canvas.density[box]
        density[...] = density * (1 - share) + (focus.hu + 6 * noise) * share


def _share(
    box: tuple[slice, ...],
    focus: Focus,
    spacing: float,
    rng: np.random.Generator,
    *,
    shrink: float = 1.0,
) -> NDArray[np.float32]:
    """How much of each voxel an uneven ellipsoid fills, 0 to 1."""
    radii = np.array(focus.radii_mm) * shrink
    axes = [
        (np.arange(b.start, b.stop) - c) * spacing / r
        for b, c, r in zip(box, focus.centre, radii, strict=True)
    ]
    k, j, i = np.meshgrid(*axes, indexing="ij", sparse=True)
    distance = np.sqrt(k * k + j * j + i * i)
    mean = float(np.cbrt(radii.prod()))
    if focus.bumpy > 0 and mean > 1.5 * spacing:
        noise = rng.standard_normal(distance.shape, np.float32)
        noise = ndimage.gaussian_filter(noise, max(0.6, 0.45 * mean / spacing))
        distance = distance * (1 + focus.bumpy * noise / (noise.std() + 1e-6))
    share: NDArray[np.float32] = np.clip((1 - distance) * mean / spacing + 0.5, 0, 1).astype(
        np.float32
    )
    if mean < spacing:  # smaller than a voxel: keep the true volume, not the voxel's
        share *= min(1.0, 4.19 * float(radii.prod()) / spacing**3 / max(float(share.sum()), 1e-6))
    return share


def _hosts(body: BodyMap, box: tuple[slice, ...], hosts: tuple[str, ...]) -> NDArray[np.bool_]:
    part = body.labels[box]
    if not hosts:
        solid: NDArray[np.bool_] = part > 0
        return solid
    lookup = np.zeros(256, bool)
    lookup[body.ids(*hosts)] = True
    found: NDArray[np.bool_] = lookup[part]
    return found
