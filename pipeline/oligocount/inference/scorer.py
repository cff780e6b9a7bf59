"""A scorer: small networks that turn a row of features into a probability, kept in a bundle.

Beside `network_def` a bundle's configs/inference.json may hold `scorer_def`, one of MONAI's
networks on rows; models/scorer.pt holds the weights of several of them and the scaling of the
rows; metadata.json describes it under `oligocount.scorer`: `features` (the columns), `members`,
`sha256`, `slope` and `intercept` that calibrate the mean logit
(Platt 1999), and `min_probability`, below which a candidate is no lesion.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.errors import BundleMismatch
from oligocount.inference.bundle import existing, read_json, read_metadata
from oligocount.inference.network import build_network

KEY = "scorer_def"
FILE = "scorer.pt"
FARTHEST = 4.0  # deviations: a row beyond what training saw says no more than its edge


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scorer:
    """Networks that agree on a probability; `centre` and `spread` scale each feature.

    A candidate less probable than `min_probability` is no lesion.
    """

    features: tuple[str, ...]
    members: tuple[torch.nn.Module, ...]
    centre: torch.Tensor
    spread: torch.Tensor
    slope: float
    intercept: float
    min_probability: float

    @torch.inference_mode()
    def logits(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """The members' mean log odds (n,) for rows (n, F), not calibrated."""
        if not len(rows):
            return np.zeros(0)
        scaled = scale(torch.from_numpy(rows), self.centre, self.spread)
        said = torch.stack([member(scaled)[:, 0] for member in self.members])
        mean: NDArray[np.float64] = said.mean(dim=0).double().numpy()
        return mean

    def chances(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities (n,) for rows (n, F)."""
        chances: NDArray[np.float64] = 1 / (
            1 + np.exp(-(self.slope * self.logits(rows) + self.intercept))
        )
        return chances


def scale(rows: torch.Tensor, centre: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    """Rows in deviations from the training's mean, none beyond `FARTHEST`."""
    return ((rows - centre) / spread).clamp(-FARTHEST, FARTHEST)


def load_scorer(folder: Path, *, trusted: bool = False) -> Scorer | None:
    """The scorer of the bundle in `folder`, its weights checked, or None where it holds none.

    Raises BundleNotFound, BundleMismatch as load_bundle does.
    """
    held = read_metadata(folder).scorer
    if held is None:
        return None
    weights = existing(folder / "models" / FILE)
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    try:
        if found != held["sha256"]:
            raise BundleMismatch(f"{weights}: expected sha256 {held['sha256']}, found {found}")
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
            prefix = f"{number}."
            own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
            network.load_state_dict(own)
            members.append(network.eval())
    except (RuntimeError, AttributeError, UnpicklingError, EOFError) as error:
        raise BundleMismatch(
            f"{weights}: does not fit the scorer of its config: {error}"
        ) from error
    return Scorer(
        features=tuple(held["features"]),
        members=tuple(members),
        centre=state["centre"],
        spread=state["spread"],
        slope=float(held["slope"]),
        intercept=float(held["intercept"]),
        min_probability=float(held["min_probability"]),
    )
