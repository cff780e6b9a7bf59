"""The patient's part of the field of view: air goes, uptake stays, positions stay."""

import numpy as np

from oligocount.config import load_settings
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.quantify.field import crop_to_patient

FIELD = load_settings().quantify.field
SPACING_MM = 4.0
MARGIN = round(FIELD.margin_mm / SPACING_MM)
BLOCK = round(FIELD.block_mm / SPACING_MM)


def volume(array: np.ndarray) -> Volume:
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = SPACING_MM
    affine[:, 3] = (-100, -120, 30, 1)
    geometry = Geometry(shape=array.shape, affine=affine)
    return Volume(array=array.astype(np.float32), unit=Unit.SUVBW, geometry=geometry)


def body() -> np.ndarray:
    """60 rows and 80 columns of air, a body in rows 21 to 38 and columns 30 to 50."""
    array = np.zeros((10, 60, 80))
    array[2:8, 21:39, 30:51] = 1.0
    return array


def test_air_around_goes_and_no_slice_does() -> None:
    suv = volume(body())
    kept = crop_to_patient(suv, FIELD)
    low = kept.geometry.affine[:3, 3] - suv.geometry.affine[:3, 3]
    assert kept.array.shape[0] == 10
    assert kept.array.sum() == suv.array.sum()
    assert 21 - MARGIN - BLOCK <= low[1] / SPACING_MM <= 21 - MARGIN
    assert 30 - MARGIN - BLOCK <= low[0] / SPACING_MM <= 30 - MARGIN
    assert kept.array.shape[1] <= 18 + 2 * (MARGIN + BLOCK)


def test_a_voxel_keeps_its_place_in_the_world() -> None:
    array = body()
    array[5, 30, 40] = 9.0
    suv = volume(array)
    kept = crop_to_patient(suv, FIELD)
    found = np.array(np.unravel_index(kept.array.argmax(), kept.array.shape), float)
    assert np.allclose(
        suv.geometry.to_lps_mm(np.array([5.0, 30.0, 40.0])), kept.geometry.to_lps_mm(found)
    )


def test_noise_in_the_air_does_not_count_and_a_hot_voxel_does() -> None:
    array = body()
    array[np.random.default_rng(0).random(array.shape) < 0.03] += 0.3
    noisy = crop_to_patient(volume(array), FIELD)
    assert noisy.array.shape[2] < 60
    array[3, 30, 78] = 4.0  # a dose beside the vein of an arm at the edge of the field
    assert crop_to_patient(volume(array), FIELD).array.max() == 4.0


def test_a_body_that_touches_the_edge_is_kept_to_the_edge() -> None:
    suv = volume(np.ones((4, 30, 30)))
    assert crop_to_patient(suv, FIELD).geometry.is_same_grid(suv.geometry)


def test_an_empty_field_stays_whole() -> None:
    suv = volume(np.zeros((4, 30, 30)))
    assert crop_to_patient(suv, FIELD) is suv
