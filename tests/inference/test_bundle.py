"""Bundles: what loads, what is refused, and what comes out."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from oligocount.errors import BundleMismatch, BundleNotFound
from oligocount.inference.bundle import load_bundle
from oligocount.inference.network import build_network

CPU = torch.device("cpu")
NETWORK = {
    "_target_": "SegResNet",
    "spatial_dims": 3,
    "init_filters": 8,
    "in_channels": 2,
    "out_channels": 3,
    "blocks_down": [1, 1],
    "blocks_up": [1],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A valid bundle with untrained weights; tests break one part of it."""
    bundle = tmp_path / "tiny"
    (bundle / "configs").mkdir(parents=True)
    (bundle / "models").mkdir()
    torch.manual_seed(0)
    network = build_network({"network_def": NETWORK}, name="tiny", trusted=False)
    state = {key: value.half() for key, value in network.state_dict().items()}
    torch.save(state, bundle / "models" / "model.pt")
    write_config(bundle, {"network_def": NETWORK})
    digest = hashlib.sha256((bundle / "models" / "model.pt").read_bytes()).hexdigest()
    metadata = {
        "version": "0.0.1",
        "description": "a test",
        "oligocount": {
            "sha256": digest,
            "spacing_mm": [8, 8, 8],
            "channels": ["suv_log", "has_suv"],
            "classes": ["background", "a", "b"],
            "activation": "softmax",
            "divisor": 2,
            "bytes_per_voxel": 1000,
        },
    }
    (bundle / "configs" / "metadata.json").write_text(json.dumps(metadata))
    return bundle


def write_config(bundle: Path, config: dict) -> None:
    (bundle / "configs" / "inference.json").write_text(json.dumps(config))


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_probabilities_sum_to_one_on_the_given_grid(folder: Path) -> None:
    probabilities = load_bundle(folder, device=CPU).predict(noise(2, 9, 10, 11))
    assert probabilities.shape == (3, 9, 10, 11)
    np.testing.assert_allclose(probabilities.sum(axis=0), 1, atol=1e-5)


def test_tiles_give_nearly_what_one_pass_gives(folder: Path) -> None:
    """Group norm sees only its tile, so the results agree loosely, not exactly."""
    bundle = load_bundle(folder, device=CPU)
    channels = noise(2, 40, 24, 24)
    whole = bundle.predict(channels)
    tiled = bundle.predict(channels, budget_bytes=1000 * 20 * 24 * 24)
    assert whole.shape == tiled.shape
    assert 0 < np.abs(whole - tiled).max() < 0.2


def test_weights_that_were_changed_are_refused(folder: Path) -> None:
    with (folder / "models" / "model.pt").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BundleMismatch, match="sha256"):
        load_bundle(folder, device=CPU)


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    write_config(folder, {"network_def": {**NETWORK, "out_channels": 4}})
    with pytest.raises(BundleMismatch, match="does not fit"):
        load_bundle(folder, device=CPU)


@pytest.mark.parametrize(
    "missing", ["configs/metadata.json", "configs/inference.json", "models/model.pt"]
)
def test_each_missing_file_is_named(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(BundleNotFound, match=Path(missing).name):
        load_bundle(folder, device=CPU)


def test_channels_of_another_number_are_refused(folder: Path) -> None:
    with pytest.raises(BundleMismatch, match="expected 2 channels"):
        load_bundle(folder, device=CPU).predict(noise(3, 8, 8, 8))


@pytest.mark.parametrize(
    "definition",
    [
        {"_target_": "subprocess.check_output", "args": ["true"]},
        {"_target_": "os.system", "command": "true"},
        {**NETWORK, "init_filters": "$8"},
        {**NETWORK, "norm": {"_target_": "os.getcwd"}},
        {**NETWORK, "norm": "@other"},
    ],
)
def test_a_config_that_could_run_code_needs_trust(folder: Path, definition: dict) -> None:
    write_config(folder, {"network_def": definition})
    with pytest.raises(BundleMismatch, match="trust-bundle"):
        load_bundle(folder, device=CPU)


def test_a_trusted_config_may_hold_expressions(folder: Path) -> None:
    config = {"width": 8, "network_def": {**NETWORK, "init_filters": "$@width"}}
    write_config(folder, config)
    assert load_bundle(folder, device=CPU, trusted=True).predict(noise(2, 8, 8, 8)).shape[0] == 3


def test_a_pickle_that_runs_code_is_never_executed(folder: Path, tmp_path: Path) -> None:
    """weights_only loading refuses it even when the checksum is right."""
    witness = tmp_path / "witness"

    class Evil:
        def __reduce__(self) -> tuple:
            return (Path.touch, (witness,))

    file = folder / "models" / "model.pt"
    torch.save({"weight": Evil()}, file)
    metadata_file = folder / "configs" / "metadata.json"
    metadata = json.loads(metadata_file.read_text())
    metadata["oligocount"]["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
    metadata_file.write_text(json.dumps(metadata))
    with pytest.raises(BundleMismatch):
        load_bundle(folder, device=CPU)
    assert not witness.exists()
