"""A bundle's second network, which draws finer what the first one drew coarsely.

Beside `network_def` a bundle's configs/inference.json may hold `fine_def`, one of MONAI's networks.
It sees the bundle's own channels and after them the probabilities that the first network gives, all
on a grid whose voxels are a whole part of the first one's, and what it puts out is added to the
logarithm of those probabilities: it says what has to change, and at first nothing. models/fine.pt
holds its weights; metadata.json describes it under `oligocount.fine`: `parts` (voxels along an edge
of a coarse one), `divisor`, `slab` and `margin` (coarse slices drawn at a time, and seen at either
end beside them), `sha256`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.errors import BundleMismatch, InferenceError
from oligocount.inference.bundle import checked, load_weights, read_json, read_metadata
from oligocount.inference.device import half_precision
from oligocount.inference.network import build_network

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
    device: torch.device

    def predict(self, channels: Array, coarse: Array) -> Array:
        """Probabilities (K, k, j, i) on the fine grid for those on the coarse one.

        `channels` (C, k, j, i) lie on the fine grid. The body is drawn slab by slab, each of `slab`
        coarse slices with `margin` more at either end, so that memory stays small. Raises
        InferenceError when a slab fails.
        """
        out = np.empty((len(coarse), *channels.shape[1:]), np.float32)
        slices = coarse.shape[1]
        for start in range(0, slices, self.slab):
            stop = min(start + self.slab, slices)
            first, last = max(0, start - self.margin), min(slices, stop + self.margin)
            seen, own = self._fine(first, last), self._fine(start - first, stop - first)
            drawn = self._slab(channels[:, seen], coarse[:, first:last])
            out[:, self._fine(start, stop)] = drawn[:, own]
        return out

    def _fine(self, start: int, stop: int) -> slice:
        return slice(start * self.parts, stop * self.parts)

    @torch.inference_mode()
    def _slab(self, channels: Array, coarse: Array) -> Array:
        images, chances = (
            torch.from_numpy(np.ascontiguousarray(each))[None] for each in (channels, coarse)
        )
        both = torch.cat([images, spread(chances, self.parts)], dim=1)
        k, j, i = both.shape[2:]
        padding = [n for side in (i, j, k) for n in (0, -side % self.divisor)]
        both = torch.nn.functional.pad(both, padding, mode="replicate")
        try:
            with half_precision(self.device):
                raw = self.corrected.to(self.device)(both.to(self.device))
            return torch.softmax(raw[0, :, :k, :j, :i].float(), dim=0).cpu().numpy()
        except (RuntimeError, torch.OutOfMemoryError) as error:
            raise InferenceError(
                f"fine network failed on {(k, j, i)} voxels, {self.device}: {error}"
            ) from error


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
