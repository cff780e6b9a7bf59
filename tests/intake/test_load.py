"""Volumes come out voxel by voxel as written, and as SimpleITK reads them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from oligocount import intake
from oligocount.config import load_settings
from oligocount.domain.study import Images
from oligocount.errors import GeometryError, InputError
from oligocount.geometry.affine import reverse_index_order

from . import builders

SETTINGS = load_settings().intake
ORIENTATIONS = {
    "axial": builders.AXIAL,
    "coronal": builders.CORONAL,
    "sagittal": builders.SAGITTAL,
    "flipped": builders.FLIPPED,
    "head_down": builders.HEAD_DOWN,
    "oblique": builders.OBLIQUE,
}


def read(folder: Path) -> Images:
    return intake.load(intake.scan(folder, SETTINGS), SETTINGS)


def read_with_sitk(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Voxels (k, j, i) and the affine from (k, j, i) by SimpleITK's series reader."""
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    reader.SetOutputPixelType(sitk.sitkFloat64)
    image = reader.Execute()
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    affine[:3, :3] = direction * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image), reverse_index_order(affine)


@pytest.mark.parametrize("modality", ["PT", "CT", "MR"])
@pytest.mark.parametrize("orientation", ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_voxels_and_places_are_those_of_simpleitk_and_of_the_writer(
    tmp_path: Path, modality: str, orientation: tuple[tuple[float, ...], ...]
) -> None:
    series = builders.write_series(
        tmp_path / "a", modality, orientation=orientation, stored=12, is_signed=False
    )
    if modality != "PT":
        builders.write_series(tmp_path / "pet", "PT", spacing=(3.0, 2.0, 1.5))
    images = read(tmp_path)
    mr = images.mr[0].volume if images.mr else None
    volume = {"PT": images.pet, "CT": images.ct, "MR": mr}[modality]
    assert volume is not None
    voxels, affine = read_with_sitk(tmp_path / "a")
    np.testing.assert_allclose(volume.array, voxels, rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(volume.geometry.affine, affine, atol=1e-4)
    np.testing.assert_allclose(volume.array, series.values, rtol=1e-6)
    np.testing.assert_allclose(volume.geometry.affine, series.affine, atol=1e-5)


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian, RLELossless, JPEGLSLossless, JPEG2000Lossless,
    ],
    ids=lambda uid: uid.name,
)  # fmt: skip
def test_every_lossless_transfer_syntax_gives_the_same_voxels(tmp_path: Path, syntax: str) -> None:
    series = builders.write_series(
        tmp_path, shape=(4, 64, 48), syntax=syntax, is_signed=False, stored=12
    )
    np.testing.assert_array_equal(read(tmp_path).pet.array, series.values)


@pytest.mark.parametrize(
    ("bits", "stored", "is_signed"),
    [(8, 8, False), (16, 16, True), (16, 12, True), (16, 16, False), (16, 10, False),
     (32, 32, True), (32, 24, False)],
)  # fmt: skip
def test_signed_and_unsigned_of_every_depth(
    tmp_path: Path, bits: int, stored: int, is_signed: bool
) -> None:
    series = builders.write_series(tmp_path, bits=bits, stored=stored, is_signed=is_signed)
    np.testing.assert_allclose(read(tmp_path).pet.array, series.values, rtol=1e-7)


def test_slope_of_each_slice_is_its_own_and_an_empty_end_slice_fixes_nothing(
    tmp_path: Path,
) -> None:
    """The first slice is empty with slope 1; the others keep their fractions."""

    def empty_first(dataset: object, k: int) -> None:
        if k == 0:
            dataset.PixelData = bytes(len(dataset.PixelData))

    slopes = (1.0, 0.37, 1.2345678, 7.5, 0.001, 2.0, 3.3, 0.5)
    series = builders.write_series(tmp_path, slopes=slopes, edit=empty_first)
    array = read(tmp_path).pet.array
    assert not array[0].any()
    np.testing.assert_allclose(array[1:], series.values[1:], rtol=1e-6)


def test_bits_above_the_stored_ones_are_no_values(tmp_path: Path) -> None:
    """An old overlay in the unused high bits must not change the voxel."""

    def draw_overlay(dataset: object, k: int) -> None:
        raw = np.frombuffer(dataset.PixelData, "<u2") | 0x8000
        dataset.PixelData = raw.tobytes()

    series = builders.write_series(tmp_path, stored=12, is_signed=False, edit=draw_overlay)
    np.testing.assert_array_equal(read(tmp_path).pet.array, series.values)


def test_a_missing_slice_is_halfway_between_its_neighbours(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path)
    series.files[3].unlink()
    study = intake.scan(tmp_path, SETTINGS)
    array = intake.load(study, SETTINGS).pet.array
    assert [one.code for one in study.caveats] == ["SLICES_INTERPOLATED"]
    np.testing.assert_allclose(array[3], (series.values[2] + series.values[4]) / 2)
    np.testing.assert_allclose(np.delete(array, 3, 0), np.delete(series.values, 3, 0))


def at_heights(*heights: float) -> object:
    """Slices moved along z, each filled with its own height."""

    def edit(dataset: object, k: int) -> None:
        dataset.ImagePositionPatient = [-40, -30, heights[k]]
        plane = np.full((dataset.Rows, dataset.Columns), 10 * heights[k], "<i2")
        dataset.PixelData = plane.tobytes()

    return edit


