"""What each network learns: how a sample becomes one input and one target."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.inference.channels import intensity_channel
from oligocount.learn.appearance import AppearanceSettings, cut_off, vary_ct, vary_suv
from oligocount.learn.planting import PlantSettings, plant_lesions
from oligocount.learn.samples import Sample
from oligocount.learn.warp import WarpSettings, random_grid, sample_at

AIR_HU = -1000.0
IMAGE_CHANNELS = ("suv_log", "ct_wide", "ct_soft", "has_suv", "has_ct")
_VESSELS = (
    "aorta|pulmonary_artery|arteries_neck|veins_thoracic|inferior_vena_cava"
    "|portal_vein_and_splenic_vein"
)
GROUPS = (
    "brain",
    "skull",
    "head_glands",
    "thyroid_gland",
    "trachea",
    "esophagus",
    "lung",
    "heart",
    _VESSELS,
    "liver",
    "gallbladder",
    "spleen",
    "stomach",
    "pancreas",
    "small_bowel|colon",
    "kidney",
    "adrenal_gland",
    "urinary_bladder|prostate",
    "vertebrae|sacrum",
    "rib|sternum|clavicula|scapula|humerus|hip|femur",
    "muscle",
)
LESION_CHANNELS = (*IMAGE_CHANNELS, *(f"organs:{group}" for group in GROUPS), "has_organs")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """How samples are varied, and how large a window one step sees (voxels)."""

    max_window_voxels: int
    window_range: tuple[int, int]
    drop_ct: float = 0.5
    drop_suv: float = 0.2
    cut_ct: float = 0.25
    small_field: float = 0.15
    small_window: tuple[int, int] = (16, 48)
    drop_organs: float = 0.25
    drop_group: float = 0.08
    warp: WarpSettings = field(default_factory=WarpSettings)
    appearance: AppearanceSettings = field(default_factory=AppearanceSettings)
    plant: PlantSettings = field(default_factory=PlantSettings)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """One varied window of a sample, as tensors (k, j, i)."""

    suv: torch.Tensor | None
    ct: torch.Tensor | None
    organs: torch.Tensor
    lesions: torch.Tensor


def organ_draw(
    samples: Iterator[Sample], rng: np.random.Generator, settings: TaskSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Image channels (1, 5, k, j, i) and organ numbers (1, k, j, i)."""
    sample = next(samples)
    view = view_of(sample, _body_window(sample, rng, settings), rng, settings)
    view = without_one(view, rng, drop_ct=settings.drop_ct, drop_suv=settings.drop_suv)
    return torch.stack(image_channels(view))[None], view.organs.long()[None]


def lesion_draw(
    samples: Iterator[Sample],
    rng: np.random.Generator,
    settings: TaskSettings,
    network_names: Sequence[str],
) -> tuple[torch.Tensor, torch.Tensor]:
    """Image and organ channels (1, C, k, j, i) and the lesion mask (1, 1, k, j, i)."""
    sample = next(samples)
    view = view_of(sample, _focus_window(sample, rng, settings), rng, settings)
    view = without_one(view, rng, drop_ct=settings.drop_ct, drop_suv=0.0)
    groups = _group_channels(view.organs, network_names, rng, settings)
    channels = torch.stack([*image_channels(view), *groups])
    return channels[None], (view.lesions > 0).float()[None, None]


Window = tuple[tuple[int, int, int], tuple[float, float, float]]


