"""What hollow organs hold and what lies about: gas, stool, contrast, metal, the couch."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.simulate.body import BodyMap
from oligocount.simulate.uptake import smooth_field

_GAS_HU = -920.0
_METAL_HU = 3000.0


def fill_hollow_organs(
    body: BodyMap,
    activity: NDArray[np.float32],
    density: NDArray[np.float32],
    rng: np.random.Generator,
) -> None:
    """Stomach and bowel get walls, and gas in front of fluid or stool; arrays change in place."""
    oral_contrast = float(rng.uniform(80, 350)) if rng.random() < 0.2 else 0.0
    for name, gas, wall_mm in (("stomach", 0.25, 6.0), ("colon", 0.35, 4.0),
                               ("small_bowel", 0.08, 3.0)):  # fmt: skip
        mask = body.where(name)
        found = ndimage.find_objects(mask.astype(np.uint8))
        if not found:
            continue
        box = found[0]
        inside = _inner(mask[box], wall_mm, body.geometry.spacing_mm[0])
        share = gas * rng.uniform(0.2, 1.8)
        front = _frontness(mask[box])
        field = smooth_field(inside.shape, body.geometry.spacing_mm[0], 35.0, rng)
        is_gas = inside & (front + 0.22 * field > 1 - share)
        activity[box][inside] *= float(rng.uniform(0.35, 1.2))
        activity[box][is_gas] *= 0.4
        density[box][inside] += oral_contrast * float(rng.uniform(0.3, 1))
        density[box][is_gas] = _GAS_HU


def add_couch(body: BodyMap, density: NDArray[np.float32], rng: np.random.Generator) -> None:
    """A curved couch behind the patient; `density` changes in place."""
    solid = body.labels > 0
    behind = np.flatnonzero(solid.any(axis=(0, 2)))
    if behind.size == 0:
        return
    spacing = body.geometry.spacing_mm[0]
    x = (np.arange(solid.shape[2]) - solid.shape[2] / 2) * spacing
    half = float(rng.uniform(190, 240))
    curve = float(rng.uniform(0, 45)) * (x / half) ** 2
    top = (behind[-1] + 1) * spacing + float(rng.uniform(4, 14)) - curve
    depth = np.arange(solid.shape[1])[:, None] * spacing - top[None]
    thick = float(rng.uniform(10, 45))
    plate = ((depth > 0) & (depth < spacing)) | ((depth > thick) & (depth < thick + spacing))
    foam = (depth >= spacing) & (depth <= thick)
    within = (np.abs(x) < half)[None]
    section = np.where(plate & within, rng.uniform(-500, 100), np.where(foam & within, -930, -1000))
    air = ~solid
    density[air] = np.maximum(density, section[None].astype(np.float32))[air]


def add_metal(
    body: BodyMap,
    activity: NDArray[np.float32],
    density: NDArray[np.float32],
    rng: np.random.Generator,
) -> None:
    """Sometimes a hip prosthesis, dental fillings or a port, with streaks; changed in place."""
    if rng.random() < 0.05:
        _hip_prosthesis(body, activity, density, rng)
    if rng.random() < 0.3:
        _fillings(body, density, rng)
    if rng.random() < 0.06:
        _port(body, density, rng)


def _inner(mask: NDArray[np.bool_], wall_mm: float, spacing: float) -> NDArray[np.bool_]:
    rounds = max(1, round(wall_mm / spacing))
    inner: NDArray[np.bool_] = ndimage.binary_erosion(mask, iterations=rounds)
    return inner


def _frontness(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """1 at the front of each column of the organ (gas rises in a supine patient), 0 at its back."""
    depth = np.cumsum(mask, axis=1, dtype=np.float32)
    front: NDArray[np.float32] = (1 - depth / np.maximum(depth[:, -1:], 1)).astype(np.float32)
    return front


def _hip_prosthesis(
    body: BodyMap,
    activity: NDArray[np.float32],
    density: NDArray[np.float32],
    rng: np.random.Generator,
) -> None:
    femur = body.where("femur_left" if rng.random() < 0.5 else "femur_right")
    slices = np.flatnonzero(femur.any(axis=(1, 2)))
    if slices.size == 0:
        return
    low = max(0, int(slices[-1] - 130 / body.geometry.spacing_mm[0]))
    femur[:low] = False
    stem = ndimage.binary_erosion(femur) | (femur & body.cortex)
    density[stem] = _METAL_HU
    activity[stem] *= 0.1
    _streaks(density, stem, rng, strength=350)


def _fillings(body: BodyMap, density: NDArray[np.float32], rng: np.random.Generator) -> None:
    teeth = body.where("tongue")
    found = ndimage.find_objects(teeth.astype(np.uint8))
    if not found:
        return
    near = np.zeros_like(teeth)
    margin = int(np.ceil(20 / body.geometry.spacing_mm[0]))
    grown = tuple(slice(max(0, part.start - margin), part.stop + margin) for part in found[0])
    near[grown] = body.where("skull")[grown]
    places = np.argwhere(near)
    metal = np.zeros_like(teeth)
    for k, j, i in places[rng.integers(len(places), size=min(len(places), 6))]:
        metal[k, j, i] = True
    density[metal] = _METAL_HU
    _streaks(density, metal, rng, strength=250)


def _port(body: BodyMap, density: NDArray[np.float32], rng: np.random.Generator) -> None:
    spacing = body.geometry.spacing_mm[0]
    places = np.argwhere(body.where("rib_right_2"))
    if len(places) == 0:
        return
    k, j, i = places[int(rng.integers(len(places)))]
    j = max(0, int(j - 14 / spacing))
    reach = max(1, round(9 / spacing))
    box = (slice(k, k + reach), slice(j, j + max(1, reach // 2)), slice(i, i + reach))
    density[box] = np.where(body.labels[box] > 0, 1800.0, density[box])


def _streaks(
    density: NDArray[np.float32],
    metal: NDArray[np.bool_],
    rng: np.random.Generator,
    *,
    strength: float,
) -> None:
    """Bright and dark rays in the slices that hold metal."""
    shape = density.shape[1:]
    y, x = np.mgrid[: shape[0], : shape[1]]
    for k in np.flatnonzero(metal.any(axis=(1, 2))):
        j, i = np.argwhere(metal[k]).mean(axis=0)
        angle = np.arctan2(y - j, x - i)
        distance = np.hypot(y - j, x - i)
        waves = sum(np.cos(n * angle + rng.uniform(0, 2 * np.pi)) for n in (2, 5, 9, 14))
        rays = strength * waves / 2 * np.exp(-distance / 18.0)
        density[k] += np.where(metal[k], 0, rays).astype(np.float32)
