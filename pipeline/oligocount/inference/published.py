"""Bundles of MONAI's model zoo that segment CT, as `wholeBody_ct_segmentation` does.

Their config names a network and the steps before it; of those steps the kind that this bundle
takes is done here: turned to RAS, resampled, intensities normalised over what is not zero, then
scaled to -1..1. `models/model_lowres.pt` (3 mm) is taken where it is, else `models/model.pt`
(1.5 mm), as the bundle's own `highres` switch does.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.domain.provenance import ModelInfo
from oligocount.errors import BundleMismatch, BundleNotFound, InferenceError
from oligocount.inference.network import build_network

_WEIGHTS = (("model_lowres.pt", 3.0), ("model.pt", 1.5))
_TILE, _MARGIN = 96, 16  # the bundle's window; labels count in its inner part alone
_DIVISOR = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublishedBundle:
    """A network of the model zoo, ready to label a CT."""

    network: torch.nn.Module
    classes: Mapping[int, str]
    spacing_mm: float
    model: ModelInfo
    device: torch.device

    @torch.inference_mode()
    def label(self, ct_hu: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The most probable class of each voxel of a CT (k up, j posterior, i left).

        Windows overlap by a third and each gives its inner part, so that probabilities of a
        hundred classes never lie in memory for the whole body.
        """
        turned = ct_hu[:, ::-1, ::-1].transpose(2, 1, 0)  # RAS, the axes of training
        image = torch.from_numpy(np.ascontiguousarray(normalised(turned)))
        labels = np.zeros(image.shape, np.uint8)
        network = self.network.to(self.device).eval()
        step = _TILE - 2 * _MARGIN
        for start in product(*(range(0, n, step) for n in image.shape)):
            _label_tile(network, image, labels, start, self.device)
        return np.ascontiguousarray(labels.transpose(2, 1, 0)[:, ::-1, ::-1])


def is_published_bundle(folder: Path) -> bool:
    """True for a bundle that names the channels of a CT segmentation and is none of ours."""
    content = _metadata(folder)
    image = content.get("network_data_format", {}).get("inputs", {}).get("image", {})
    return "oligocount" not in content and image.get("modality") == "CT"


def load_published_bundle(folder: Path, *, device: torch.device) -> PublishedBundle:
    """The bundle in a folder. Raises BundleNotFound without weights, BundleMismatch otherwise."""
    content = _metadata(folder)
    try:
        told = content["network_data_format"]["outputs"]["pred"]["channel_def"]
        classes = {int(label): str(name) for label, name in told.items() if int(label)}
        config = json.loads((folder / "configs" / "inference.json").read_text("utf-8"))
    except (OSError, KeyError, ValueError, AttributeError) as error:
        raise BundleMismatch(f"{folder}: is no bundle of a CT segmentation: {error!r}") from error
    network = build_network(config, name=folder.name, trusted=False)
    for name, spacing in _WEIGHTS:
        file = folder / "models" / name
        if file.is_file():
            _load(network, file)
            return PublishedBundle(
                network=network,
                classes=classes,
                spacing_mm=spacing,
                model=ModelInfo(
                    name=folder.name,
                    version=str(content.get("version", "unknown")),
                    sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
                ),
                device=device,
            )
    raise BundleNotFound(
        f"{folder / 'models'}: expected model_lowres.pt or model.pt; fetch the weights as the "
        "bundle's README says (oligocount downloads nothing)"
    )


def normalised(ct_hu: NDArray[np.float32]) -> NDArray[np.float32]:
    """Zero mean and unit deviation over voxels that are not 0 HU, then scaled to -1..1.

    As MONAI's NormalizeIntensity(nonzero=True) and ScaleIntensity(-1, 1).
    """
    image = ct_hu.astype(np.float32)
    some = image != 0
    if some.any():
        deviation = float(image[some].std())
        image[some] = (image[some] - image[some].mean()) / (deviation or 1.0)
    low, high = float(image.min()), float(image.max())
    scaled: NDArray[np.float32] = (image - low) / ((high - low) or 1.0) * 2 - 1
    return scaled


def _label_tile(
    network: torch.nn.Module,
    image: torch.Tensor,
    labels: NDArray[np.uint8],
    start: tuple[int, ...],
    device: torch.device,
) -> None:
    """Label the part of the grid that begins at `start` and is a window less its margins long."""
    inner = [
        slice(a, min(a + _TILE - 2 * _MARGIN, n)) for a, n in zip(start, labels.shape, strict=True)
    ]
    outer = [
        slice(max(0, one.start - _MARGIN), min(n, one.stop + _MARGIN))
        for one, n in zip(inner, labels.shape, strict=True)
    ]
    tile = image[tuple(outer)][None, None].to(device)
    pads = [n for size in reversed(tile.shape[2:]) for n in (0, -size % _DIVISOR)]
    try:
        output = network(torch.nn.functional.pad(tile, pads, mode="replicate"))
    except (RuntimeError, torch.OutOfMemoryError) as error:
        raise InferenceError(
            f"network failed on a window of {tuple(tile.shape)}: {error}"
        ) from error
    found = output[0].argmax(dim=0).to("cpu", torch.uint8).numpy()
    own = tuple(
        slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True)
    )
    labels[tuple(inner)] = found[own]


def _load(network: torch.nn.Module, file: Path) -> None:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        network.load_state_dict(state.get("model", state))
    except (RuntimeError, AttributeError, UnpicklingError, EOFError) as error:
        raise BundleMismatch(f"{file}: does not fit the network of its config: {error}") from error


def _metadata(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / "configs" / "metadata.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BundleNotFound(f"{folder}: has no configs/metadata.json: {error}") from error
    return content if isinstance(content, dict) else {}
