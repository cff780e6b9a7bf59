"""Levels of real patients' organ maps: lungs, liver, heart, kidneys; no spine or vessel."""

from pathlib import Path

import numpy as np
import pytest

from oligocount.anatomy import map_anatomy
from oligocount.anatomy.labelmap import GivenMap
from oligocount.anatomy.sides import split_paired
from oligocount.config import load_settings
from oligocount.domain.anatomy import Anatomy
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.resample import resample_labels
from oligocount.intake.nifti import read_nifti_labels

NAMES = {1: "spleen", 2: "kidney", 3: "liver", 4: "urinary_bladder", 5: "lung", 6: "brain",
         7: "heart", 8: "stomach", 9: "prostate", 10: "head_glands"}  # fmt: skip
NUMBERS = (3, 77, *range(5, 146, 10))


def anatomy_of(folder: Path, number: int) -> Anatomy:
    """The anatomy on a 4 mm grid; uptake is 1 wherever something is drawn."""
    labels, _ = read_nifti_labels(folder / "organ_maps" / f"map_{number:03d}.nii.gz")
    grid = axial_grid(labels.geometry, (4.0, 4.0, 4.0))
    named = LabelMap(array=labels.array, names=NAMES, geometry=labels.geometry)
    coarse = split_paired(resample_labels(named, grid))
    suv = Volume(
        array=(coarse.array > 0).astype(np.float32), unit=Unit.SUVBW, geometry=coarse.geometry
    )
    images = AlignedImages(suv=suv)
    model = ModelInfo(name="real map", version="1")
    return map_anatomy(GivenMap(given=coarse, model=model)(images), images, load_settings().anatomy)


def assert_plausible(anatomy: Anatomy) -> None:
    """Order and distances of an adult; wide enough for a small woman and a tall man."""
    z = {name: mark.value_mm for name, mark in anatomy.landmarks.items() if name.startswith("z_")}
    for upper, lower in (
        ("z_apex_r", "z_carina"), ("z_carina", "z_ipv"), ("z_ipv", "z_hiatus"),
        ("z_apex_l", "z_arch_top"), ("z_arch_top", "z_carina"), ("z_hiatus", "z_egj"),
        ("z_egj", "z_coeliac"), ("z_coeliac", "z_lrv"), ("z_lrv", "z_ima"), ("z_ima", "z_bif"),
    ):  # fmt: skip
        if upper in z and lower in z:
            assert z[upper] > z[lower] - 12.0, (upper, lower)
    assert abs(z["z_apex_r"] - z["z_apex_l"]) < 40.0
    assert 50.0 < z["z_apex_r"] - z["z_carina"] < 130.0
    assert 100.0 < z["z_apex_r"] - z["z_dome_r"] < 280.0
    assert 60.0 < z["z_dome_r"] - z["z_lrv"] < 260.0
    organs = anatomy.organs.labels
    if organs.mask("brain").any() and "z_hyoid" in z:
        k = np.flatnonzero(organs.mask("brain").any(axis=(1, 2)))
        bottom = float(organs.geometry.to_lps_mm(np.array([k[0], 0.0, 0.0]))[2])
        assert bottom > z["z_hyoid"] - 40.0


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_levels_of_a_real_patient_are_plausible(shared_data: Path, number: int) -> None:
    assert_plausible(anatomy_of(shared_data, number))
