"""The main job on two real scans, with the shipped models: what is there is found."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from oligocount.cli.main import main

pytestmark = pytest.mark.slow

NORMAL = {"brain", "heart", "kidney", "bladder"}


def run(scan: Path, out: Path) -> dict:
    assert main(["run", str(scan), "-o", str(out)]) == 0
    assert {each.name for each in out.iterdir()} >= {
        "result.json", "lesions.csv", "lesions.nii.gz", "settings.yaml", "report.html",
        "organs.nii.gz", "organs.json", "dicom",
    }  # fmt: skip
    return json.loads((out / "result.json").read_text("utf-8"))


def abnormal(result: dict) -> list[dict]:
    return [each for each in result["lesions"] if each["kind"] != "physiologic"]


def caveats(result: dict) -> set[str]:
    return {each["code"] for each in result["caveats"]}


def test_a_pet_without_ct_gives_one_thigh_tumour(shared_data: Path, tmp_path: Path) -> None:
    """GTV_Mass: 366 ml around (66, 17, -789) mm LPS, SUVmax 7.911 (its RTSTRUCT)."""
    result = run(shared_data / "sts_001", tmp_path / "out")
    in_thigh = [each for each in abnormal(result) if each["centroid_lps_mm"][2] < -730]
    large = [each for each in in_thigh if each["volume_ml"] > 100]
    assert [each["suv_max"] for each in large] == [pytest.approx(7.91, abs=0.05)]
    assert large[0]["counted"]
    assert all(abs(a - b) < 15 for a, b in zip(large[0]["centroid_lps_mm"], (66, 17, -789)))  # noqa: B905 - three and three
    assert not {each["organ"] for each in result["lesions"] if each["counted"]} & NORMAL
    assert "NO_CT" in caveats(result)


def test_a_pet_ct_gives_the_hilar_mass_and_the_inlet_focus(
    shared_data: Path, tmp_path: Path
) -> None:
    result = run(shared_data / "acrin_042", tmp_path / "out")
    hottest = sorted(abnormal(result), key=lambda each: -each["suv_max"])[:2]
    assert [each["suv_max"] for each in hottest] == [
        pytest.approx(42.2, abs=0.1), pytest.approx(13.4, abs=0.1)
    ]  # fmt: skip
    assert {each["status"] for each in hottest} == {"malignant"}
    assert not {each["organ"] for each in result["lesions"] if each["counted"]} & NORMAL
    assert result["inputs"]["suv"]["factor"] == pytest.approx(4.2111e-4, rel=1e-4)
    assert {"UPTAKE_TIME", "VALUE_MAPPING_DISAGREES"} <= caveats(result)


@pytest.mark.parametrize(
    ("case", "least", "told"),
    [
        ("STS_001", 0.8, "malignant"),
        ("STS_005", 0.7, "malignant"),
        ("STS_022", 0.65, "malignant"),
        ("STS_044", 0.6, "equivocal"),  # SUVmax 3.6, strain by the rule of muscle
    ],
)
def test_a_sarcoma_in_a_small_box_of_the_body_is_drawn_as_a_reader_drew_it(
    shared_data: Path, tmp_path: Path, case: str, least: float, told: str
) -> None:
    """IBSI's sarcomas with 5 cm around, 366, 585, 812, 640 ml: Dice 0.85, 0.73, 0.67, 0.63."""
    scan = shared_data / "ibsi_sts" / case
    given = ["--pet", str(scan / "PET_image.nii.gz"), "--ct", str(scan / "CT_image.nii.gz")]
    assert main(["run", *given, "-o", str(tmp_path / "out")]) == 0
    found = np.asanyarray(nibabel.load(tmp_path / "out" / "lesions.nii.gz").dataobj)
    truth = np.asanyarray(nibabel.load(scan / "PET_mask.nii.gz").dataobj) > 0
    inside = np.isin(found, np.unique(found[truth & (found > 0)]))
    assert 2 * (inside & truth).sum() / (inside.sum() + truth.sum()) > least
    result = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    sizes = np.bincount(found[truth], minlength=found.max() + 1)
    status = {each["id"]: each["status"] for each in result["lesions"]}
    assert status[int(sizes[1:].argmax()) + 1] == told
