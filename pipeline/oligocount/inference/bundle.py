"""MONAI bundles: a folder with configs/metadata.json, configs/inference.json and models/model.pt.

`metadata.json` follows MONAI's schema; what oligocount needs besides stands under `oligocount`:
`spacing_mm`, `channels` (see channels.py), `classes`, `activation`, `divisor`, `bytes_per_voxel`,
`sha256` of the weights, and `settings` that the user of the output needs (thresholds, calibration).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.domain.provenance import ModelInfo
from oligocount.errors import BundleMismatch, BundleNotFound
from oligocount.inference.network import build_network
from oligocount.inference.window import run_network


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a bundle says of itself."""

    name: str
    version: str
    description: str
    sha256: str
    spacing_mm: tuple[float, float, float]
    channels: tuple[str, ...]
    classes: tuple[str, ...]
    activation: str
    divisor: int
    bytes_per_voxel: int
    settings: Mapping[str, Any]
    scorer: Mapping[str, Any] | None = None
    fine: Mapping[str, Any] | None = None

    @property
    def model(self) -> ModelInfo:
        """How results name this model."""
        return ModelInfo(name=self.name, version=self.version, sha256=self.sha256)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """A network ready to run, with its metadata."""

    metadata: Metadata
    network: torch.nn.Module
    device: torch.device

    def predict(
        self, channels: NDArray[np.float32], *, budget_bytes: int | None = None
    ) -> NDArray[np.float32]:
        """Probabilities (K, k, j, i) for channels (C, k, j, i) on the model's grid.

        Raises BundleMismatch for another number of channels, InferenceError when it fails.
        """
        expected = len(self.metadata.channels)
        if channels.ndim != 4 or channels.shape[0] != expected:
            raise BundleMismatch(
                f"bundle {self.metadata.name}: expected {expected} channels "
                f"{self.metadata.channels} as (C, k, j, i), found shape {channels.shape}"
            )
        raw = run_network(
            self.network,
            channels,
            device=self.device,
            divisor=self.metadata.divisor,
            bytes_per_voxel=self.metadata.bytes_per_voxel,
            budget_bytes=budget_bytes,
        )
        return activated(raw, self.metadata.activation)


def load_bundle(folder: Path, *, device: torch.device, trusted: bool = False) -> Bundle:
    """The bundle in a folder, its weights checked against the checksum in its metadata.

    A bundle whose config names nothing but one of MONAI's networks with plain arguments is data
    and loads as it is; any other config runs code when it is read, and needs `trusted`.

    Raises BundleNotFound for a missing file, BundleMismatch for one that is not as promised.
    """
    metadata = read_metadata(folder)
    weights = checked(folder / "models" / "model.pt", metadata.sha256)
    config = read_json(folder / "configs" / "inference.json")
    network = build_network(config, name=folder.name, trusted=trusted)
    load_weights(network, weights)
    return Bundle(metadata=metadata, network=network.eval(), device=device)


def checked(file: Path, sha256: str) -> Path:
    """The file, whose content must have that checksum. Raises BundleNotFound, BundleMismatch."""
    found = hashlib.sha256(existing(file).read_bytes()).hexdigest()
    if found != sha256:
        raise BundleMismatch(f"{file}: expected sha256 {sha256}, found {found}")
    return file


def load_weights(network: torch.nn.Module, weights: Path) -> None:
    """The network holds the weights of the file. Raises BundleMismatch where they do not fit."""
    try:
        state = torch.load(weights, map_location="cpu", weights_only=True)
        network.load_state_dict({key: value.float() for key, value in state.items()})
    except (RuntimeError, AttributeError, UnpicklingError, EOFError) as error:
        raise BundleMismatch(
            f"{weights}: does not fit the network of its config: {error}"
        ) from error


def read_metadata(folder: Path) -> Metadata:
    """A bundle's metadata. Raises BundleNotFound, BundleMismatch when a key is missing."""
    file = folder / "configs" / "metadata.json"
    content = read_json(file)
    try:
        own = content["oligocount"]
        k, j, i = own["spacing_mm"]
        return Metadata(
            name=str(content.get("name", folder.name)),
            version=str(content["version"]),
            description=str(content["description"]),
            sha256=str(own["sha256"]),
            spacing_mm=(float(k), float(j), float(i)),
            channels=tuple(own["channels"]),
            classes=tuple(own["classes"]),
            activation=str(own["activation"]),
            divisor=int(own["divisor"]),
            bytes_per_voxel=int(own["bytes_per_voxel"]),
            settings=dict(own.get("settings", {})),
            scorer=own.get("scorer"),
            fine=own.get("fine"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleMismatch(
            f"{file}: expected MONAI metadata with a part 'oligocount': {error!r}"
        ) from error


def activated(raw: NDArray[np.float32], activation: str) -> NDArray[np.float32]:
    """Probabilities (K, k, j, i) of a raw output, which is overwritten. Raises BundleMismatch."""
    if activation == "softmax":
        raw -= raw.max(axis=0, keepdims=True)
        np.exp(raw, out=raw)
        raw /= raw.sum(axis=0, keepdims=True)
        return raw
    if activation == "sigmoid":
        return (1 / (1 + np.exp(-raw))).astype(np.float32)
    raise BundleMismatch(f"activation {activation!r}: expected softmax or sigmoid")


def existing(file: Path) -> Path:
    """The file. Raises BundleNotFound when it is not there."""
    if not file.is_file():
        raise BundleNotFound(f"{file}: no such file; a bundle has configs/ and models/model.pt")
    return file


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object. Raises BundleNotFound, BundleMismatch."""
    try:
        content = json.loads(existing(file).read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BundleMismatch(f"{file}: cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise BundleMismatch(f"{file}: expected an object, found {type(content).__name__}")
    return content
