"""Fits the scorer of lesions on rows of candidates: a few small networks and a forest.

Other rows calibrate it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.inference.network import build_network
from oligocount.inference.scorer import KEY, Scorer, encode
from oligocount.learn.calibrate import fit_calibration
from oligocount.learn.forest_training import ForestSettings, grow_forest


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSettings:
    """How the members learn. Each feature is encoded in `bins` of equal share.

    `hidden_share` of the features are hidden from each row, so that none is trusted alone. Of the
    spots of `strain_min_ml` and more in muscle that are no lesion, `strain_share` are learned from.
    """

    members: int = 4
    bins: int = 4
    hidden: tuple[int, ...] = (256, 64)
    dropout: float = 0.4
    steps: int = 3000
    batch: int = 512
    learning_rate: float = 2e-3
    weight_decay: float = 5e-2
    hidden_share: float = 0.05
    strain_min_ml: float = 5.0
    strain_share: float = 1.0
    seed: int = 0
    forest: ForestSettings = field(default_factory=ForestSettings)


def scorer_config(n_features: int, settings: ScorerSettings) -> dict[str, Any]:
    """MONAI's network of one member, as a bundle's config carries it."""
    return {
        "_target_": "FullyConnectedNet",
        "in_channels": n_features * settings.bins,
        "out_channels": 1,
        "hidden_channels": list(settings.hidden),
        "dropout": settings.dropout,
        "act": "PRELU",
    }


def fit_scorer(
    rows: NDArray[np.float32],
    is_lesion: NDArray[np.bool_],
    features: Sequence[str],
    settings: ScorerSettings,
) -> Scorer:
    """A scorer that learned from these rows; each member sees another draw of them.

    Raises ConfigError without scikit-learn.
    """
    forest = grow_forest(rows, is_lesion, settings.forest)
    shares = np.linspace(0, 1, settings.bins + 1)
    edges = torch.from_numpy(np.quantile(rows, shares, axis=0).astype(np.float32))
    inputs, target = encode(torch.from_numpy(rows), edges), torch.from_numpy(is_lesion).float()
    members = [
        _member(inputs, target, settings, np.random.default_rng((settings.seed, number)))
        for number in range(settings.members)
    ]
    return Scorer(
        features=tuple(features), members=tuple(members), edges=edges,
        forest=forest,
        slope=1.0, intercept=0.0, min_probability=0.5,
        strain_share=settings.strain_share, strain_min_ml=settings.strain_min_ml,
    )  # fmt: skip


def calibrated(
    scorer: Scorer, logits: NDArray[np.float64], hits: Sequence[bool], *, min_probability: float
) -> Scorer:
    """The scorer with the slope and intercept that fit logits of rows it did not learn from."""
    slope, intercept = fit_calibration(logits[:, None], hits)
    return replace(
        scorer, slope=float(slope), intercept=float(intercept), min_probability=min_probability
    )


def _member(
    inputs: torch.Tensor, target: torch.Tensor, settings: ScorerSettings, rng: np.random.Generator
) -> torch.nn.Module:
    torch.manual_seed(int(rng.integers(2**31)))
    n_features = inputs.shape[1] // settings.bins
    config = {KEY: scorer_config(n_features, settings)}
    network = build_network(config, name="scorer", trusted=False, key=KEY).train()
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    drawn = rng.integers(len(inputs), size=len(inputs))  # bagging (Breiman 1996)
    for step in range(settings.steps):
        share = 0.5 * (1 + math.cos(math.pi * step / settings.steps))
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * max(share, 0.02)
        chosen = torch.from_numpy(drawn[rng.integers(len(drawn), size=settings.batch)])
        shown = torch.rand(len(chosen), 1, n_features) >= settings.hidden_share
        batch = (inputs[chosen].view(-1, settings.bins, n_features) * shown).flatten(1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            network(batch)[:, 0], target[chosen]
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
        optimiser.step()
    return network.eval()
