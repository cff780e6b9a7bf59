"""The fine network: what it draws in slabs, what it leaves alone, what is refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from oligocount.errors import BundleMismatch, BundleNotFound
from oligocount.inference.fine import Corrected, FineNetwork, load_fine, spread
from oligocount.inference.network import build_network

CPU = torch.device("cpu")
CLASSES = 3
DEFINITION = {
    "_target_": "SegResNet", "spatial_dims": 3, "init_filters": 8, "in_channels": 2 + CLASSES,
    "out_channels": CLASSES, "blocks_down": [1, 1], "blocks_up": [1],
}  # fmt: skip
FACTS = {"parts": 2, "divisor": 2, "slab": 4, "margin": 1}


def local_network(weight: float) -> torch.nn.Conv3d:
    """A voxel sees its neighbours and nothing else, so that slabs must agree with the whole."""
    torch.manual_seed(0)
    network = torch.nn.Conv3d(2 + CLASSES, CLASSES, 3, padding=1, padding_mode="replicate")
    with torch.no_grad():
        for each in network.parameters():
            each *= weight
    return network.eval()


def fine(weight: float, **facts: int) -> FineNetwork:
    corrected = Corrected(local_network(weight), CLASSES)
    return FineNetwork(corrected=corrected, device=CPU, bytes_per_voxel=1000, **{**FACTS, **facts})


def coarse(*shape: int) -> np.ndarray:
    raw = np.random.default_rng(2).gamma(1.0, size=(CLASSES, *shape)).astype(np.float32)
    return raw / raw.sum(axis=0)


def channels(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(2, *shape)).astype(np.float32)


def test_a_network_that_changes_nothing_leaves_the_probabilities_of_the_first() -> None:
    said = coarse(5, 4, 3)
    drawn = fine(0.0).predict(channels(10, 8, 6), said)
    between = spread(torch.from_numpy(said)[None], 2)[0].numpy()
    np.testing.assert_allclose(drawn, between, atol=0.01)
    np.testing.assert_allclose(drawn.sum(axis=0), 1, atol=1e-5)


def test_a_coarse_voxel_covers_the_fine_ones_inside_it() -> None:
    """One sure voxel: between it and its neighbours 0.75 x 0.75 x 0.75 is left inside it."""
    said = np.zeros((CLASSES, 4, 4, 4), np.float32)
    said[0] = 1.0
    said[:, 2, 1, 3] = (0.0, 1.0, 0.0)
    drawn = fine(0.0).predict(channels(8, 8, 8), said)[1]
    assert sorted(map(tuple, np.argwhere(drawn > 0.4))) == [
        (k, j, i) for k in (4, 5) for j in (2, 3) for i in (6, 7)
    ]


@pytest.mark.parametrize("slices", [1, 4, 5, 8, 11])
def test_slabs_agree_with_the_whole(slices: int) -> None:
    said, seen = coarse(slices, 4, 3), channels(2 * slices, 8, 6)
    whole = fine(1.0, slab=100).predict(seen, said)
    assert np.abs(whole - fine(0.0).predict(seen, said)).max() > 0.1
    np.testing.assert_allclose(fine(1.0).predict(seen, said), whole, atol=1e-5)


def test_sides_that_the_network_does_not_divide_are_padded_and_cut() -> None:
    said, seen = coarse(3, 5, 3), channels(6, 10, 6)
    np.testing.assert_allclose(
        fine(1.0, divisor=8).predict(seen, said), fine(1.0).predict(seen, said), atol=1e-5
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle whose fine network has untrained weights; tests break one part of it."""
    for part in ("configs", "models"):
        (tmp_path / part).mkdir()
    network = build_network({"network_def": DEFINITION}, name="tiny", trusted=False)
    file = tmp_path / "models" / "fine.pt"
    torch.save({key: value.half() for key, value in network.state_dict().items()}, file)
    (tmp_path / "configs" / "inference.json").write_text(json.dumps({"fine_def": DEFINITION}))
    tell(tmp_path, {**FACTS, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()})
    return tmp_path


def tell(folder: Path, held: dict | None) -> None:
    own = {
        "sha256": "", "spacing_mm": [8, 8, 8], "channels": ["suv_log", "has_suv"],
        "classes": ["outside", "a", "b"], "activation": "softmax", "divisor": 2,
        "bytes_per_voxel": 1000, "fine": held,
    }  # fmt: skip
    metadata = {"version": "0.0.1", "description": "a test", "oligocount": own}
    (folder / "configs" / "metadata.json").write_text(json.dumps(metadata))


def told(folder: Path) -> dict:
    held: dict = json.loads((folder / "configs" / "metadata.json").read_text())
    return held["oligocount"]["fine"]


def test_an_adjustment_multiplies_the_odds_of_a_class() -> None:
    said, seen = coarse(5, 4, 3), channels(10, 8, 6)
    plain = fine(1.0).predict(seen, said)
    adjusted = replace(fine(1.0), logit_adjustment=(np.log(2.0), 0.0, 0.0)).predict(seen, said)
    np.testing.assert_allclose(adjusted[0] / adjusted[1], 2 * plain[0] / plain[1], rtol=1e-3)
    np.testing.assert_allclose(adjusted[2] / adjusted[1], plain[2] / plain[1], rtol=1e-3)


def test_what_is_loaded_draws_on_the_fine_grid(folder: Path) -> None:
    held = load_fine(folder, device=CPU)
    assert held is not None
    assert held.predict(channels(10, 8, 6), coarse(5, 4, 3)).shape == (CLASSES, 10, 8, 6)


def test_a_bundle_may_have_none(folder: Path) -> None:
    tell(folder, None)
    assert load_fine(folder, device=CPU) is None


def test_weights_that_were_changed_are_refused(folder: Path) -> None:
    with (folder / "models" / "fine.pt").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(BundleMismatch, match="sha256"):
        load_fine(folder, device=CPU)


def test_absent_weights_are_refused(folder: Path) -> None:
    (folder / "models" / "fine.pt").unlink()
    with pytest.raises(BundleNotFound, match=r"fine\.pt"):
        load_fine(folder, device=CPU)


@pytest.mark.parametrize("key", ["parts", "slab", "sha256"])
def test_metadata_that_lack_a_fact_are_refused(folder: Path, key: str) -> None:
    tell(folder, {name: value for name, value in told(folder).items() if name != key})
    with pytest.raises(BundleMismatch, match="not complete"):
        load_fine(folder, device=CPU)


def test_a_slab_of_nothing_is_refused(folder: Path) -> None:
    tell(folder, {**told(folder), "slab": 0})
    with pytest.raises(BundleMismatch, match="slab is 0"):
        load_fine(folder, device=CPU)


def test_an_adjustment_is_loaded_if_it_has_a_number_for_each_class(folder: Path) -> None:
    tell(folder, {**told(folder), "logit_adjustment": [0.5, -0.25, -0.25]})
    held = load_fine(folder, device=CPU)
    assert held is not None
    assert held.logit_adjustment == (0.5, -0.25, -0.25)
    tell(folder, {**told(folder), "logit_adjustment": [0.5, -0.5]})
    with pytest.raises(BundleMismatch, match="2 in logit_adjustment for 3 classes"):
        load_fine(folder, device=CPU)


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    other = {**DEFINITION, "out_channels": 5}
    (folder / "configs" / "inference.json").write_text(json.dumps({"fine_def": other}))
    with pytest.raises(BundleMismatch, match="does not fit"):
        load_fine(folder, device=CPU)
