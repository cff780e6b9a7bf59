"""A scorer: small networks and trees that turn a row of features into a probability, in a bundle.

Beside `network_def` a bundle's configs/inference.json may hold `scorer_def`, one of MONAI's
networks on encoded rows; models/scorer.pt holds the weights of several of them, the edges of the
encoding, and a forest; metadata.json describes it under `oligocount.scorer`: `features` (the
columns), `members`, `sha256`, `slope` and `intercept` that calibrate the mean logit of networks and
forest (Platt 1999), `min_probability`, below which a candidate is no lesion, and the share of
strained muscle that it learned from (`strain_share`, of spots above `strain_min_ml`; absent: all).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.errors import BundleMismatch
from oligocount.inference.bundle import checked, read_json, read_metadata
from oligocount.inference.forest import Forest
from oligocount.inference.network import build_network

KEY = "scorer_def"
FILE = "scorer.pt"
_FOREST = "forest."
_LEAST_WIDTH = 1e-6  # of a bin: a feature that hardly varies fills it at one step


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scorer:
    """Networks and a forest, each worth as much; `edges` (B + 1, F) are the bins of the networks.

    A candidate less probable than `min_probability` is no lesion. Of the spots of muscle above
    `strain_min_ml` that are none it learned from `strain_share`.
    """

    features: tuple[str, ...]
    members: tuple[torch.nn.Module, ...]
    edges: torch.Tensor
    forest: Forest
    slope: float
    intercept: float
    min_probability: float
    strain_share: float = 1.0
    strain_min_ml: float = 5.0

    def state(self) -> dict[str, torch.Tensor]:
        """All weights by name, as the bundle holds them."""
        parts = {f"{n}.": member.state_dict() for n, member in enumerate(self.members)}
        parts[_FOREST] = self.forest.state()
        named = {f"{part}{k}": v for part, held in parts.items() for k, v in held.items()}
        return {**{k: v.detach().cpu() for k, v in named.items()}, "edges": self.edges}

    @torch.inference_mode()
    def logits(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """The mean log odds (n,) of networks and forest for rows (n, F), not calibrated."""
        if not len(rows):
            return np.zeros(0)
        encoded = encode(torch.from_numpy(rows), self.edges)
        said = torch.stack([member(encoded)[:, 0] for member in self.members])
        mean: NDArray[np.float64] = said.mean(dim=0).double().numpy()
        return (mean + self.forest.logits(rows)) / 2

    def chances(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities (n,) for rows (n, F)."""
        chances: NDArray[np.float64] = 1 / (
            1 + np.exp(-(self.slope * self.logits(rows) + self.intercept))
        )
        return chances


def encode(rows: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
    """How full each bin of each feature is, 0 to 1: (n, F) with edges (B + 1, F) to (n, B x F).

    A piecewise linear encoding (Gorishniy, NeurIPS 2022): networks learn from it what trees learn
    from thresholds, and a row beyond what training saw says no more than its edge.
    """
    width = (edges[1:] - edges[:-1]).clamp(min=_LEAST_WIDTH)
    return ((rows[:, None] - edges[:-1]) / width).clamp(0, 1).flatten(1)


def load_scorer(folder: Path, *, trusted: bool = False) -> Scorer | None:
    """The scorer of the bundle in `folder`, its weights checked, or None where it holds none.

    Raises BundleNotFound, BundleMismatch as load_bundle does.
    """
    held = read_metadata(folder).scorer
    if held is None:
        return None
    try:
        weights = checked(folder / "models" / FILE, held["sha256"])
        return _built(folder, held, weights, trusted=trusted)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleMismatch(f"{folder}: scorer in metadata is not complete: {error!r}") from error


def _built(folder: Path, held: Mapping[str, Any], weights: Path, *, trusted: bool) -> Scorer:
    config = read_json(folder / "configs" / "inference.json")
    members = []
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        for number in range(int(held["members"])):
            network = build_network(config, name=folder.name, trusted=trusted, key=KEY)
            network.load_state_dict(_part(state, f"{number}."))
            members.append(network.eval())
    except (RuntimeError, AttributeError, UnpicklingError, EOFError) as error:
        raise BundleMismatch(
            f"{weights}: does not fit the scorer of its config: {error}"
        ) from error
    return Scorer(
        features=tuple(held["features"]),
        members=tuple(members),
        edges=state["edges"],
        forest=Forest.of(_part(state, _FOREST)),
        slope=float(held["slope"]),
        intercept=float(held["intercept"]),
        min_probability=float(held["min_probability"]),
        strain_share=float(held.get("strain_share", 1.0)),
        strain_min_ml=float(held.get("strain_min_ml", 5.0)),
    )


def _part(state: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
