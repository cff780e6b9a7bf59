"""The check of an installation finds what is wrong and says it by its status."""

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch

from oligocount.cli import selfcheck
from oligocount.cli.main import main
from oligocount.inference.network import build_network
from oligocount.intake.reference import read_reference_objects
from oligocount.resources import shipped_folder

NETWORK = {"_target_": "SegResNet", "spatial_dims": 3, "init_filters": 8, "in_channels": 2,
           "out_channels": 3, "blocks_down": [1, 1], "blocks_up": [1]}  # fmt: skip


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one valid, untrained bundle."""
    bundle = tmp_path / "tiny"
    (bundle / "configs").mkdir(parents=True)
    (bundle / "models").mkdir()
    network = build_network({"network_def": NETWORK}, name="tiny", trusted=False)
    torch.save(network.state_dict(), bundle / "models" / "model.pt")
    (bundle / "configs" / "inference.json").write_text(json.dumps({"network_def": NETWORK}))
    own = {
        "sha256": hashlib.sha256((bundle / "models" / "model.pt").read_bytes()).hexdigest(),
        "spacing_mm": [8, 8, 8], "channels": ["suv_log", "has_suv"], "classes": ["a", "b", "c"],
        "activation": "softmax", "divisor": 2, "bytes_per_voxel": 1000,
    }  # fmt: skip
    metadata = {"version": "0.0.1", "description": "a test", "oligocount": own}
    (bundle / "configs" / "metadata.json").write_text(json.dumps(metadata))
    return tmp_path


def run(models: Path, *more: str) -> int:
    return main(["selfcheck", "--models", str(models), "--device", "cpu", *more])


def test_a_good_installation_ends_with_zero(models: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(models) == 0
    out = capsys.readouterr().out
    assert out.rstrip().endswith("all well")
    assert "FAIL" not in out
    assert all(one.id in out for one in read_reference_objects())


def test_changed_weights_end_with_four(models: Path, capsys: pytest.CaptureFixture) -> None:
    weights = models / "tiny" / "models" / "model.pt"
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert run(models) == 4
    assert "expected sha256" in capsys.readouterr().out


def test_a_changed_scorer_ends_with_four(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    shutil.copytree(shipped_folder("models") / "fdg_lesions", tmp_path / "fdg_lesions")
    assert run(tmp_path) == 0
    assert "and its scorer" in capsys.readouterr().out
    weights = tmp_path / "fdg_lesions" / "models" / "scorer.pt"
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert run(tmp_path) == 4
    assert "expected sha256" in capsys.readouterr().out


def test_an_installation_without_models_ends_with_four(tmp_path: Path) -> None:
    assert run(tmp_path) == 4


def test_a_device_that_is_not_there_ends_with_four(models: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    assert main(["selfcheck", "--models", str(models), "--device", "cuda"]) == 4


def test_a_wrong_suv_ends_with_three(
    models: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = read_reference_objects()
    heavier = dataclasses.replace(first.tracer, patient_weight_kg=81.2)  # 1.5 % off
    wrong = dataclasses.replace(first, tracer=heavier)
    monkeypatch.setattr(selfcheck, "read_reference_objects", lambda: (wrong, *others))
    assert run(models) == 3
    assert f"FAIL  {first.id}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        (["--lesions", "suv25", "--organs", "rules"], 0, "suv25 loads"),
        (["--lesions", "suv26"], 4, "segmenter 'suv26': expected suv25"),
        (["--organs", "nowhere"], 4, "organ provider 'nowhere'"),
    ],
)
def test_models_asked_for_are_loaded(
    models: Path, asked: list[str], status: int, told: str, capsys: pytest.CaptureFixture
) -> None:
    assert run(models, *asked) == status
    assert told in capsys.readouterr().out
