"""Weights as a MONAI bundle: metadata in MONAI's schema, our part of it, half-precision weights."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import monai
import numpy as np
import torch

from oligocount.errors import PublishError
from oligocount.inference.fine import FILE as FINE_FILE
from oligocount.inference.fine import KEY as FINE_KEY
from oligocount.inference.scorer import FILE as SCORER_FILE
from oligocount.inference.scorer import KEY as SCORER_KEY
from oligocount.inference.scorer import Scorer

_SCHEMA = (
    "https://github.com/Project-MONAI/MONAI-extra-test-data/releases/download/0.8.1/"
    "meta_schema_20240725.json"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFacts:
    """What a bundle says of its network, the version and the weights left out."""

    name: str
    task: str
    spacing_mm: float
    channels: tuple[str, ...]
    classes: tuple[str, ...]
    activation: str
    bytes_per_voxel: int
    settings: Mapping[str, Any]
    divisor: int = 16


def write_bundle(
    folder: Path,
    facts: BundleFacts,
    *,
    config: Mapping[str, Any],
    weights: Mapping[str, torch.Tensor],
    version: str,
    notes: str,
) -> None:
    """A whole bundle lies in `folder`; model card and licence there stay. Raises PublishError."""
    try:
        for part in ("configs", "models"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        digest = _save_halves(folder / "models" / "model.pt", weights)
        _write_json(folder / "configs" / "inference.json", config)
        metadata = _metadata(facts, digest=digest, version=version, notes=notes)
        _write_json(folder / "configs" / "metadata.json", metadata)
    except OSError as error:
        raise PublishError(f"{folder}: bundle cannot be written: {error}") from error


def replace_weights(
    folder: Path,
    weights: Mapping[str, torch.Tensor],
    config: Mapping[str, Any],
    facts: BundleFacts,
    *,
    version: str,
    notes: str,
) -> None:
    """The first network of the bundle in `folder` is another; scorer and fine network stay.

    Its thresholds are those of `facts`: they belong to the weights. Raises as write_bundle does.
    """
    inference, metadata = (folder / "configs" / f"{n}.json" for n in ("inference", "metadata"))
    held, known = (json.loads(file.read_text("utf-8")) for file in (metadata, inference))
    write_bundle(
        folder, facts, config={**known, **config}, weights=weights, version=version, notes=notes
    )
    content = json.loads(metadata.read_text("utf-8"))
    content["changelog"] = {**held["changelog"], **content["changelog"]}
    kept = {k: v for k, v in held["oligocount"].items() if k in ("scorer", "fine")}
    content["oligocount"] |= kept
    _write_json(metadata, content)


def write_scorer(
    folder: Path,
    scorer: Scorer,
    definition: Mapping[str, Any],
    *,
    version: str,
    more: Mapping[str, Any],
) -> None:
    """The scorer lies in the bundle in `folder` beside its network, under a new version.

    `more` is told beside it in the metadata. Raises PublishError.
    """
    try:
        file = folder / "models" / SCORER_FILE
        torch.save(scorer.state(), file)
        held = {
            "features": list(scorer.features),
            "members": len(scorer.members),
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "slope": round(scorer.slope, 4),
            "intercept": round(scorer.intercept, 4),
            "min_probability": scorer.min_probability,
            "strain_share": scorer.strain_share,
            "strain_min_ml": scorer.strain_min_ml,
            **more,
        }
        _add(folder, "scorer", held, SCORER_KEY, definition, version=version,
             change="A scorer of spots beside the voxel network.")  # fmt: skip
    except OSError as error:
        raise PublishError(f"{folder}: scorer cannot be written: {error}") from error


def write_fine(
    folder: Path,
    weights: Mapping[str, torch.Tensor],
    definition: Mapping[str, Any],
    *,
    version: str,
    facts: Mapping[str, Any],
    notes: str,
) -> None:
    """The fine network lies in the bundle in `folder` beside its network, under a new version.

    `facts` are those that inference.fine names. Raises PublishError.
    """
    try:
        held = {**facts, "sha256": _save_halves(folder / "models" / FINE_FILE, weights)}
        _add(folder, "fine", held, FINE_KEY, definition, version=version,
             change=f"A fine network beside the first. {notes}")  # fmt: skip
    except OSError as error:
        raise PublishError(f"{folder}: fine network cannot be written: {error}") from error


def copy_bundle(start: Path, out: Path) -> None:
    """The bundle in `start` lies in `out` too, which may be the same folder."""
    if out.resolve() != start.resolve():
        shutil.copytree(start, out, dirs_exist_ok=True)


def _save_halves(file: Path, weights: Mapping[str, torch.Tensor]) -> str:
    """The weights lie in the file in half precision; returns its checksum."""
    torch.save({key: value.detach().cpu().half() for key, value in weights.items()}, file)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _add(
    folder: Path,
    part: str,
    held: Mapping[str, Any],
    key: str,
    definition: Mapping[str, Any],
    *,
    version: str,
    change: str,
) -> None:
    """The bundle in `folder` tells of one more network."""
    config = folder / "configs" / "inference.json"
    _write_json(config, {**json.loads(config.read_text("utf-8")), key: definition})
    metadata = folder / "configs" / "metadata.json"
    content = json.loads(metadata.read_text("utf-8"))
    content["version"] = version
    content["changelog"][version] = change
    content["oligocount"][part] = held
    _write_json(metadata, content)


def update_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    """The bundle's own settings (thresholds, calibration) are replaced; weights stay."""
    file = folder / "configs" / "metadata.json"
    content = json.loads(file.read_text("utf-8"))
    content["oligocount"]["settings"] = dict(settings)
    _write_json(file, content)


def _metadata(facts: BundleFacts, *, digest: str, version: str, notes: str) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "version": version,
        "changelog": {version: notes},
        "monai_version": monai.__version__,
        "pytorch_version": torch.__version__.split("+")[0],
        "numpy_version": np.__version__,
        "required_packages_version": {},
        "name": facts.name,
        "task": facts.task,
        "description": f"{facts.task}. {notes} Research use; not a medical device.",
        "authors": "oligocount contributors",
        "copyright": "Apache-2.0",
        "network_data_format": {
            "inputs": {
                "image": _format("magnitude", facts.channels, facts.divisor, [-1, 9]),
            },
            "outputs": {
                "pred": _format("segmentation", facts.classes, facts.divisor, []),
            },
        },
        "oligocount": {
            "spacing_mm": [facts.spacing_mm] * 3,
            "channels": list(facts.channels),
            "classes": list(facts.classes),
            "activation": facts.activation,
            "divisor": facts.divisor,
            "bytes_per_voxel": facts.bytes_per_voxel,
            "sha256": digest,
            "settings": dict(facts.settings),
        },
    }


def _format(
    kind: str, names: tuple[str, ...], divisor: int, value_range: list[int]
) -> dict[str, Any]:
    return {
        "type": "image",
        "format": kind,
        "num_channels": len(names),
        "spatial_shape": [f"{divisor}*n"] * 3,
        "dtype": "float32",
        "value_range": value_range,
        "is_patch_data": False,
        "channel_def": {str(n): name for n, name in enumerate(names)},
    }


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    partial.rename(file)
