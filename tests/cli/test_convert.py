"""Conversion of real scans: NIfTI that says the same as the DICOM, and what was done."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from oligocount.cli.main import main


@pytest.fixture(scope="module")
def converted(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("convert") / "out"
    folder = shared_data / "sts_001" / "FDG_PET"
    assert main(["convert", str(folder), "-o", str(out), "--case-id", "case-1"]) == 0
    return out


def test_the_suv_volume_equals_the_published_one(converted: Path, shared_data: Path) -> None:
    ours = sitk.ReadImage(str(converted / "pet_suv.nii.gz"), sitk.sitkFloat32)
    truth_file = shared_data / "ibsi_sts" / "STS_001" / "PET_image.nii.gz"
    truth = sitk.ReadImage(str(truth_file), sitk.sitkFloat32)
    moved = sitk.Resample(ours, truth, sitk.Transform(), sitk.sitkNearestNeighbor)
    gap = sitk.GetArrayFromImage(moved) - sitk.GetArrayFromImage(truth)
    assert np.abs(gap).max() < 0.001


def test_files_are_nifti_in_ras_with_both_forms_coded(converted: Path) -> None:
    for file in converted.glob("*.nii.gz"):
        image = nibabel.load(file)
        assert image.header["sform_code"] == image.header["qform_code"] == 1
        assert np.allclose(image.get_sform(), image.get_qform(), atol=1e-3)


def test_series_json_says_what_was_taken_and_how_suv_was_computed(converted: Path) -> None:
    told = json.loads((converted / "series.json").read_text())
    assert told["case_id"] == "case-1"
    assert told["suv"]["route"] == "BQML/START/series time/start time"
    assert told["suv"]["factor"] == pytest.approx(0.000242903, rel=1e-5)
    assert {one["role"] for one in told["series"] if one["chosen"]} == {"pet"}
    assert set(told["files"]) == {one.name for one in converted.glob("*.nii.gz")}
    assert told["files"]["pet_suv.nii.gz"]["unit"] == "SUVbw g/ml"


def test_a_folder_with_something_in_it_is_left_alone(
    tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    folder = shared_data / "suv_dro" / "DRO_0_0" / "PT"
    assert main(["convert", str(folder), "-o", str(tmp_path)]) == 6
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]
    assert "empty folder" in capsys.readouterr().err


def test_what_cannot_become_suv_ends_with_three_and_leaves_nothing(
    tmp_path: Path, shared_data: Path
) -> None:
    out = tmp_path / "out"
    folder = shared_data / "acrin_042" / "PT_PET_NAC_462754"  # PROPCNTS
    assert main(["convert", str(folder), "-o", str(out)]) == 3
    assert list(tmp_path.iterdir()) == []


def test_suv_by_lean_body_mass_is_labelled(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "suv_dro" / "DRO_0_0" / "PT"
    out = tmp_path / "out"
    assert main(["convert", str(folder), "-o", str(out), "--suv", "LBMJANMA"]) == 0
    told = json.loads((out / "series.json").read_text())
    assert told["suv"]["kind"] == "SUVlbm (Janmahasatian)"
    hottest = np.asarray(nibabel.load(out / "pet_suv.nii.gz").dataobj).max()
    bmi = 70 / 1.75**2
    of_sexes = [9270 / (6680 + 216 * bmi), 9270 / (8780 + 244 * bmi)]  # sex O: their mean
    assert hottest == pytest.approx(4.0 * np.mean(of_sexes), rel=1e-3)
