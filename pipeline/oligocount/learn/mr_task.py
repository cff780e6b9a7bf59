"""What an MR network learns: lesions of the brain or the liver on the simulator's MR, made anew.

A sample's structures get the signals that the simulator gives them, each drawn apart, so that one
phantom is an MR of another protocol at every view.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.inference.channels import ADC_SCALE, tissue_level
from oligocount.learn.mr_looks import MrLooks, look, plant, plant_outside
from oligocount.learn.samples import Sample
from oligocount.learn.warp import WarpSettings, random_grid, sample_at
from oligocount.simulate.mr import MrPart, shown_around, structure_signal

_ADC = "adc"
_LEAST_ORGAN_VOXELS = 200
_TURNED_MM = 16.0  # what an examination turned by 8 degrees may show beyond its margin


@dataclass(frozen=True, slots=True, kw_only=True)
class MrTask:
    """Which part, on which series and grid; `mimics` are signals that are no lesion's."""

    part: MrPart
    series: tuple[str, ...]
    spacing_mm: float
    mimics: tuple[tuple[float, ...], ...]
    side: int = 40
    views: int = 8
    warp: WarpSettings = field(default_factory=lambda: WarpSettings(elastic_sd_voxels=0.6))
    looks: MrLooks = field(default_factory=MrLooks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """What one examination shows of a sample: structure numbers and lesions, on the sample's grid.

    `target` holds the lesions of the organ itself, `lesions` all of them.
    """

    spacing_mm: float
    organs: NDArray[np.uint8]
    organ: NDArray[np.bool_]
    lesions: NDArray[np.bool_]
    target: NDArray[np.bool_]


def mr_fields(
    samples: Iterator[Sample], task: MrTask, network_names: Sequence[str]
) -> Iterator[Field]:
    """What an examination shows of each sample that holds the organ, `views` times."""
    number = network_names.index(task.part.value) + 1
    structures, margin_mm = shown_around(task.part)
    for sample in samples:
        if sample.organs is None or sample.lesions is None:
            continue
        organ = sample.organs == number
        if (organ & (sample.lesions == 0)).sum() < _LEAST_ORGAN_VOXELS:
            continue
        around = [network_names.index(name) + 1 for name in structures]
        places = np.argwhere(np.isin(sample.organs, around))
        pad = round((margin_mm + _TURNED_MM) / sample.spacing_mm)
        low = np.maximum(places.min(axis=0) - pad, 0)
        box = tuple(slice(a, b) for a, b in zip(low, places.max(axis=0) + pad + 1, strict=True))
        lesions = sample.lesions[box]
        inside = lesions[organ[box]]
        sizes = np.bincount(lesions.ravel())
        own = np.flatnonzero(2 * np.bincount(inside, minlength=len(sizes)) > sizes)
        shown = Field(
            spacing_mm=sample.spacing_mm,
            organs=sample.organs[box].astype(np.uint8),
            organ=organ[box],
            lesions=lesions > 0,
            target=np.isin(lesions, own[own > 0]),
        )
        for _ in range(task.views):
            yield shown


def mr_draw(
    fields: Iterator[Field],
    rng: np.random.Generator,
    task: MrTask,
    network_names: Sequence[str],
) -> tuple[torch.Tensor, torch.Tensor]:
    """One channel a series (1, C, k, j, i) and the mask of the organ's lesions (1, 1, k, j, i)."""
    shown, looks = next(fields), task.looks
    side = (task.side,) * 3
    step = task.spacing_mm / shown.spacing_mm
    grid = random_grid(shown.organs.shape, side, _centre(shown, rng), rng, task.warp, step=step)
    organ = _moved(shown.organ, grid) > 0.5
    target = (_moved(shown.target, grid) > 0.5) & organ
    clean = [_clean(shown, series, rng, looks, network_names) for series in task.series]
    images = torch.stack([sample_at(torch.from_numpy(one), grid, nearest=False, outside=0.0)
                          for one in clean])  # fmt: skip
    healthy = shown.organ & ~shown.lesions
    own = np.array([float(np.median(one[healthy])) for one in clean])
    sick = own * [structure_signal("lesion", each) / structure_signal(task.part.value, each)
                  for each in task.series]  # fmt: skip
    tissue = _moved(shown.organs > 0, grid) > 0.5
    images = plant_outside(images, organ, tissue, sick, spacing_mm=task.spacing_mm, rng=rng,
                           looks=looks)  # fmt: skip
    for mimic in task.mimics:
        count = int(rng.poisson(looks.mean_mimics / len(task.mimics)))
        plant(images, organ & ~target, own * mimic, count=count, spacing_mm=task.spacing_mm,
              rng=rng, looks=looks)  # fmt: skip
    planted = plant(images, organ, sick, count=int(rng.poisson(looks.mean_planted)),
                    spacing_mm=task.spacing_mm, rng=rng, looks=looks)  # fmt: skip
    channels = [
        _channel(look(image, signal, is_adc=series == _ADC, rng=rng, looks=looks), one,
                 is_adc=series == _ADC, rng=rng, looks=looks)
        for image, signal, series, one in zip(images, own, task.series, clean, strict=True)
    ]  # fmt: skip
    return torch.stack(channels)[None], (target | planted).float()[None, None]


def _centre(shown: Field, rng: np.random.Generator) -> tuple[float, float, float]:
    """A voxel of a lesion, of the organ or of the tissue about it."""
    choice = rng.random()
    wanted = shown.organ if choice < 0.6 else (shown.organs > 0) & ~shown.organ
    if choice < 0.35 and shown.target.any():
        wanted = shown.target
    places = np.flatnonzero(wanted if wanted.any() else shown.organ)
    place = np.unravel_index(places[rng.integers(len(places))], wanted.shape)
    k, j, i = np.array(place, float) + rng.uniform(-3, 3, 3)
    return float(k), float(j), float(i)


def _clean(
    shown: Field,
    series: str,
    rng: np.random.Generator,
    looks: MrLooks,
    network_names: Sequence[str],
) -> NDArray[np.float32]:
    """The signal of every structure in the field, each drawn apart; air is 0."""
    spread = looks.adc_sd if series == _ADC else looks.structure_sd
    table = [structure_signal(name, series) for name in network_names]
    lookup = np.array([0.0, *table]) * np.exp(rng.normal(0, spread, len(table) + 1))
    signal = lookup.astype(np.float32)[shown.organs]
    sick = structure_signal("lesion", series) * np.exp(rng.normal(0, spread))
    signal[shown.lesions] = sick
    return signal


def _moved(mask: NDArray[np.bool_], grid: torch.Tensor) -> torch.Tensor:
    return sample_at(torch.from_numpy(mask.astype(np.float32)), grid, nearest=False, outside=0.0)


def _channel(
    image: torch.Tensor,
    whole: NDArray[np.float32],
    *,
    is_adc: bool,
    rng: np.random.Generator,
    looks: MrLooks,
) -> torch.Tensor:
    """As the whole examination would be normalised, which the window does not show."""
    if is_adc:
        return image / ADC_SCALE
    mean, deviation = tissue_level(whole)
    level = float(np.exp(rng.normal(0, looks.level_sd)))
    shift = float(rng.normal(0, looks.level_sd))
    return (image - mean) / max(deviation, 1e-6) * level + shift
