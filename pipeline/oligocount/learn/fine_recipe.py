"""Trains the fine network of an organ bundle, from a fresh start, a resume or the bundle's own."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from oligocount.errors import ConfigError
from oligocount.inference.bundle import load_bundle
from oligocount.inference.fine import Corrected, load_fine
from oligocount.inference.network import build_network
from oligocount.learn.export import copy_bundle, write_fine
from oligocount.learn.fine_task import PARTS, FineSettings, fine_draws
from oligocount.learn.losses import organ_loss
from oligocount.learn.networks import FINE_DIVISOR, fine_network
from oligocount.learn.samples import draw_samples, read_sample
from oligocount.learn.tasks import IMAGE_CHANNELS
from oligocount.learn.training import LoopSettings, Run, train

ORGANS_FINE = "organs_fine"
_AT_A_TIME = {"slab": 24, "margin": 4}  # coarse slices


def train_fine(
    samples: Path,
    start: Path,
    work: Path,
    out: Path,
    *,
    loop: LoopSettings,
    device: torch.device,
    version: str,
    settings: FineSettings,
) -> Run:
    """The bundle `start` lies in `out` with a fine network; the checkpoint in `work` is taken up.

    `samples` lie on the fine grid: half the spacing of the bundle's network. Raises ConfigError for
    a bundle whose network sees other images than ours.
    """
    coarse = load_bundle(start, device=device)
    metadata = coarse.metadata
    if metadata.channels != IMAGE_CHANNELS:
        raise ConfigError(f"{start}: a fine network needs a bundle that sees {IMAGE_CHANNELS}")
    torch.manual_seed(loop.seed)
    definition = fine_network(len(metadata.channels), len(metadata.classes))
    stream = draw_samples((samples,), np.random.default_rng(loop.seed))
    run = train(
        _begun(start, definition, len(metadata.classes)),
        fine_draws(stream, coarse, settings),
        organ_loss,
        checkpoint=work / f"{ORGANS_FINE}.pt",
        settings=loop,
        device=device,
    )
    copy_bundle(start, out)
    write_fine(
        out,
        {key.removeprefix("network."): value for key, value in run.average.items()},
        definition,
        version=version,
        facts={
            "parts": PARTS,
            "divisor": FINE_DIVISOR,
            **_AT_A_TIME,
            "logit_adjustment": logit_adjustment(samples, metadata.classes, settings),
        },
        notes=f"{run.step} steps in {run.seconds / 60:.0f} minutes.",
    )
    return run


def logit_adjustment(samples: Path, classes: Sequence[str], settings: FineSettings) -> list[float]:
    """A share of the logarithm of each class's size in the samples, their mean taken off.

    The loss weighs a voxel of a small class more, so that the network draws small classes too
    large; this takes part of that back (Menon et al. 2021, arXiv 2007.07314). What lies in muscle
    and is hot in health has muscle's: where it is drawn too small, its rim is a hot spot that
    nothing explains.
    """
    size = np.ones(len(classes))
    for file in sorted(samples.glob("*.npz")):
        organs = read_sample(file).organs
        if organs is not None:
            size += np.bincount(organs.ravel(), minlength=len(classes))
    logs = settings.adjust * np.log(size)
    for name in set(settings.as_muscle) & set(classes):
        logs[classes.index(name)] = logs[classes.index("muscle")]
    adjustment: list[float] = (logs - logs.mean()).round(3).tolist()
    return adjustment


def _begun(start: Path, definition: dict[str, object], classes: int) -> Corrected:
    """The bundle's own fine network, or a fresh one that changes nothing yet."""
    held = load_fine(start, device=torch.device("cpu"))
    if held is not None:
        return held.corrected
    network = build_network({"network_def": definition}, name=ORGANS_FINE, trusted=False)
    last = [each for each in network.modules() if isinstance(each, torch.nn.Conv3d)][-1]
    torch.nn.init.zeros_(last.weight)
    if last.bias is not None:
        torch.nn.init.zeros_(last.bias)
    return Corrected(network, classes)
