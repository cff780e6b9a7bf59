"""A phantom is the same for the same seed, and its truth fits its images."""

import dataclasses

import numpy as np
import pytest

from oligocount.domain.anatomy import NodalClass
from oligocount.domain.lesion import Kind
from oligocount.simulate.atlas import patient_numbers
from oligocount.simulate.grids import Extent
from oligocount.simulate.phantom import Burden, Phantom, simulate
from oligocount.simulate.sites import REGIONAL

SPACING_MM = 6.0


@pytest.fixture(scope="module")
def phantoms() -> list[Phantom]:
    return [simulate(s, spacing_mm=SPACING_MM, extent=Extent.WHOLE_BODY) for s in range(200, 205)]


def volume_ml(phantom: Phantom, *names: str) -> float:
    return float(phantom.organs.mask(*names).sum()) * phantom.pet.geometry.voxel_volume_ml


def test_same_seed_gives_the_same_phantom(phantoms: list[Phantom]) -> None:
    again = simulate(200, spacing_mm=SPACING_MM, extent=Extent.WHOLE_BODY)
    assert again.truth == phantoms[0].truth
    assert np.array_equal(again.pet.array, phantoms[0].pet.array)
    assert again.ct is not None
    assert phantoms[0].ct is not None
    assert np.array_equal(again.ct.array, phantoms[0].ct.array)
    assert np.array_equal(again.organs.array, phantoms[0].organs.array)


def test_another_seed_gives_another_phantom(phantoms: list[Phantom]) -> None:
    assert phantoms[0].pet.array.shape != phantoms[1].pet.array.shape or not np.array_equal(
        phantoms[0].pet.array, phantoms[1].pet.array
    )


def test_every_focus_of_the_truth_is_in_the_masks_and_none_besides(
    phantoms: list[Phantom],
) -> None:
    for phantom in phantoms:
        told = {one.id for one in phantom.truth if one.kind is not Kind.PHYSIOLOGIC}
        benign = {one.id for one in phantom.truth if one.kind is Kind.PHYSIOLOGIC}
        assert set(np.unique(phantom.lesions.array)) - {0} == told
        assert set(np.unique(phantom.mimics.array)) - {0} == benign


def test_truth_measures_what_the_masks_hold(phantoms: list[Phantom]) -> None:
    for phantom in phantoms:
        for one in phantom.truth:
            labels = phantom.mimics if one.kind is Kind.PHYSIOLOGIC else phantom.lesions
            mask = labels.array == one.id
            assert one.volume_ml == pytest.approx(mask.sum() * SPACING_MM**3 / 1000)
            assert one.suv_max == pytest.approx(float(phantom.pet.array[mask].max()))
            assert one.diameter_mm >= SPACING_MM * np.sqrt(3) * 0.99


def test_nodes_carry_the_station_that_the_map_has_there() -> None:
    """Only far from the diaphragm: there the PET shows a node where it was on CT."""
    checked = 0
    for seed in range(300, 306):
        phantom = simulate(seed, spacing_mm=SPACING_MM, extent=Extent.WHOLE_BODY)
        for one in phantom.truth:
            if one.kind is Kind.NODE:
                assert one.station in phantom.stations.names.values()
                regional = one.nodal_class is NodalClass.REGIONAL
                assert regional == (one.station in REGIONAL)
                near = phantom.stations.mask(one.station or "")
                index = phantom.pet.geometry.to_index(np.array(one.centroid_lps_mm))
                gap = np.abs(np.argwhere(near) - index).max(axis=1).min() * SPACING_MM
                assert gap < 40, f"{one.station} lies {gap} mm from its station"
                checked += 1
    assert checked >= 4


def test_organ_volumes_are_those_of_adults(phantoms: list[Phantom]) -> None:
    bounds = {
        ("liver",): (700, 3600), ("spleen",): (40, 900), ("kidney_left", "kidney_right"): (90, 700),
        ("brain",): (800, 2000), ("trachea",): (15, 150), ("esophagus",): (5, 150),
        ("aorta",): (80, 600), ("vertebrae_L3",): (25, 160), ("sacrum",): (80, 450),
        ("femur_left",): (60, 900), ("sternum",): (25, 200), ("thyroid_gland",): (2, 45),
    }  # fmt: skip
    for phantom in phantoms:
        for names, (low, high) in bounds.items():
            assert low <= volume_ml(phantom, *names) <= high, (phantom.seed, names)


def test_body_lies_the_right_way_round(phantoms: list[Phantom]) -> None:
    """LPS: liver to the right (x < 0), spleen left; head above bladder; spine behind sternum."""
    for phantom in phantoms:

        def middle(name: str, phantom: Phantom = phantom) -> np.ndarray:
            points = np.argwhere(phantom.organs.mask(name)).mean(axis=0)
            return phantom.pet.geometry.to_lps_mm(points)

        assert middle("liver")[0] < -15 < 15 < middle("spleen")[0]
        assert middle("kidney_right")[0] < middle("kidney_left")[0]
        assert middle("rib_right_6")[0] < 0 < middle("rib_left_6")[0]
        assert middle("sternum")[1] < middle("vertebrae_T7")[1]
        order = ["brain", "vertebrae_C5", "vertebrae_T2", "vertebrae_T10", "vertebrae_L3", "sacrum"]
        heights = [middle(name)[2] for name in order]
        assert heights == sorted(heights, reverse=True)


def test_a_scan_shows_what_ct_and_pet_show_of_healthy_tissue(phantoms: list[Phantom]) -> None:
    for phantom in phantoms:
        healthy = (phantom.lesions.array == 0) & (phantom.mimics.array == 0)
        assert phantom.ct is not None
        lung = phantom.organs.mask("lung_upper_lobe_left", "lung_upper_lobe_right") & healthy
        liver = phantom.organs.mask("liver") & healthy
        assert -950 < np.median(phantom.ct.array[lung]) < -500
        assert 0 < np.median(phantom.ct.array[liver]) < 180
        assert 0.8 < np.median(phantom.pet.array[liver]) < 5
        assert np.median(phantom.pet.array[lung]) < np.median(phantom.pet.array[liver])
        assert phantom.pet.array.min() >= 0


def test_no_burden_means_no_lesion() -> None:
    phantom = simulate(9, spacing_mm=8.0, extent=Extent.THORAX, burden=Burden.NONE)
    assert not phantom.lesions.array.any()
    assert all(one.kind is Kind.PHYSIOLOGIC for one in phantom.truth)


def test_held_out_patients_are_never_training_patients() -> None:
    training, held_out = patient_numbers(held_out=False), patient_numbers(held_out=True)
    assert len(held_out) >= 10
    assert len(training) >= 20
    assert not set(training) & set(held_out)


def test_extent_says_what_is_shown() -> None:
    thorax = simulate(5, spacing_mm=8.0, extent=Extent.THORAX)
    assert thorax.organs.mask("heart_ventricle_left", "aorta").any()
    assert not thorax.organs.mask("urinary_bladder", "femur_left").any()


def test_phantom_cannot_be_changed(phantoms: list[Phantom]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        phantoms[0].seed = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        phantoms[0].pet.array[0, 0, 0] = 1
