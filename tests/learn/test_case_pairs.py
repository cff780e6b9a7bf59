"""What belongs together is found by name; what is missing is an error."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from oligocount.cli.main import main
from oligocount.errors import InputError
from oligocount.learn.case_pairs import read_pairs


def write(file: Path, array: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array.astype(np.uint8), np.diag([2.0, 2.0, 2.0, 1.0])), file)


def two_blobs() -> np.ndarray:
    array = np.zeros((12, 12, 12))
    array[1:4, 1:4, 1:4] = array[7:10, 7:10, 7:10] = 1
    return array


def test_a_binary_mask_is_its_components(tmp_path: Path) -> None:
    write(tmp_path / "t.nii.gz", two_blobs())
    (pair,) = read_pairs(tmp_path / "t.nii.gz", tmp_path / "t.nii.gz")
    assert pair.truth.array.max() == 2


def test_folders_are_paired_by_name(tmp_path: Path) -> None:
    for folder in ("truth", "pred"):
        for name in ("b.nii.gz", "a.nii.gz"):
            write(tmp_path / folder / name, two_blobs())
    pairs = read_pairs(tmp_path / "truth", tmp_path / "pred")
    assert [pair.case_id for pair in pairs] == ["a", "b"]


def test_the_folder_of_a_batch_is_a_prediction(tmp_path: Path) -> None:
    write(tmp_path / "truth" / "P1" / "truth_lesions.nii.gz", two_blobs())
    write(tmp_path / "batch" / "cases" / "P1" / "lesions.nii.gz", two_blobs())
    (pair,) = read_pairs(tmp_path / "truth", tmp_path / "batch")
    assert pair.case_id == "P1"


def test_a_patient_without_a_prediction_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "truth" / "a.nii.gz", two_blobs())
    (tmp_path / "pred").mkdir()
    with pytest.raises(InputError, match="no prediction"):
        list(read_pairs(tmp_path / "truth", tmp_path / "pred"))


@pytest.mark.parametrize("missing", ["truth", "pred"])
def test_a_place_that_is_not_there_is_named(tmp_path: Path, missing: str) -> None:
    for name in {"truth", "pred"} - {missing}:
        write(tmp_path / name, two_blobs()) if name == "x" else (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="no such file"):
        list(read_pairs(tmp_path / "truth", tmp_path / "pred"))


def test_the_command_compares_two_cases_with_their_records(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The prediction swaps the order of labels, misses nothing, and errs in one organ."""
    labels = two_blobs()
    labels[7:10, 7:10, 7:10] = 2
    write(tmp_path / "t" / "truth_lesions.nii.gz", labels)
    write(tmp_path / "p" / "lesions.nii.gz", np.where(labels > 0, 3 - labels, 0))
    truth = [{"id": 1, "organ": "liver"}, {"id": 2, "organ": "lung"}]
    said = [{"id": 2, "organ": "liver"}, {"id": 1, "organ": "bone"}]
    (tmp_path / "t" / "truth.json").write_text(json.dumps({"lesions": truth}))
    (tmp_path / "p" / "result.json").write_text(json.dumps({"lesions": said}))
    status = main(["evaluate", str(tmp_path / "t"), str(tmp_path / "p"), "--json",
                   "-o", str(tmp_path / "scores")])  # fmt: skip
    summary = json.loads(capsys.readouterr().out)
    assert status == 0
    assert summary["dice"]["value"] == 1.0
    assert summary["agreement"]["organ"]["hits"] == 1
    assert summary["by_site"]["lung"]["value"] == 1.0
    assert (tmp_path / "scores" / "cases.csv").is_file()
