"""nnU-Net results folders: what is read from one, and which are refused, without nnU-Net."""

import json
from pathlib import Path

import pytest

from oligocount.errors import BundleMismatch, BundleNotFound
from oligocount.inference.nnunet_folder import is_results_folder, read_results_folder

DATASET = {"channel_names": {"0": "CT", "1": "PET"}, "labels": {"background": 0, "tumor": 1}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folds 0 to 2 of a binary model; what their checkpoints hold is not looked at here."""
    results = tmp_path / "Dataset001_A" / "nnUNetTrainer__nnUNetPlans__3d_fullres"
    for fold in range(3):
        (results / f"fold_{fold}").mkdir(parents=True)
        (results / f"fold_{fold}" / "checkpoint_final.pth").write_bytes(b"weights")
    (results / "plans.json").write_text(json.dumps({"dataset_name": "Dataset001_A"}))
    write_dataset(results)
    return results


def write_dataset(folder: Path, **changes: object) -> None:
    (folder / "dataset.json").write_text(json.dumps({**DATASET, **changes}))


def test_a_results_folder_is_known_by_its_plans_and_its_dataset(folder: Path) -> None:
    assert is_results_folder(folder)
    assert not is_results_folder(folder / "fold_0")
    (folder / "plans.json").unlink()
    assert not is_results_folder(folder)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"0": "CT", "1": "PET"}, ("ct", "suv")),
        ({"1": "CTres", "0": "SUV"}, ("suv", "ct")),
        ({"0": "FDG-PET (SUVbw)"}, ("suv",)),
    ],
)
def test_channels_are_known_by_name_in_the_order_of_their_numbers(
    folder: Path, names: dict, expected: tuple
) -> None:
    write_dataset(folder, channel_names=names)
    assert read_results_folder(folder).channels == expected


@pytest.mark.parametrize(
    ("names", "match"),
    [
        ({"0": "CT", "1": "T2"}, "'T2'"),
        ({"0": "CT", "1": "PET Bq/ml"}, "Bq/ml"),
        ({"0": "PET/CT"}, "PET/CT"),
        ({"0": "noNorm"}, "noNorm"),
        ({"0": "CT", "1": "CT"}, "one PET and at most one CT"),
        ({"0": "CT"}, "one PET"),
        ({"0": "PET", "1": "SUV"}, "one PET"),
        ({"first": "PET"}, "names no channels"),
        (None, "names no channels"),
    ],
)
def test_channels_that_cannot_be_filled_are_refused(
    folder: Path, names: dict | None, match: str
) -> None:
    write_dataset(folder, channel_names=names)
    with pytest.raises(BundleMismatch, match=match):
        read_results_folder(folder)


@pytest.mark.parametrize(
    ("labels", "channel"),
    [
        ({"background": 0, "tumor": 1}, 1),
        ({"background": 0, "FDG avid": 1}, 1),
        ({"background": 0, "Lesion": 2, "heart": 1}, 2),
        ({"background": 0, "tumour": 1, "brain": 2, "ignore": 3}, 1),
        ({"background": 0, "anything": [1, 2], "tumour": 2, "ignore": 3}, 1),
        ({"background": 0, "tumour": [1, 2], "core": 2}, 0),
    ],
)
def test_the_lesion_is_known_by_its_name_or_alone(folder: Path, labels: dict, channel: int) -> None:
    """Classes have the background as output 0; regions have none for it."""
    write_dataset(folder, labels=labels)
    assert read_results_folder(folder).lesion == channel


@pytest.mark.parametrize(
    "labels",
    [
        {"background": 0, "brain": 1, "heart": 2},
        {"background": 0, "tumor": 1, "nodal lesion": 2},
        {"background": 0},
        {"background": 0, "tumor": "one"},
        ["background", "tumor"],
    ],
)
def test_labels_that_leave_the_lesion_open_are_refused(folder: Path, labels: object) -> None:
    write_dataset(folder, labels=labels)
    with pytest.raises(BundleMismatch, match=r"label"):
        read_results_folder(folder)


def test_every_fold_is_taken_by_the_checkpoint_that_all_have(folder: Path) -> None:
    found = read_results_folder(folder)
    assert (found.folds, found.checkpoint) == ((0, 1, 2), "checkpoint_final.pth")
    (folder / "fold_all").mkdir()
    assert read_results_folder(folder).folds == (0, 1, 2)
    for fold in range(3):
        (folder / f"fold_{fold}" / "checkpoint_best.pth").write_bytes(b"weights")
    assert read_results_folder(folder).checkpoint == "checkpoint_final.pth"
    (folder / "fold_1" / "checkpoint_final.pth").unlink()
    assert read_results_folder(folder).checkpoint == "checkpoint_best.pth"


def test_the_checksum_is_of_every_fold(folder: Path) -> None:
    before = read_results_folder(folder).model.sha256
    assert read_results_folder(folder).model.sha256 == before
    (folder / "fold_2" / "checkpoint_final.pth").write_bytes(b"other weights")
    assert read_results_folder(folder).model.sha256 != before


def test_a_fold_missing_between_others_is_named(folder: Path) -> None:
    (folder / "fold_1").rename(folder / "somewhere")
    with pytest.raises(BundleNotFound, match="fold_1 is missing"):
        read_results_folder(folder)


def test_a_fold_without_its_checkpoint_is_named(folder: Path) -> None:
    (folder / "fold_2" / "checkpoint_final.pth").unlink()
    with pytest.raises(BundleNotFound, match="in fold_2"):
        read_results_folder(folder)


def test_a_folder_with_no_fold_is_refused(folder: Path) -> None:
    for fold in range(3):
        (folder / f"fold_{fold}").rename(folder / f"old_{fold}")
    with pytest.raises(BundleNotFound, match="fold_all"):
        read_results_folder(folder)