@pytest.mark.parametrize(
    "heights",
    [
        (0, 3, 6, 9, 14, 19, 24, 29),  # two scans of 3 and 5 mm joined
        (0, 3, 6.4, 9.1, 12, 15.3, 18, 21),  # a table that did not move evenly
        (0, 3, 6, 12.4, 15, 18, 21, 24),  # one slice lost as well
    ],
)
def test_uneven_spacing_is_resampled_so_that_a_ramp_stays_a_ramp(
    tmp_path: Path, heights: tuple[float, ...]
) -> None:
    """Each voxel holds ten times its own height, wherever slices were."""
    builders.write_series(tmp_path, edit=at_heights(*heights))
    study = intake.scan(tmp_path, SETTINGS)
    pet = intake.load(study, SETTINGS).pet
    assert [one.code for one in study.caveats] == ["SPACING_UNEVEN"]
    z = pet.geometry.to_lps_mm(np.array([[k, 0, 0] for k in range(pet.array.shape[0])]))[:, 2]
    assert (z[0], z[-1]) == pytest.approx((heights[0], heights[-1]))
    np.testing.assert_allclose(pet.array[:, 3, 3], 10 * z, atol=0.6)  # stored as whole numbers
    assert pet.geometry.spacing_mm[0] <= np.diff(heights).min() * 1.06


def test_uneven_spacing_is_refused_where_the_setting_says_so(tmp_path: Path) -> None:
    builders.write_series(tmp_path, edit=at_heights(0, 3, 6, 9, 14, 19, 24, 29))
    slices = dataclasses.replace(SETTINGS.slices, uneven_max_gap_mm=0.0)
    with pytest.raises(GeometryError, match=r"varies from 3 to 5 mm.*uneven_max_gap_mm"):
        intake.scan(tmp_path, dataclasses.replace(SETTINGS, slices=slices))


@pytest.mark.parametrize(
    ("heights", "words"),
    [
        ((0, 3, 6, 9, 12, 15, 26.5, 29), "varies from 2.5 to 11.5 mm"),
        ((0, 3, 9.4, 12.4, 18.8, 21.8, 24.8, 27.8), "2 of .* slices are missing"),
        ((0, 3, 6, 9, 9.2, 12, 15, 18), "share a position"),
    ],
)
def test_uneven_spacing_that_hides_a_loss_is_refused(
    tmp_path: Path, heights: tuple[float, ...], words: str
) -> None:
    builders.write_series(tmp_path, edit=at_heights(*heights))
    slices = dataclasses.replace(SETTINGS, max_interpolated_slices=3 if "varies" in words else 1)
    with pytest.raises(InputError, match=words):
        intake.scan(tmp_path, slices)


def test_padding_below_air_is_air(tmp_path: Path) -> None:
    def pad(dataset: object, k: int) -> None:
        raw = np.frombuffer(dataset.PixelData, "<i2").copy()
        raw[:5] = -2000
        dataset.PixelData = raw.tobytes()

    builders.write_series(tmp_path / "ct", "CT", stored=12, bits=16, edit=pad)
    builders.write_series(tmp_path / "pet", "PT")
    ct = read(tmp_path).ct
    assert ct is not None
    assert ct.array[0, 0, :5].tolist() == [-1024.0] * 5


def test_a_tilted_gantry_is_moved_upright(tmp_path: Path) -> None:
    """A line that leans one pixel a slice in the files stands upright in the volume."""
    shape = (8, 12, 10)

    def bright_line(dataset: object, k: int) -> None:
        plane = np.zeros(shape[1:], "<i2")
        plane[5, 8 - k] = 1000
        dataset.PixelData = plane.tobytes()

    series = builders.write_series(tmp_path, shape=shape, lean_mm=1.5, edit=bright_line)
    study = intake.scan(tmp_path, SETTINGS)
    volume = intake.load(study, SETTINGS).pet
    assert [one.code for one in study.caveats] == ["GANTRY_TILT"]
    hot = np.argwhere(volume.array > 500)
    places = volume.geometry.to_lps_mm(hot)
    expected = series.affine @ np.array([0, 5, 8, 1])
    np.testing.assert_allclose(places[:, :2], np.tile(expected[:2], (8, 1)), atol=1e-6)
    np.testing.assert_allclose(volume.array.sum(), 8000, rtol=1e-5)
    assert abs(volume.geometry.affine[:3, 0] @ volume.geometry.affine[:3, 2]) < 1e-9


def test_progress_grows_to_the_number_of_slices(tmp_path: Path) -> None:
    builders.write_series(tmp_path, shape=(40, 4, 4))
    seen: list[tuple[int, int]] = []
    study = intake.scan(tmp_path, SETTINGS)
    intake.load(study, SETTINGS, progress=lambda done, total: seen.append((done, total)))
    assert [total for _, total in seen] == [40] * len(seen)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (40, 40)


def test_reading_changes_no_file(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path)
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in series.files]
    read(tmp_path)
    assert before == [(file.read_bytes(), file.stat().st_mtime_ns) for file in series.files]
