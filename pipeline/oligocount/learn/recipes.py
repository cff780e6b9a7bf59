"""Training one of our networks from folders of samples, from a fresh start, a resume or weights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.inference.bundle import load_bundle
from oligocount.inference.network import build_network
from oligocount.learn.export import BundleFacts, write_bundle
from oligocount.learn.losses import lesion_loss, organ_loss
from oligocount.learn.mr_looks import MrLooks
from oligocount.learn.mr_task import MrTask, mr_draw, mr_fields
from oligocount.learn.networks import (
    LESION_SPACING_MM,
    ORGAN_SPACING_MM,
    lesion_network,
    mr_network,
    organ_network,
)
from oligocount.learn.samples import Sample, draw_samples
from oligocount.learn.tasks import (
    IMAGE_CHANNELS,
    LESION_CHANNELS,
    TaskSettings,
    lesion_draw,
    organ_draw,
)
from oligocount.learn.training import Draw, LoopSettings, Loss, Run, start, train
from oligocount.learn.warp import WarpSettings
from oligocount.simulate.mr import MrPart

ORGANS, LESIONS, MR_BRAIN, MR_LIVER = "organs_ct", "fdg_lesions", "mr_brain", "mr_liver"
_VIEWS = 2  # reading a whole body costs about as much as a step
_UNCALIBRATED = {
    "voxel_threshold": 0.5,
    "focus_threshold": 0.5,
    "calibration": {"slope": 1.0, "uptake_slope": 0.0, "intercept": 0.0},
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recipe:
    """All that tells one network's training from another's.

    `samples` is the folder of the samples that it learns from, below those of all networks; `draws`
    makes of a stream of them what the loop draws from.
    """

    name: str
    samples: str
    config: dict[str, object]
    facts: BundleFacts
    loss: Loss
    draws: Callable[[Iterator[Sample]], Draw]


def organ_recipe() -> Recipe:
    """The organ network: whole body, every class of configs/anatomy/organs.yaml `network`."""
    names = load_vocabulary().network
    task = TaskSettings(
        max_window_voxels=300_000,
        window_range=(48, 128),
        warp=WarpSettings(mirror_share=0.0),  # which side a liver lies on is worth knowing
    )
    return Recipe(
        name=ORGANS,
        samples="organs",
        config=organ_network(len(names) + 1),
        facts=BundleFacts(
            name=ORGANS,
            task="organs on FDG PET/CT, either image optional",
            spacing_mm=ORGAN_SPACING_MM,
            channels=IMAGE_CHANNELS,
            classes=("outside", *names),
            activation="softmax",
            bytes_per_voxel=1400,
            settings={},
        ),
        loss=organ_loss,
        draws=lambda stream: partial(organ_draw, stream, settings=task),
    )


def lesion_recipe() -> Recipe:
    """The lesion network: PET, CT where there is one, and an organ map."""
    task = TaskSettings(max_window_voxels=120_000, window_range=(48, 48))
    names = load_vocabulary().network
    return Recipe(
        name=LESIONS,
        samples="lesions",
        config=lesion_network(),
        facts=BundleFacts(
            name=LESIONS,
            task="FDG-avid lesions on PET with optional CT and organ map",
            spacing_mm=LESION_SPACING_MM,
            channels=LESION_CHANNELS,
            classes=("lesion",),
            activation="sigmoid",
            bytes_per_voxel=500,
            settings=_UNCALIBRATED,
            divisor=8,
        ),
        loss=lesion_loss,
        draws=lambda stream: partial(lesion_draw, stream, settings=task, network_names=names),
    )


def mr_recipe(name: str) -> Recipe:
    """The network of the brain's or the liver's lesions on MR, on the simulator's own sequences."""
    task = _MR_TASKS[name]
    names = load_vocabulary().network
    part = task.part.value
    return Recipe(
        name=name,
        samples="lesions",
        config=mr_network(len(task.series)),
        facts=BundleFacts(
            name=name,
            task=f"lesions of the {part} on synthetic MR ({', '.join(task.series)})",
            spacing_mm=task.spacing_mm,
            channels=tuple(f"mr_{each}" for each in task.series),
            classes=("lesion",),
            activation="sigmoid",
            bytes_per_voxel=900,
            settings={"voxel_threshold": 0.5, "region": part, "trained_on": "synthetic MR only"},
        ),
        loss=lesion_loss,
        draws=lambda stream: partial(
            mr_draw, mr_fields(stream, task, names), task=task, network_names=names
        ),
    )


# Mimics, as multiples of the organ's own signal: fluid, vessel, a scar of white matter; cyst,
# vessel, haemangioma.
_MR_TASKS = {
    MR_BRAIN: MrTask(
        part=MrPart.BRAIN,
        series=("t1_contrast", "flair"),
        spacing_mm=2.0,
        mimics=((0.5, 0.25), (1.9, 0.3), (0.9, 1.6)),
    ),
    MR_LIVER: MrTask(
        part=MrPart.LIVER,
        series=("t2", "adc"),
        spacing_mm=3.0,
        mimics=((4.0, 2.3), (0.4, 1.4), (2.5, 1.8)),
        looks=MrLooks(radius_median_mm=9.0, radius_range_mm=(3.5, 40.0)),
    ),
}


def train_recipe(
    recipe: Recipe,
    samples: tuple[Path, ...],
    work: Path,
    *,
    loop: LoopSettings,
    device: torch.device,
    from_bundle: Path | None = None,
) -> Run:
    """Train until the minutes of `loop` are spent; the checkpoint in `work` is taken up again.

    `from_bundle` gives the first weights when there is no checkpoint yet (fine-tuning).
    """
    torch.manual_seed(loop.seed)
    network = build_network({"network_def": recipe.config}, name=recipe.name, trusted=False)
    if from_bundle is not None:
        start_weights = load_bundle(from_bundle, device=torch.device("cpu")).network.state_dict()
        network.load_state_dict(start_weights)
    checkpoint = work / f"{recipe.name}.pt"
    stream = draw_samples(samples, np.random.default_rng(loop.seed), views=_VIEWS)
    return train(
        network,
        recipe.draws(stream),
        recipe.loss,
        checkpoint=checkpoint,
        settings=loop,
        device=device,
    )


def export_recipe(recipe: Recipe, work: Path, folder: Path, *, version: str, notes: str) -> None:
    """The averaged weights of a checkpoint as a MONAI bundle in `folder`."""
    network = build_network({"network_def": recipe.config}, name=recipe.name, trusted=False)
    run = start(network, work / f"{recipe.name}.pt", LoopSettings(minutes=1))
    write_bundle(
        folder,
        recipe.facts,
        config={"network_def": recipe.config},
        weights=run.average,
        version=version,
        notes=f"{notes} {run.step} steps in {run.seconds / 60:.0f} minutes.",
    )
