"""Both layouts of autoPET's data become samples, and the command trains on them."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from oligocount.cli.main import main
from oligocount.errors import InputError
from oligocount.learn.from_autopet import find_scans, read_scan, write_scan_samples
from oligocount.learn.samples import read_sample


def write(file: Path, array: np.ndarray) -> None:
    """A NIfTI of 4 mm voxels in RAS."""
    file.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    nib.save(nib.Nifti1Image(array.astype(np.float32), affine), file)


def images() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """SUV, HU and mask of a warm block with two hot spots, one at the patient's head end."""
    suv = np.zeros((24, 20, 28))
    suv[4:20, 4:16, 2:26] = 1.0
    mask = np.zeros_like(suv)
    mask[6:9, 6:9, 20:23] = mask[14:17, 8:11, 5:8] = 1
    suv[mask > 0] = 9.0
    return suv, np.where(suv > 0, 40.0, -1000.0), mask


def autopet(folder: Path, *, ct: bool = True) -> Path:
    suv, hu, mask = images()
    write(folder / "imagesTr" / "fdg_1_0001.nii.gz", suv)
    if ct:
        write(folder / "imagesTr" / "fdg_1_0000.nii.gz", hu)
    write(folder / "labelsTr" / "fdg_1.nii.gz", mask)
    return folder


def test_autopets_layout_becomes_a_sample(tmp_path: Path) -> None:
    (scan,) = find_scans(autopet(tmp_path))
    sample = read_scan(scan)
    assert sample.shape == (28, 20, 24)
    assert sorted(np.unique(sample.lesions)) == [0, 1, 2]
    assert sample.suv[sample.lesions > 0].min() == 9.0
    assert sample.organs is None


def test_the_head_end_comes_last_and_left_is_left(tmp_path: Path) -> None:
    """RAS (7, 7, 21): right side of the array is the patient's left in LPS, k grows upward."""
    (scan,) = find_scans(autopet(tmp_path))
    sample = read_scan(scan)
    tops = [np.argwhere(sample.lesions == n).mean(axis=0) for n in (1, 2)]
    upper = max(tops, key=lambda top: top[0])
    assert upper[0] == pytest.approx(21)
    assert upper[2] == pytest.approx(23 - 7)


def test_the_lesion_collections_layout_becomes_a_sample(tmp_path: Path) -> None:
    suv, hu, mask = images()
    study = tmp_path / "PETCT_1" / "01-01-2001"
    for name, array in (("SUV", suv), ("CTres", hu), ("SEG", mask)):
        write(study / f"{name}.nii.gz", array)
    assert write_scan_samples(tmp_path, tmp_path / "out") == 1
    (file,) = (tmp_path / "out" / "lesions").glob("*.npz")
    assert read_sample(file).ct.max() == 40


def test_a_scan_without_ct_is_taken_without(tmp_path: Path) -> None:
    (scan,) = find_scans(autopet(tmp_path, ct=False))
    assert read_scan(scan).ct is None


def test_a_scan_without_a_mask_is_refused(tmp_path: Path) -> None:
    (autopet(tmp_path) / "labelsTr" / "fdg_1.nii.gz").unlink()
    with pytest.raises(InputError, match="no lesion mask"):
        find_scans(tmp_path)


def test_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found neither"):
        find_scans(tmp_path)


@pytest.mark.parametrize(
    "wrong", [["fdg_lesions"], ["organs_ct", "--data", "x"], ["fdg_lesions", "--phantoms", "-1"]]
)
def test_a_command_that_cannot_train_is_a_usage_error(tmp_path: Path, wrong: list[str]) -> None:
    given = ["train", *wrong, "-o", str(tmp_path / "b"), "--work", str(tmp_path / "w")]
    assert main(given) == 2


def test_the_command_trains_on_scans_and_writes_a_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    status = main(["train", "fdg_lesions", "--data", str(autopet(tmp_path / "data")), "--organs",
                   "rules", "--work", str(tmp_path / "work"), "-o", str(tmp_path / "bundle"),
                   "--minutes", "0.02", "--device", "cpu"])  # fmt: skip
    assert status == 0
    assert f"--lesions {tmp_path / 'bundle'}" in capsys.readouterr().out
    assert "fdg_1.npz (1 of 1 scans)" in caplog.text
    assert (tmp_path / "bundle" / "models" / "model.pt").is_file()
    assert (tmp_path / "bundle" / "configs" / "metadata.json").is_file()
