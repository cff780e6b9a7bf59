"""The simulator's own road: a whole phantom with MR of brain and liver, run by the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oligocount.cli.main import main

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One primary, two lesions in the brain and two in the liver, with an MR of either part."""
    folder = tmp_path_factory.mktemp("mri") / "phantom"
    wanted = ["--lesions", "primary,brain:2,liver:2", "--seed", "8", "--spacing", "4"]
    assert main(["phantom", "-o", str(folder), *wanted, "--mr", "brain", "--mr", "liver"]) == 0
    return folder


def run(phantom: Path, name: str, *more: str) -> dict[str, Any]:
    out = phantom.parent / name
    given = ["--lesion-mask", str(phantom / "truth_lesions.nii.gz")]
    given += ["--organ-map", str(phantom / "truth_organs.nii.gz"), *more]
    facts = ["--clinical", str(phantom / "clinical.yaml")]
    assert main(["run", str(phantom / "dicom"), "-o", str(out), *facts, *given]) == 0
    return json.loads((out / "result.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def result(phantom: Path) -> dict[str, Any]:
    masks = [str(phantom / f"truth_mr_{part}_lesions.nii.gz") for part in ("brain", "liver")]
    return run(phantom, "case", *(word for mask in masks for word in ("--mr-lesion-mask", mask)))


@pytest.fixture(scope="module")
def by_network(phantom: Path) -> dict[str, Any]:
    return run(phantom, "by_network", "--mr-lesions", "embedded")


def brain_truth(phantom: Path) -> list[list[float]]:
    truth = json.loads((phantom / "truth.json").read_text("utf-8"))["lesions"]
    return [one["centroid_lps_mm"] for one in truth if one["organ"] == "brain"]


def test_the_shipped_network_finds_the_brain_lesions_and_says_what_it_is(
    phantom: Path, by_network: dict[str, Any]
) -> None:
    on_mr = [one for one in by_network["lesions"] if "MR" in one["modality"]]
    in_brain = [one["centroid_lps_mm"] for one in on_mr if one["organ"] == "brain"]
    for place in brain_truth(phantom):
        gaps = [np.linalg.norm(np.subtract(place, each)) for each in in_brain]
        assert sum(gap <= 8.0 for gap in gaps) == 1  # once, not twice
    told = [each for each in by_network["caveats"] if each["code"] == "MR_MODEL_TRAINED_ON"]
    assert told
    assert "synthetic MR only" in told[0]["text"]


def test_each_lesion_counts_once(result: dict[str, Any]) -> None:
    """The brain's own uptake hides what lies in it from PET: there MRI alone settles it."""
    counted = [one for one in result["lesions"] if one["counted"]]
    modalities = sorted("+".join(one["modality"]) for one in counted)
    assert modalities == ["MR", "MR", "PT+MR", "PT+MR"]
    assert result["counts"]["by_organ"]["brain"] == 2
    assert (result["counts"]["N_low"], result["counts"]["N_high"]) == (4, 4)


def test_either_mr_was_registered(result: dict[str, Any]) -> None:
    codes = [each["code"] for each in result["caveats"]]
    assert codes.count("MR_REGISTERED") == 2
    assert "MR_NOT_REGISTERED" not in codes


def test_lesions_lie_where_the_truth_has_them(phantom: Path, result: dict[str, Any]) -> None:
    truth = json.loads((phantom / "truth.json").read_text("utf-8"))["lesions"]
    for one in truth:
        if one["counted"]:
            gaps = [
                np.linalg.norm(np.subtract(one["centroid_lps_mm"], each["centroid_lps_mm"]))
                for each in result["lesions"]
                if "MR" in each["modality"]
            ]
            assert min(gaps) <= 5.0
