"""Random appearance of MR: thick slices, an uneven field, noise; lesions and what looks like them.

Wider than the simulator's own MR, so that a network learns what a lesion is made of on each
sequence rather than that anything uneven is one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from oligocount.learn.appearance import blur, normal
from oligocount.learn.planting import about, blob, lognormal

_THICKEST, _THINNEST_VOXELS = 0.3, 0.7  # of a vessel: share of half its length, and at least
Shape = Callable[[np.ndarray, np.ndarray, np.ndarray, float, np.random.Generator], torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class MrLooks:
    """How far an MR may vary. Shares are of the organ's own signal; `_sd` of logarithms."""

    structure_sd: float = 0.25
    lesion_sd: float = 0.25
    adc_sd: float = 0.1
    texture: float = 0.06
    blur_max_voxels: float = 0.8
    thick_most_voxels: int = 3
    field_sd: float = 0.15
    noise_range: tuple[float, float] = (0.005, 0.08)
    level_sd: float = 0.15
    radius_median_mm: float = 5.0
    radius_gsd: float = 1.7
    radius_range_mm: tuple[float, float] = (2.5, 25.0)
    mean_planted: float = 2.0
    mean_mimics: float = 2.0
    core_share: float = 0.25
    mean_nodes_outside: float = 3.0
    mean_vessels_outside: float = 2.0
    vessel_median_mm: float = 14.0


def plant(
    images: torch.Tensor,
    organ: torch.Tensor,
    signals: np.ndarray,
    *,
    count: int,
    spacing_mm: float,
    rng: np.random.Generator,
    looks: MrLooks,
    draw: Shape = blob,
) -> torch.Tensor:
    """Round things of the given signals (C,) laid into the images (C, k, j, i), where `organ` is.

    Returns the mask of what was laid; `images` are changed. Each has signals of its own, by
    `lesion_sd` about those given. `draw` gives another shape than a round one.
    """
    laid = torch.zeros(organ.shape, dtype=torch.bool)
    places = torch.nonzero(organ)
    for _ in range(count if len(places) else 0):
        centre = places[int(rng.integers(len(places)))].numpy()
        drawn = lognormal(rng, looks.radius_median_mm, looks.radius_gsd)
        radius = float(np.clip(drawn, *looks.radius_range_mm)) / spacing_mm
        low, high, box = about(centre, radius, organ.shape)
        shape = draw(low, high, centre, radius, rng)
        filling = shape
        if radius > 3 and rng.random() < looks.core_share:
            core = blob(low, high, centre, 0.55 * radius, rng)
            filling = shape * (1 - rng.uniform(0.3, 0.8) * core)
        own = signals * np.exp(rng.normal(0, looks.lesion_sd, len(signals)))
        for image, signal in zip(images, own, strict=True):
            image[box] = image[box] * (1 - filling) + float(signal) * filling
        laid[box] |= (shape > 0.5) & organ[box]
    return laid


def plant_outside(
    images: torch.Tensor,
    organ: torch.Tensor,
    tissue: torch.Tensor,
    signals: np.ndarray,
    *,
    spacing_mm: float,
    rng: np.random.Generator,
    looks: MrLooks,
) -> torch.Tensor:
    """The images (C, k, j, i) with nodes and vessels in `tissue` that look as lesions of the organ.

    What lies within `organ` stays as it is. They teach that place makes a lesion, not brightness.
    """
    beyond, around = images.clone(), tissue & ~organ
    plant(beyond, around, signals, count=int(rng.poisson(looks.mean_nodes_outside)),
          spacing_mm=spacing_mm, rng=rng, looks=looks)  # fmt: skip
    long = replace(looks, radius_median_mm=looks.vessel_median_mm, core_share=0.0)
    plant(beyond, around, signals, count=int(rng.poisson(looks.mean_vessels_outside)),
          spacing_mm=spacing_mm, rng=rng, looks=long, draw=vessel)  # fmt: skip
    return torch.where(organ, images, beyond)


def vessel(
    low: np.ndarray, high: np.ndarray, centre: np.ndarray, half: float, rng: np.random.Generator
) -> torch.Tensor:
    """A straight tube `half` voxels to either side, 1 inside and 0 outside, in any direction."""
    way = rng.normal(size=3)
    way /= np.linalg.norm(way)
    thick = max(_THINNEST_VOXELS, float(rng.uniform(0.1, _THICKEST)) * half)
    axes = [np.arange(a, b) - c for a, b, c in zip(low, high, centre, strict=True)]
    place = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    along = place @ way
    across = np.linalg.norm(place - along[..., None] * way, axis=-1)
    inside = np.minimum(thick - across, half - np.abs(along)) + 0.5
    return torch.from_numpy(inside.astype(np.float32)).clamp(0, 1)


def look(
    image: torch.Tensor, own: float, *, is_adc: bool, rng: np.random.Generator, looks: MrLooks
) -> torch.Tensor:
    """A clean MR (k, j, i) as a scanner might show it; `own` is the organ's signal."""
    texture = blur(normal(image, rng), float(rng.uniform(0.8, 2.0)))
    texture = texture / (texture.std() + 1e-6) * rng.uniform(0, looks.texture)
    image = blur(image * (1 + texture), float(rng.uniform(0, looks.blur_max_voxels)))
    image = _thick(image, int(rng.integers(1, looks.thick_most_voxels + 1)))
    level = own * rng.uniform(*looks.noise_range)
    if is_adc:
        return (image + level * normal(image, rng)).clamp(min=0)
    image = image * _field(image, rng, looks.field_sd)
    real, imaginary = (level * normal(image, rng) for _ in range(2))
    return torch.hypot(image + real, imaginary)


def _thick(image: torch.Tensor, voxels: int) -> torch.Tensor:
    """The image as slices this thick show it, drawn out again between them."""
    if voxels == 1:
        return image
    slices = torch.nn.functional.avg_pool3d(image[None, None], (voxels, 1, 1), ceil_mode=True)
    drawn = torch.nn.functional.interpolate(slices, image.shape, mode="trilinear")
    return drawn[0, 0]


def _field(image: torch.Tensor, rng: np.random.Generator, sd: float) -> torch.Tensor:
    nodes = torch.from_numpy(rng.normal(0, sd, (1, 1, 3, 3, 3)).astype(np.float32))
    smooth = torch.nn.functional.interpolate(
        nodes, image.shape, mode="trilinear", align_corners=True
    )
    return torch.exp(smooth[0, 0])
