"""A phantom on disk: the scan and its truth lie on each other, whole or not at all."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from hand_built import phantom

from oligocount import intake
from oligocount.config import load_settings
from oligocount.domain.study import Role
from oligocount.errors import PublishError
from oligocount.simulate.acquisition import Vendor, draw_acquisition
from oligocount.simulate.study import Form, write_study


def write(out: Path, *, form: Form = Form.DICOM, vendor: Vendor = Vendor.GE) -> list[str]:
    heard: list[str] = []
    write_study(
        phantom(),
        out,
        acquisition=draw_acquisition(3, vendor),
        form=form,
        report=lambda what, done, total: heard.append(f"{what} {done}/{total}"),
    )
    return heard


def voxels(file: Path) -> dict[int, tuple[int, int, int]]:
    """Each label's first voxel in RAS mm, read without our code."""
    image = nib.load(file)
    array = np.asarray(image.dataobj)
    found = {int(label): np.argwhere(array == label)[0] for label in np.unique(array) if label}
    return {
        label: tuple(np.round(image.affine @ [*index, 1], 3)[:3]) for label, index in found.items()
    }


def test_truth_lies_on_the_scan(tmp_path: Path) -> None:
    """At each labelled voxel the DICOM PET has the focus's SUV; its centre is the one told."""
    write(tmp_path / "p")
    truth = {
        one["id"]: one for one in json.loads((tmp_path / "p" / "truth.json").read_text())["lesions"]
    }
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "p" / "dicom" / "pet")))
    pet = reader.Execute()
    per_suv = draw_acquisition(3, Vendor.GE).bqml_per_suv
    marked = voxels(tmp_path / "p" / "truth_lesions.nii.gz")
    marked |= voxels(tmp_path / "p" / "truth_confounders.nii.gz")
    assert sorted(marked) == [1, 2, 3, 4]
    for label, (x, y, z) in marked.items():
        lps = (-x, -y, z)
        assert truth[label]["centroid_lps_mm"] == pytest.approx(lps, abs=0.01)
        index = pet.TransformPhysicalPointToIndex([float(v) for v in lps])
        assert pet[index] / per_suv == pytest.approx(truth[label]["suv_max"], rel=1e-3)


def test_grids_are_those_of_a_scanner(tmp_path: Path) -> None:
    """PET 200 x 200, CT 512 x 512 on the same slices and about the same middle."""
    write(tmp_path / "p")
    settings = load_settings().intake
    study = intake.scan(tmp_path / "p", settings)
    assert [len(study.chosen(role)) for role in (Role.PET, Role.CT)] == [1, 1]
    images = intake.load(study, settings)
    assert images.ct is not None
    assert images.pet.geometry.shape == (10, 200, 200)
    assert images.ct.geometry.shape == (10, 512, 512)
    middles = [
        one.geometry.to_lps_mm((np.array(one.geometry.shape) - 1) / 2)
        for one in (images.pet, images.ct)
    ]
    assert middles[0] == pytest.approx(middles[1], abs=1e-3)
    assert images.ct.array[5, 256, 256] == 40
    assert images.ct.array[5, 256, 4] == -1000


def test_nifti_says_the_same(tmp_path: Path) -> None:
    write(tmp_path / "p", form=Form.NIFTI)
    pet = nib.load(tmp_path / "p" / "pet_suv.nii.gz")
    lesions = nib.load(tmp_path / "p" / "truth_lesions.nii.gz")
    assert np.allclose(pet.affine, lesions.affine)
    assert np.asarray(pet.dataobj)[np.asarray(lesions.dataobj) == 2] == pytest.approx(8.0)
    assert (tmp_path / "p" / "ct.nii.gz").is_file()
    assert not (tmp_path / "p" / "dicom").exists()


def test_names_and_facts_stand_beside_the_maps(tmp_path: Path) -> None:
    heard = write(tmp_path / "p")
    stations = json.loads((tmp_path / "p" / "truth_stations.json").read_text())
    assert stations["labels"] == {"1": "8Lo", "2": "8M", "3": "8U"}
    facts = yaml.safe_load((tmp_path / "p" / "clinical.yaml").read_text())
    assert facts["primary_location"] == "middle"
    assert "dicom 20/20" in heard


def test_an_earlier_phantom_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "p", form=Form.NIFTI)
    write(tmp_path / "p")
    assert not (tmp_path / "p" / "pet_suv.nii.gz").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(PublishError, match="mine"):
        write(tmp_path / "mine")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["mine", "p"]
