"""Volumes written as NIfTI come back as they were, under their names, all or nothing."""

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from oligocount.domain.study import Images, MrImage, Study, SuvRoute
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import PublishError
from oligocount.intake.nifti import read_nifti_volume
from oligocount.publish.conversion import write_conversion
from oligocount.publish.volumes import write_volume

OBLIQUE = np.array(
    [[0.5, 0.0, 2.0, -7], [-2.4, 2.4, 0.0, 5], [3.2, 1.8, 0.0, 11], [0, 0, 0, 1]]
)  # fmt: skip
OBLIQUE[:3, 0] = np.cross(OBLIQUE[:3, 2], OBLIQUE[:3, 1])
ROUTE = SuvRoute(kind="SUVbw", route="BQML/START", factor=1e-4, tags={"0054,1001": "BQML"})


def a_volume(unit: Unit = Unit.SUVBW, scale: float = 0.37) -> Volume:
    geometry = Geometry(shape=(3, 4, 5), affine=OBLIQUE)
    return Volume(array=np.arange(60).reshape(3, 4, 5) * scale, unit=unit, geometry=geometry)


@pytest.mark.parametrize(
    ("scale", "kind"), [(0.37, np.float32), (10.0, np.int16), (1e4, np.float32)]
)
def test_a_volume_comes_back_voxel_by_voxel(scale: float, kind: type, tmp_path: Path) -> None:
    volume = a_volume(scale=scale)
    write_volume(tmp_path / "v.nii.gz", volume)
    assert nibabel.load(tmp_path / "v.nii.gz").get_data_dtype() == kind
    back, caveats = read_nifti_volume(tmp_path / "v.nii.gz", Unit.SUVBW)
    assert caveats == ()
    for index in np.ndindex(*volume.array.shape):
        point = volume.geometry.to_lps_mm(np.array(index, float))
        there = np.rint(back.geometry.to_index(point)).astype(int)
        assert back.array[tuple(there)] == volume.array[index]


def test_images_of_one_kind_get_names_of_their_own(tmp_path: Path) -> None:
    mr = tuple(
        MrImage(kind=kind, series_uid=uid, volume=a_volume(Unit.ARBITRARY))
        for kind, uid in (("t1", "1"), ("t1", "2"), ("t1", "3"), ("dwi", "4"))
    )
    images = Images(pet=a_volume(Unit.BQML), ct=a_volume(Unit.HU, 1.0), mr=mr)
    study = Study(case_id="c", series=(), tracer=None)
    files = write_conversion(tmp_path / "out", study, images, a_volume(), ROUTE)
    assert [one.name for one in files] == [
        "ct.nii.gz", "mr_dwi.nii.gz", "mr_t1.nii.gz", "mr_t1_2.nii.gz", "mr_t1_3.nii.gz",
        "pet_suv.nii.gz", "series.json",
    ]  # fmt: skip
    told = json.loads((tmp_path / "out" / "series.json").read_text())
    assert told["suv"]["factor"] == 1e-4
    assert told["files"]["ct.nii.gz"]["unit"] == "HU"


def test_a_failure_half_way_leaves_nothing(tmp_path: Path) -> None:
    class Odd:
        kind = "no/such/folder"
        volume = a_volume()

    images = Images(pet=a_volume(), mr=(Odd(),))
    study = Study(case_id="c", series=(), tracer=None)
    with pytest.raises(PublishError, match="cannot be written"):
        write_conversion(tmp_path / "out", study, images, a_volume(), ROUTE)
    assert list(tmp_path.iterdir()) == []
