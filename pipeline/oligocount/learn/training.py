"""The training loop: steps until time is up, an average of weights, checkpoints, resume."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from oligocount.errors import ModelError
from oligocount.inference.device import layout

_LOG = logging.getLogger(__name__)

Draw = Callable[[np.random.Generator], tuple[torch.Tensor, torch.Tensor]]
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How long and how fast to learn. The rate falls as a cosine over `minutes`."""

    minutes: float
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    average_decay: float = 0.995
    checkpoint_every_s: float = 120.0
    seed: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """What changes while training: weights, their average, the optimiser, steps and seconds."""

    network: torch.nn.Module
    average: dict[str, torch.Tensor]
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0


def train(
    network: torch.nn.Module,
    draw: Draw,
    loss: Loss,
    *,
    checkpoint: Path,
    settings: LoopSettings,
    device: torch.device,
) -> Run:
    """Train until `minutes` are spent, those of earlier runs on this checkpoint included.

    `draw` gives one input (1, C, k, j, i) and its target. Raises ModelError for a checkpoint of
    another network.
    """
    run = start(network.to(device), checkpoint, settings)
    rng = np.random.default_rng((settings.seed, run.step))
    began, saved, losses = time.monotonic() - run.seconds, time.monotonic(), []
    while run.seconds < settings.minutes * 60:
        losses.append(step(run, draw(rng), loss, settings, device))
        run.seconds = time.monotonic() - began
        if time.monotonic() - saved > settings.checkpoint_every_s:
            save(run, checkpoint)
            _LOG.info("step %d, %.0f s, loss %.4f", run.step, run.seconds, np.mean(losses))
            saved, losses = time.monotonic(), []
    save(run, checkpoint)
    return run


def start(network: torch.nn.Module, checkpoint: Path, settings: LoopSettings) -> Run:
    """A fresh run, or the one that the checkpoint holds."""
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    average = {key: value.detach().clone() for key, value in network.state_dict().items()}
    run = Run(network=network, average=average, optimiser=optimiser)
    if not checkpoint.is_file():
        return run
    try:
        held = torch.load(checkpoint, map_location="cpu", weights_only=True)
        network.load_state_dict(held["network"])
        run.average = {key: held["average"][key].to(value.device) for key, value in average.items()}
        optimiser.load_state_dict(held["optimiser"])
        run.step, run.seconds = int(held["step"]), float(held["seconds"])
    except (RuntimeError, KeyError, ValueError) as error:
        raise ModelError(f"{checkpoint}: not a checkpoint of this network: {error}") from error
    return run


def save(run: Run, checkpoint: Path) -> None:
    """The run lies in `checkpoint`, whole or not at all."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    partial = checkpoint.with_suffix(".partial")
    torch.save(
        {
            "network": run.network.state_dict(),
            "average": run.average,
            "optimiser": run.optimiser.state_dict(),
            "step": run.step,
            "seconds": run.seconds,
        },
        partial,
    )
    partial.rename(checkpoint)


def step(
    run: Run,
    batch: tuple[torch.Tensor, torch.Tensor],
    loss: Loss,
    settings: LoopSettings,
    device: torch.device,
) -> float:
    """One step on an input and its target, at the rate that `run.seconds` calls for; its loss."""
    share = min(1.0, run.seconds / (settings.minutes * 60))
    warm = min(1.0, (run.step + 1) / 50)
    for group in run.optimiser.param_groups:
        group["lr"] = (
            settings.learning_rate * warm * (0.02 + 0.49 * (1 + math.cos(math.pi * share)))
        )
    channels, target = batch[0].to(device, memory_format=layout(device)), batch[1].to(device)
    run.network.train()
    with torch.autocast(device.type, dtype=torch.bfloat16):
        output = run.network(channels)
    value = loss(output.float(), target)
    run.optimiser.zero_grad(set_to_none=True)
    value.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
    norm = torch.nn.utils.clip_grad_norm_(run.network.parameters(), 1.0)
    if torch.isfinite(norm):  # a window of nothing but air has no gradient in half precision
        run.optimiser.step()
    run.step += 1
    decay = min(settings.average_decay, run.step / (run.step + 10))
    for key, value_now in run.network.state_dict().items():
        if value_now.is_floating_point():
            run.average[key].lerp_(value_now.detach(), 1 - decay)
    return float(value.detach())
