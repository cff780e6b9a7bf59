"""Lesions of any size at any site, planted into a sample while it is drawn for training."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from oligocount.learn.appearance import blur


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSettings:
    """What is planted: sizes up to 300 ml and every site, as reality has them and more.

    A lesion of `uneven_from_mm` and more in radius is uneven: its uptake varies by up to
    `unevenness` (standard deviation of the logarithm) in patches of `patch_mm`; in the four real
    sarcomas of IBSI's collection, blur and rim included, it is 0.28 to 0.69.
    """

    mean_count: float = 2.0
    radius_median_mm: float = 11.0
    radius_gsd: float = 1.9
    radius_range_mm: tuple[float, float] = (3.5, 50.0)
    suv_median: float = 7.0
    suv_gsd: float = 1.8
    suv_range: tuple[float, float] = (2.5, 45.0)
    cold_core_share: float = 0.2
    uneven_from_mm: float = 12.0
    unevenness: float = 0.6
    patch_mm: tuple[float, float] = (4.0, 12.0)
    min_contrast: float = 2.0
    soft_tissue_hu: float = 40.0


def plant_lesions(
    suv: torch.Tensor,
    ct: torch.Tensor,
    lesions: torch.Tensor,
    allowed: torch.Tensor,
    *,
    spacing_mm: float,
    rng: np.random.Generator,
    settings: PlantSettings,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """SUV, HU and lesion mask with some lesions more, centred where `allowed` is True.

    A lesion that would not stand out from its surroundings by `min_contrast` is left out.
    """
    places = torch.nonzero(allowed)
    if len(places) == 0:
        return suv, ct, lesions
    suv, ct, lesions = suv.clone(), ct.clone(), lesions.clone()
    for _ in range(min(8, rng.poisson(settings.mean_count))):
        centre = places[int(rng.integers(len(places)))].numpy()
        _plant_one(suv, ct, lesions, centre, spacing_mm, rng, settings)
    return suv, ct, lesions


def numbered(lesions: NDArray[np.integer], planted: torch.Tensor) -> NDArray[np.int32]:
    """Instance numbers of lesions, the connected ones of a mask of planted lesions after them."""
    extra, _ = ndimage.label(planted.numpy() > 0)
    out = lesions.astype(np.int32)
    new = (extra > 0) & (out == 0)
    out[new] = extra[new] + int(out.max(initial=0))
    return out


def _plant_one(
    suv: torch.Tensor,
    ct: torch.Tensor,
    lesions: torch.Tensor,
    centre: np.ndarray,
    spacing_mm: float,
    rng: np.random.Generator,
    settings: PlantSettings,
) -> None:
    radius = float(np.clip(lognormal(rng, settings.radius_median_mm, settings.radius_gsd),
                           *settings.radius_range_mm))  # fmt: skip
    peak = float(np.clip(lognormal(rng, settings.suv_median, settings.suv_gsd),
                         *settings.suv_range))  # fmt: skip
    low, high, box = about(centre, radius / spacing_mm, suv.shape)
    shape = blob(low, high, centre, radius / spacing_mm, rng)
    inside = shape > 0.5
    if not inside.any() or peak < settings.min_contrast * float(suv[box][inside].mean()):
        return
    filling = shape
    is_large = radius > settings.uneven_from_mm
    if is_large and rng.random() < settings.cold_core_share:
        core = blob(low, high, centre, 0.55 * radius / spacing_mm, rng)
        filling = shape * (1 - rng.uniform(0.5, 0.95) * core)
    filling = blur(filling, rng.uniform(2.2, 3.6) / spacing_mm)
    spread = rng.uniform(0.03, settings.unevenness) if is_large else 0.03
    texture = _texture(shape, rng.uniform(*settings.patch_mm) / spacing_mm, spread, rng)
    suv[box] = suv[box] * (1 - filling.clamp(max=1)) + peak * filling * texture
    density = settings.soft_tissue_hu + rng.normal(0, 20)
    ct[box] = torch.where(ct[box] > 150, ct[box], ct[box] * (1 - shape) + density * shape)
    lesions[box] = torch.maximum(lesions[box], inside.to(lesions.dtype))


def _texture(
    shape: torch.Tensor, patch: float, spread: float, rng: np.random.Generator
) -> torch.Tensor:
    """Factors about 1 in patches of some voxels, the logarithm's deviation being `spread`."""
    return torch.exp(spread * _patches(tuple(shape.shape), patch, rng))


def _patches(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> torch.Tensor:
    """Smooth noise of deviation 1 in patches of some voxels."""
    noise = blur(torch.from_numpy(rng.normal(size=shape).astype(np.float32)), size)
    return noise / (noise.std() + 1e-6)


def about(
    centre: np.ndarray, radius: float, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, tuple[slice, ...]]:
    """First and end (k, j, i) of a box about an uneven ball of `radius` voxels, and the box."""
    reach = int(np.ceil(1.6 * radius)) + 2
    low, high = np.maximum(centre - reach, 0), np.minimum(centre + reach + 1, shape)
    return low, high, tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def blob(
    low: np.ndarray, high: np.ndarray, centre: np.ndarray, radius: float, rng: np.random.Generator
) -> torch.Tensor:
    """An uneven ellipsoid, 1 inside and 0 outside with an edge of one voxel."""
    stretch = np.exp(rng.normal(0, 0.2, 3))
    stretch = stretch / np.cbrt(stretch.prod())
    axes = [
        (np.arange(a, b) - c) / s for a, b, c, s in zip(low, high, centre, stretch, strict=True)
    ]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    distance = np.sqrt(k * k + j * j + i * i)
    bumps = _patches(distance.shape, 2.0, rng) * 0.15 * radius
    return (radius - torch.from_numpy(distance.astype(np.float32)) + bumps + 0.5).clamp(0, 1)


def lognormal(rng: np.random.Generator, median: float, gsd: float) -> float:
    """A draw whose logarithm is normal."""
    return float(median * np.exp(rng.normal(0, np.log(gsd))))
