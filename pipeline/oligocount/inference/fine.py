"""A bundle's second network, which draws finer what the first one drew coarsely.

Beside `network_def` a bundle's configs/inference.json may hold `fine_def`, one of MONAI's networks.
It sees the bundle's own channels and after them the probabilities that the first network gives, all
on a grid whose voxels are a whole part of the first one's, and what it puts out is added to the
logarithm of those probabilities: it says what has to change, and at first nothing. models/fine.pt
holds its weights; metadata.json describes it under `oligocount.fine`: `parts` (voxels along an edge
of a coarse one), `divisor`, `slab` and `margin` (coarse slices drawn at a time, and seen at either
end beside them), `sha256`, and where the bundle wants one `logit_adjustment`: a number for each
class, added to its raw output.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.errors import BundleMismatch
from oligocount.inference.bundle import activated, checked, load_weights, read_json, read_metadata
from oligocount.inference.network import build_network
from oligocount.inference.slabs import by_slabs
from oligocount.inference.window import run_network

KEY = "fine_def"
FILE = "fine.pt"
_FLOOR = 0.003  # added to a probability before its logarithm: an eight-bit probability's step
Array = NDArray[np.float32]


class Corrected(torch.nn.Module):
    """A network that corrects probabilities; they are the last channels of what it sees."""

    def __init__(self, network: torch.nn.Module, classes: int) -> None:
        super().__init__()
        self.network = network
        self.classes = classes

    def forward(self, channels: torch.Tensor) -> torch.Tensor:
        """Raw output (1, K, k, j, i) for channels (1, C + K, k, j, i): its softmax is meant."""
        output: torch.Tensor = self.network(channels)
        return output + torch.log(channels[:, -self.classes :] + _FLOOR)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FineNetwork:
    """The second network, ready to run. `parts` of its voxels lie along an edge of a coarse one."""

    corrected: Corrected
    parts: int
    divisor: int
    slab: int
    margin: int
    bytes_per_voxel: int
    device: torch.device
    logit_adjustment: tuple[float, ...] = ()

    def predict(self, channels: Array, coarse: Array) -> Array:
        """Probabilities (K, k, j, i) on the fine grid for those on the coarse one.

        `channels` (C, k, j, i) lie on the fine grid. The body is drawn slab by slab, each of `slab`
        coarse slices with `margin` more at either end, so that memory stays small. Raises
        InferenceError when a slab fails.
        """

        def draw(slices: slice) -> Array:
            fine = slice(slices.start * self.parts, slices.stop * self.parts)
            return self._slab(channels[:, fine], coarse[:, slices])

        return by_slabs(draw, coarse.shape[1], slab=self.slab, margin=self.margin, parts=self.parts)

    def _slab(self, channels: Array, coarse: Array) -> Array:
        chances = spread(torch.from_numpy(np.ascontiguousarray(coarse))[None], self.parts)
        raw = run_network(
            self.corrected,
            np.concatenate([channels, chances[0].numpy()]),
            device=self.device,
            divisor=self.divisor,
            bytes_per_voxel=self.bytes_per_voxel,
        )
        if self.logit_adjustment:
            raw += np.array(self.logit_adjustment, np.float32)[:, None, None, None]
        return activated(raw, "softmax")


def spread(chances: torch.Tensor, parts: int) -> torch.Tensor:
    """Probabilities (1, K, k, j, i) on voxels a whole part as large, interpolated linearly."""
    return torch.nn.functional.interpolate(
        chances, scale_factor=parts, mode="trilinear", align_corners=False
    )


def load_fine(folder: Path, *, device: torch.device, trusted: bool = False) -> FineNetwork | None:
    """The fine network of the bundle in `folder`, its weights checked, or None: it holds none.

    Raises BundleNotFound, BundleMismatch as load_bundle does.
    """
    metadata = read_metadata(folder)
    if metadata.fine is None:
        return None
    network = build_network(
        read_json(folder / "configs" / "inference.json"), name=folder.name, trusted=trusted, key=KEY
    )
    try:
        load_weights(network, checked(folder / "models" / FILE, metadata.fine["sha256"]))
        return FineNetwork(
            corrected=Corrected(network, len(metadata.classes)).eval(),
            device=device,
            bytes_per_voxel=metadata.bytes_per_voxel,
            logit_adjustment=_adjustment(metadata.fine, len(metadata.classes)),
            **{
                key: _positive(metadata.fine, key) for key in ("parts", "divisor", "slab", "margin")
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleMismatch(
            f"{folder}: fine network in metadata is not complete: {error!r}"
        ) from error


def _positive(held: Mapping[str, Any], key: str) -> int:
    number = int(held[key])
    if number < 1:
        raise ValueError(f"{key} is {number}")
    return number


def _adjustment(held: Mapping[str, Any], classes: int) -> tuple[float, ...]:
    numbers = tuple(float(one) for one in held.get("logit_adjustment", ()))
    if len(numbers) not in (0, classes):
        raise ValueError(f"{len(numbers)} in logit_adjustment for {classes} classes")
    return numbers
