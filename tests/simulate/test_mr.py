"""The phantom's MR: its own frame, its own contrast, the same lesions."""

from pathlib import Path

import head_and_liver
import numpy as np
import pytest

from oligocount.config import load_settings
from oligocount.domain.mr import MrRegion
from oligocount.domain.study import Role
from oligocount.intake import load, scan
from oligocount.simulate.acquisition import Vendor, draw_acquisition
from oligocount.simulate.dicom import write_pet_series
from oligocount.simulate.mr import MrPart, PhantomMr, simulate_mr
from oligocount.simulate.mr_dicom import write_mr

SETTINGS = load_settings().intake


@pytest.fixture(scope="module")
def brain() -> PhantomMr:
    made = simulate_mr(head_and_liver.phantom(), MrPart.BRAIN)
    assert made is not None
    return made


def test_the_true_move_brings_each_lesion_to_its_place_on_the_pet(brain: PhantomMr) -> None:
    for number, centre in enumerate(head_and_liver.BRAIN, start=1):
        places = np.argwhere(brain.lesions.array == number).astype(float)
        there = brain.lesions.geometry.to_lps_mm(places).mean(axis=0)
        moved = brain.to_pet[:3, :3] @ there + brain.to_pet[:3, 3]
        assert moved == pytest.approx(centre, abs=2.5)


def test_it_lies_in_a_frame_of_its_own(brain: PhantomMr) -> None:
    assert np.abs(brain.to_pet - np.eye(4)).max() > 5
    turn = brain.to_pet[:3, :3]
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-9)


def test_lesions_stand_out_of_the_brain(brain: PhantomMr) -> None:
    flair = brain.series["flair"].array
    inside = flair[brain.lesions.array > 0].mean()
    assert inside > 1.5 * np.median(flair[flair > 150])


def test_equal_seeds_give_equal_mr(brain: PhantomMr) -> None:
    again = simulate_mr(head_and_liver.phantom(), MrPart.BRAIN)
    assert again is not None
    assert np.array_equal(again.series["flair"].array, brain.series["flair"].array)


def test_a_part_that_the_scan_does_not_show_gives_none() -> None:
    phantom = head_and_liver.phantom()
    without = phantom.organs.array.copy()
    without[without == 4] = 1
    object.__setattr__(phantom.organs, "array", without)
    assert simulate_mr(phantom, MrPart.LIVER) is None


def test_its_dicom_is_read_back_as_what_it_is(tmp_path: Path, brain: PhantomMr) -> None:
    phantom = head_and_liver.phantom()
    acquisition = draw_acquisition(phantom.seed, Vendor.SIEMENS)
    write_pet_series(phantom.pet, tmp_path / "pet", acquisition=acquisition)
    liver = simulate_mr(phantom, MrPart.LIVER)
    assert liver is not None
    for each in (brain, liver):
        write_mr(each, tmp_path, acquisition=acquisition)
    study = scan(tmp_path, SETTINGS)
    told = {one.mr.kind: one.mr for one in study.chosen(Role.MR) if one.mr}
    assert set(told) == {"t1_contrast", "flair", "t2", "adc"}
    assert told["flair"].region is told["t1_contrast"].region is MrRegion.BRAIN
    assert told["t2"].region is told["adc"].region is MrRegion.LIVER
    assert told["adc"].adc_um2_s == 1.0
    frames = {one.frame_of_reference_uid for one in study.series}
    assert len(frames) == 3
    images = {one.kind: one.volume for one in load(study, SETTINGS).mr}
    assert np.abs(images["flair"].array - brain.series["flair"].array).max() <= 0.51