def _body_window(sample: Sample, rng: np.random.Generator, settings: TaskSettings) -> Window:
    """A stretch of the body at its full width, sometimes a small box: size and centre in voxels."""
    low, high = body_box(sample)
    if rng.random() < settings.small_field:
        least, most = settings.small_window
        size = [int(n) // 16 * 16 for n in rng.integers(least, most + 1, 3)]
        k, j, i = _place_in_body(sample, rng)
        return (size[0], size[1], size[2]), (float(k), float(j), float(i))
    width = [int(np.clip(np.ceil((high[n] - low[n] + 4) / 16) * 16, 32, 96)) for n in (1, 2)]
    most = settings.max_window_voxels // (width[0] * width[1])
    length = int(rng.integers(settings.window_range[0], settings.window_range[1] + 1))
    length = max(16, min(length, most) // 16 * 16)
    slack = max(0, (high[0] - low[0]) - length) / 2
    middle = (low + high) / 2 + rng.normal(0, 2, 3)
    centre_k = middle[0] + rng.uniform(-slack - 4, slack + 4)
    return (length, width[0], width[1]), (float(centre_k), float(middle[1]), float(middle[2]))


def _focus_window(sample: Sample, rng: np.random.Generator, settings: TaskSettings) -> Window:
    """A cube about a lesion, a hot voxel or any voxel of the body."""
    side = settings.window_range[0]
    if sample.lesions is None or sample.suv is None:
        raise ValueError("a sample for lesions needs SUV and lesions")
    choice = rng.random()
    if choice < 0.4 and sample.lesions.any():
        wanted = sample.lesions > 0
    elif choice < 0.7 and (sample.suv > 2.5).any():
        wanted = sample.suv > 2.5
    else:
        wanted = sample.suv > 0.2
    places = np.flatnonzero(wanted)
    if not len(places):
        places = np.arange(sample.suv.size)
    place = np.array(np.unravel_index(places[rng.integers(len(places))], sample.shape), float)
    k, j, i = place + rng.uniform(-side / 4, side / 4, 3)
    return (side, side, side), (float(k), float(j), float(i))


def _place_in_body(sample: Sample, rng: np.random.Generator) -> NDArray[np.intp]:
    body = sample.organs if sample.organs is not None else sample.suv
    places = np.zeros((1, 3), np.intp) if body is None or not body.any() else np.argwhere(body > 0)
    chosen: NDArray[np.intp] = places[int(rng.integers(len(places)))]
    return chosen


def body_box(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest voxel (k, j, i) of the body."""
    body = sample.organs if sample.organs is not None else sample.suv
    if body is None:
        return np.zeros(3), np.array(sample.shape, float)
    where = np.argwhere(body > 0)
    return where.min(axis=0).astype(float), where.max(axis=0).astype(float)


def view_of(
    sample: Sample, window: Window, rng: np.random.Generator, settings: TaskSettings
) -> View:
    """The window of the sample, bent, with uptake, density, noise and lesions drawn anew."""
    grid = random_grid(sample.shape, *window, rng, settings.warp)

    def moved(array: np.ndarray | None, *, nearest: bool, outside: float) -> torch.Tensor | None:
        if array is None:
            return None
        tensor = torch.from_numpy(array.astype(np.float32))
        return sample_at(tensor, grid, nearest=nearest, outside=outside)

    suv = moved(sample.suv, nearest=False, outside=0.0)
    ct = moved(sample.ct, nearest=False, outside=AIR_HU)
    organs = moved(sample.organs, nearest=True, outside=0.0)
    lesions = moved(sample.lesions, nearest=True, outside=0.0)
    organs = torch.zeros(window[0]) if organs is None else organs
    lesions = torch.zeros(window[0]) if lesions is None else lesions
    if suv is not None:
        density = torch.zeros(window[0]) if ct is None else ct
        allowed = (suv > 0.15) & (organs != _BRAIN)
        suv, density, lesions = plant_lesions(
            suv, density, lesions, allowed, spacing_mm=sample.spacing_mm, rng=rng,
            settings=settings.plant,
        )  # fmt: skip
        suv = vary_suv(suv, organs, rng, settings.appearance)
        ct = None if ct is None else density
    if ct is not None:
        ct = vary_ct(ct, organs, rng, settings.appearance)
        if rng.random() < settings.cut_ct:
            ct = cut_off(ct, rng, spacing_mm=sample.spacing_mm, outside=AIR_HU)
    return View(suv=suv, ct=ct, organs=organs, lesions=lesions)


_BRAIN = 2  # its place in `network` of configs/anatomy/organs.yaml, counted from 1


def without_one(view: View, rng: np.random.Generator, *, drop_ct: float, drop_suv: float) -> View:
    """The view with CT or SUV taken away by chance, never both."""
    if view.suv is not None and rng.random() < drop_ct:
        return View(suv=view.suv, ct=None, organs=view.organs, lesions=view.lesions)
    if view.ct is not None and rng.random() < drop_suv:
        return View(suv=None, ct=view.ct, organs=view.organs, lesions=view.lesions)
    return view


def image_channels(view: View) -> list[torch.Tensor]:
    """The channels `IMAGE_CHANNELS` (k, j, i) of what the view holds."""
    empty = torch.zeros(view.organs.shape)
    channels = []
    for name in IMAGE_CHANNELS:
        image = view.suv if name in ("suv_log", "has_suv") else view.ct
        if image is None:
            channels.append(empty)
        elif name.startswith("has_"):
            channels.append(empty + 1)
        else:
            channels.append(torch.from_numpy(intensity_channel(name, image.numpy())))
    return channels


def _group_channels(
    organs: torch.Tensor,
    network_names: Sequence[str],
    rng: np.random.Generator,
    settings: TaskSettings,
) -> list[torch.Tensor]:
    """What an imperfect organ map would say: bent at its borders, with groups missing."""
    shape = (organs.shape[0], organs.shape[1], organs.shape[2])
    if rng.random() < settings.drop_organs:
        return [torch.zeros(shape)] * (len(GROUPS) + 1)
    bend = WarpSettings(
        scale_sd=0.02,
        anisotropy_sd=0.02,
        angle_sd_deg=1.0,
        elastic_sd_voxels=1.5,
        elastic_nodes=9,
        mirror_share=0.0,
    )
    centre = tuple((n - 1) / 2 for n in shape)
    grid = random_grid(shape, shape, centre, rng, bend)  # type: ignore[arg-type]
    bent = sample_at(organs, grid, nearest=True, outside=0.0)
    channels = []
    for held in groups_of(network_names):
        inside = held[bent.long()]
        channels.append(inside * float(rng.random() >= settings.drop_group))
    return [*channels, torch.ones(shape)]


def groups_of(network_names: Sequence[str]) -> torch.Tensor:
    """Which class numbers of the organ network (0 = outside) each of GROUPS holds: (G, K) of 0, 1.

    A group names structures, or how their names begin, as a bundle's channels do.
    """
    names = ("outside", *network_names)
    return torch.tensor(
        [
            [float(any(f"{name}_".startswith(f"{n}_") for n in group.split("|"))) for name in names]
            for group in GROUPS
        ]
    )
