"""What the fine organ network learns: slabs of a varied body, with what the first network says."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from oligocount.anatomy.calm import without_hot_foci
from oligocount.inference.bundle import Bundle
from oligocount.inference.fine import spread
from oligocount.learn.appearance import AppearanceSettings, blur
from oligocount.learn.samples import Sample
from oligocount.learn.tasks import (
    TaskSettings,
    View,
    Window,
    body_box,
    image_channels,
    view_of,
    without_one,
)
from oligocount.learn.training import Draw
from oligocount.learn.wall import WallSettings, nearer_to_the_wall
from oligocount.learn.warp import WarpSettings

PARTS = 2  # fine voxels along an edge of a coarse one
_STEP = 16  # every side of a view and of a slab is a multiple (voxels)
_SMOOTHING = 0.5  # fine voxels: images are smoothed as much before they are made coarse


@dataclass(frozen=True, slots=True, kw_only=True)
class FineSettings:
    """How bodies are varied, and which parts of each are learned from.

    Of each varied body `slabs` are taken: stretches at its full width of `max_voxels`, in
    `box_share` of the draws a box of `box_sides` voxels instead. `short_share` of the bodies are
    shorter scans. Hot foci are taken out of the uptake as `anatomy.calm_mm` does it in use. What is
    learned is adjusted by `adjust` of the logarithm of each class's size, that of `as_muscle` by
    muscle's.
    """

    calm_mm: float
    slabs: int = 3
    max_voxels: int = 250_000
    box_share: float = 0.25
    box_sides: tuple[int, int] = (48, 80)
    short_share: float = 0.4
    adjust: float = 0.25
    as_muscle: tuple[str, ...] = ("head_glands",)
    wall: WallSettings = field(default_factory=WallSettings)
    view: TaskSettings = field(
        default_factory=lambda: TaskSettings(
            max_window_voxels=0,
            window_range=(0, 0),
            drop_ct=0.3,
            warp=WarpSettings(mirror_share=0.0, elastic_sd_voxels=2.4),
            appearance=AppearanceSettings(pet_noise_max=0.35, ct_noise_max_hu=70.0),
        )
    )


def fine_draws(samples: Iterator[Sample], coarse: Bundle, settings: FineSettings) -> Draw:
    """Draws of channels (1, C + K, k, j, i) and organ numbers (1, k, j, i) on the fine grid."""
    waiting: list[tuple[torch.Tensor, torch.Tensor]] = []

    def draw(rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        if not waiting:
            waiting.extend(_slabs(varied_body(next(samples), rng, settings), coarse, rng, settings))
        return waiting.pop()

    return draw


def varied_body(sample: Sample, rng: np.random.Generator, settings: FineSettings) -> View:
    """A whole body, or a shorter scan of it, varied; CT or SUV may be taken away."""
    chosen = settings.view
    sample = nearer_to_the_wall(sample, rng, settings.wall)
    view = view_of(sample, _whole_window(sample, rng, settings), rng, chosen)
    if view.suv is not None:
        calm = without_hot_foci(view.suv.numpy(), (sample.spacing_mm,) * 3, settings.calm_mm)
        view = replace(view, suv=torch.from_numpy(calm))
    return without_one(view, rng, drop_ct=chosen.drop_ct, drop_suv=chosen.drop_suv)


def made_coarse(view: View) -> View:
    """The view on voxels `PARTS` times as large, as a scan is brought onto the coarse grid."""
    nothing = torch.zeros([n // PARTS for n in view.organs.shape])
    suv, ct = (None if one is None else coarsened(one) for one in (view.suv, view.ct))
    return View(suv=suv, ct=ct, organs=nothing, lesions=nothing)


def coarsened(image: torch.Tensor) -> torch.Tensor:
    """An image (k, j, i) on voxels `PARTS` times as large."""
    smooth = blur(image, _SMOOTHING)[None, None]
    return torch.nn.functional.avg_pool3d(smooth, PARTS)[0, 0]


def _whole_window(sample: Sample, rng: np.random.Generator, settings: FineSettings) -> Window:
    low, high = body_box(sample)
    size = [int(np.ceil((b - a + 9) / _STEP)) * _STEP for a, b in zip(low, high, strict=True)]
    if rng.random() < settings.short_share:
        size[0] = int(rng.integers(min(5, size[0] // _STEP), size[0] // _STEP + 1)) * _STEP
    slack = max(0.0, high[0] - low[0] - size[0]) / 2
    k, j, i = (low + high) / 2 + rng.normal(0, 2, 3)
    return (size[0], size[1], size[2]), (float(k + rng.uniform(-slack, slack)), float(j), float(i))


def _slabs(
    view: View, coarse: Bundle, rng: np.random.Generator, settings: FineSettings
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    said = coarse.predict(torch.stack(image_channels(made_coarse(view))).numpy())
    channels, chances = torch.stack(image_channels(view)), torch.from_numpy(said)
    for _ in range(settings.slabs):
        size = _slab_size(view.organs.shape, rng, settings)
        at = [
            int(rng.integers(0, (whole - part) // PARTS + 1)) * PARTS
            for whole, part in zip(view.organs.shape, size, strict=True)
        ]
        fine = tuple(slice(a, a + n) for a, n in zip(at, size, strict=True))
        under = tuple(slice(one.start // PARTS, one.stop // PARTS) for one in fine)
        below = spread(chances[(slice(None), *under)][None], PARTS)
        yield (
            torch.cat([channels[(slice(None), *fine)][None], below], dim=1),
            view.organs[fine].long()[None],
        )


def _slab_size(
    shape: torch.Size, rng: np.random.Generator, settings: FineSettings
) -> tuple[int, int, int]:
    if rng.random() < settings.box_share:
        least, most = (side // _STEP for side in settings.box_sides)
        k, j, i = (min(n, int(rng.integers(least, most + 1)) * _STEP) for n in shape)
        return k, j, i
    slices = settings.max_voxels // (shape[1] * shape[2]) // _STEP * _STEP
    return max(_STEP, min(shape[0], slices)), shape[1], shape[2]
