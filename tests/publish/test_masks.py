"""Label maps arrive at the same place in the patient, with the same numbers."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from oligocount.domain.anatomy import Anatomy
from oligocount.domain.volume import Geometry, LabelMap
from oligocount.publish.masks import write_label_map, write_masks

from . import builders

TURN = np.deg2rad(20)
GRIDS = {
    "axial": np.array([[0, 0, 4, -90], [0, 4, 0, -80], [3, 0, 0, -60], [0, 0, 0, 1.0]]),
    "head_first_in_files": np.array([[0, 0, 4, -90], [0, 4, 0, -80], [-3, 0, 0, 90], [0, 0, 0, 1]]),
    "left_right_flipped": np.array([[0, 0, -4, 90], [0, 4, 0, -80], [3, 0, 0, -60], [0, 0, 0, 1]]),
    "coronal": np.array([[0, 0, 4, -90], [3, 0, 0, -80], [0, -4, 0, 60], [0, 0, 0, 1.0]]),
    "oblique": np.array([
        [0, -4 * np.sin(TURN), 4 * np.cos(TURN), -90],
        [0, 4 * np.cos(TURN), 4 * np.sin(TURN), -80],
        [3, 0, 0, -60], [0, 0, 0, 1.0],
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", GRIDS)
def test_a_voxel_lies_where_it_lay_with_left_and_right_as_they_were(
    tmp_path: Path, name: str
) -> None:
    """RAS of the file = LPS of the map with x and y reversed, for any orientation."""
    grid = Geometry(shape=(4, 5, 6), affine=GRIDS[name])
    array = np.zeros(grid.shape, np.uint16)
    array[3, 1, 2] = 7
    write_label_map(tmp_path / "one.nii.gz", LabelMap(array=array, geometry=grid))
    image = nib.load(tmp_path / "one.nii.gz")
    index = np.argwhere(np.asarray(image.dataobj) == 7)
    assert index.shape == (1, 3)
    ras = nib.affines.apply_affine(image.affine, index[0])
    lps = grid.to_lps_mm(np.array([3.0, 1.0, 2.0]))
    np.testing.assert_allclose(ras, lps * (-1, -1, 1), atol=1e-4)
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-4)


@pytest.mark.parametrize(("largest", "dtype"), [(0, "u1"), (255, "u1"), (256, "u2"), (70000, "u4")])
def test_the_smallest_integers_that_hold_the_labels_are_used(
    tmp_path: Path, largest: int, dtype: str
) -> None:
    grid = Geometry(shape=(1, 1, 2), affine=np.eye(4))
    array = np.array([[[0, largest]]], np.int64)
    write_label_map(tmp_path / "one.nii.gz", LabelMap(array=array, geometry=grid))
    image = nib.load(tmp_path / "one.nii.gz")
    assert image.get_data_dtype() == np.dtype(dtype)
    assert np.asarray(image.dataobj).ravel().tolist() == [0, largest]


def test_same_labels_give_the_same_bytes(tmp_path: Path) -> None:
    labels = builders.lesion_map(builders.geometry()).labels
    for name in ("a.nii.gz", "b.nii.gz"):
        write_label_map(tmp_path / name, labels)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_a_lesion_carries_its_id_and_foci_without_a_row_are_left_out(tmp_path: Path) -> None:
    result = builders.result(lesions=builders.located_lesions(builders.geometry())[:4])
    write_masks(tmp_path, result)
    array = np.asarray(nib.load(tmp_path / "lesions.nii.gz").dataobj)
    truth = result.lesion_map.labels.array.transpose(2, 1, 0)
    assert sorted(np.unique(array)) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(array[truth <= 4], truth[truth <= 4])


def test_names_stand_beside_the_maps(tmp_path: Path) -> None:
    write_masks(tmp_path, builders.result())
    organs = json.loads((tmp_path / "organs.json").read_text("utf-8"))
    assert organs["labels"] == {"1": "body"}
    assert organs["known"] == ["body", "liver"]
    assert json.loads((tmp_path / "stations.json").read_text("utf-8"))["labels"] == {"1": "104L"}


def test_unknown_stations_leave_no_station_file(tmp_path: Path) -> None:
    result = builders.result()
    write_masks(tmp_path, builders.result(anatomy=Anatomy(organs=result.anatomy.organs)))
    assert not list(tmp_path.glob("stations*"))
