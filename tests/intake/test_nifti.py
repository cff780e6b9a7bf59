"""NIfTI in any orientation gives one world; what cannot be placed is refused."""

import gzip
import itertools
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oligocount.domain.study import Role
from oligocount.domain.volume import Unit
from oligocount.errors import GeometryError, InputError
from oligocount.intake.nifti import read_nifti_labels, read_nifti_study, read_nifti_volume

SHAPE = (3, 4, 5)
OBLIQUE = sitk.VersorTransform([0.3, -0.5, 0.7], 0.4)


def write(file: Path, array: np.ndarray, affine: np.ndarray | None = None, **codes: int) -> Path:
    image = nibabel.Nifti1Image(array, np.diag([2.0, 3.0, 4.0, 1.0]) if affine is None else affine)
    image.set_sform(image.affine, codes.get("sform", 1))
    image.set_qform(image.affine, codes.get("qform", 1))
    nibabel.save(image, file)
    return file


def ramp(shape: tuple = SHAPE) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


ORIENTATIONS = ["".join(code) for pairs in itertools.permutations(["RL", "AP", "SI"])
                for code in itertools.product(*pairs)]  # fmt: skip


@pytest.mark.parametrize("code", ORIENTATIONS)
@pytest.mark.parametrize("is_oblique", [False, True])
def test_every_voxel_lies_where_simpleitk_puts_it(
    code: str, is_oblique: bool, tmp_path: Path
) -> None:
    """All 48 orientations: the value at each voxel's LPS position is the same for both readers."""
    steps = np.zeros((4, 4))
    for axis, letter in enumerate(code):
        world = next(n for n, pair in enumerate(["RL", "AP", "SI"]) if letter in pair)
        steps[world, axis] = (2.0, 3.0, 4.0)[axis] * (1 if letter in "RAS" else -1)
    steps[:, 3] = (10, -20, 30, 1)
    if is_oblique:
        turn = np.eye(4)
        turn[:3, :3] = np.array(OBLIQUE.GetMatrix()).reshape(3, 3)
        steps = turn @ steps
    file = write(tmp_path / "image.nii.gz", ramp(), steps)
    volume, caveats = read_nifti_volume(file, Unit.SUVBW)
    assert caveats == ()
    other = sitk.ReadImage(str(file), sitk.sitkFloat32)
    for index in np.ndindex(*volume.array.shape):
        point = volume.geometry.to_lps_mm(np.array(index, float))
        there = other.TransformPhysicalPointToContinuousIndex(point.tolist())
        rounded = [round(each) for each in there]
        assert np.abs(np.array(there) - rounded).max() < 1e-3
        assert volume.array[index] == other.GetPixel(*rounded)


@pytest.mark.parametrize("code", ["RAS", "LPS", "PIR", "SAL"])
def test_k_runs_up_j_back_and_i_left_whatever_the_file_does(code: str, tmp_path: Path) -> None:
    plain = nibabel.Nifti1Image(ramp(), np.diag([2.0, 3.0, 4.0, 1.0]))
    turn = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(plain.affine), nibabel.orientations.axcodes2ornt(code)
    )
    nibabel.save(plain.as_reoriented(turn), tmp_path / "turned.nii")
    volume, _ = read_nifti_volume(tmp_path / "turned.nii", Unit.HU)
    x, y, z = (
        volume.geometry.affine[:3, 2],
        volume.geometry.affine[:3, 1],
        volume.geometry.affine[:3, 0],
    )
    assert (x[0] > 0, y[1] > 0, z[2] > 0) == (True, True, True)
    assert volume.array.shape == SHAPE[::-1]
    assert volume.array[0, 0, 0] == ramp()[-1, -1, 0]  # most right, most anterior, lowest


def test_a_real_image_lies_where_simpleitk_puts_it(shared_data: Path) -> None:
    file = shared_data / "ibsi_sts" / "STS_001" / "PET_image.nii.gz"
    volume, _ = read_nifti_volume(file, Unit.SUVBW)
    other = sitk.ReadImage(str(file), sitk.sitkFloat32)
    hottest = np.unravel_index(volume.array.argmax(), volume.array.shape)
    point = volume.geometry.to_lps_mm(np.array(hottest, float))
    assert other[other.TransformPhysicalPointToIndex(point.tolist())] == volume.array.max()


def test_a_conflict_of_sform_and_qform_is_told_and_the_sform_followed(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(ramp(), np.eye(4))
    moved = np.eye(4)
    moved[0, 3] = 7.0
    image.set_sform(moved, 1)
    image.set_qform(np.eye(4), 1)
    nibabel.save(image, tmp_path / "two.nii")
    volume, (doubt,) = read_nifti_volume(tmp_path / "two.nii", Unit.HU)
    assert doubt.code == "SFORM_QFORM_CONFLICT"
    assert "7.0 mm" in doubt.text
    assert volume.geometry.to_lps_mm(np.array([0.0, 0, 2]))[0] == pytest.approx(-7)


@pytest.mark.parametrize(("sform", "qform"), [(1, 0), (0, 1), (2, 4)])
def test_one_coded_form_is_enough(sform: int, qform: int, tmp_path: Path) -> None:
    file = write(tmp_path / "one.nii", ramp(), sform=sform, qform=qform)
    volume, caveats = read_nifti_volume(file, Unit.HU)
    assert volume.geometry.spacing_mm == pytest.approx((4, 3, 2))
    assert caveats == ()


def test_an_image_without_a_place_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "lost.nii", ramp(), sform=0, qform=0)
    with pytest.raises(GeometryError, match="where it lies is unknown"):
        read_nifti_volume(file, Unit.HU)


@pytest.mark.parametrize("change", ["singular", "sheared", "nan"])
def test_an_affine_that_is_no_grid_is_refused(change: str, tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(ramp(), np.eye(4))
    affine = np.eye(4)
    affine[0, {"singular": 0, "sheared": 1, "nan": 3}[change]] = {
        "singular": 0.0, "sheared": 0.3, "nan": np.nan}[change]  # fmt: skip
    image.header["srow_x"] = affine[0]
    image.header["sform_code"] = 1
    image._affine = None
    image.to_filename(tmp_path / "odd.nii")
    raw = bytearray((tmp_path / "odd.nii").read_bytes())
    raw[280:296] = affine[0].astype("<f4").tobytes()
    raw[254:256] = np.int16(1).tobytes()
    (tmp_path / "odd.nii").write_bytes(raw)
    with pytest.raises(GeometryError):
        read_nifti_volume(tmp_path / "odd.nii", Unit.HU)


def test_a_time_series_is_refused_and_a_lone_fourth_axis_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="time series"):
        read_nifti_volume(write(tmp_path / "4d.nii", ramp((3, 4, 5, 2))), Unit.SUVBW)
    volume, _ = read_nifti_volume(write(tmp_path / "1.nii", ramp((3, 4, 5, 1))), Unit.SUVBW)
    assert volume.array.shape == (5, 4, 3)


def test_values_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    array = ramp()
    array[1, 1, 1] = np.nan
    with pytest.raises(InputError, match="finite"):
        read_nifti_volume(write(tmp_path / "nan.nii", array), Unit.SUVBW)


def test_scaled_integers_come_out_as_their_values(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(ramp().astype(np.int16), np.eye(4))
    image.header.set_slope_inter(0.25, 0)
    nibabel.save(image, tmp_path / "scaled.nii.gz")
    volume, _ = read_nifti_volume(tmp_path / "scaled.nii.gz", Unit.SUVBW)
    assert volume.array.max() == pytest.approx(0.25 * 59, rel=1e-3)


def test_labels_keep_their_numbers_also_when_stored_as_floats(tmp_path: Path) -> None:
    array = np.zeros(SHAPE, np.float32)
    array[0, 0, 0], array[2, 3, 4] = 3, 7
    labels, _ = read_nifti_labels(write(tmp_path / "mask.nii.gz", array))
    assert labels.names == {3: "3", 7: "7"}
    assert sorted(np.unique(labels.array)) == [0, 3, 7]


@pytest.mark.parametrize("value", [0.5, -1.0])
def test_a_mask_with_other_than_whole_positive_numbers_is_refused(
    value: float, tmp_path: Path
) -> None:
    array = np.zeros(SHAPE, np.float32)
    array[0, 0, 0] = value
    with pytest.raises(InputError, match="whole numbers"):
        read_nifti_labels(write(tmp_path / "mask.nii", array))


def test_lengths_in_metres_are_refused(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(ramp(), np.eye(4))
    image.header.set_xyzt_units("meter")
    nibabel.save(image, tmp_path / "m.nii")
    with pytest.raises(GeometryError, match="meter"):
        read_nifti_volume(tmp_path / "m.nii", Unit.HU)


def test_only_lengths_in_mm_or_in_nothing_said_are_read_whatever_times_are_in(
    tmp_path: Path,
) -> None:
    """Every value of xyzt_units: its three lowest bits are 0 for nothing said, 2 for mm."""
    raw = bytearray(write(tmp_path / "good.nii", ramp()).read_bytes())
    file = tmp_path / "units.nii"
    for value in range(256):
        raw[123] = value
        file.write_bytes(raw)
        if value % 8 in (0, 2):
            assert read_nifti_volume(file, Unit.HU)[0].array.size == ramp().size
        else:
            with pytest.raises(GeometryError, match="expected mm"):
                read_nifti_volume(file, Unit.HU)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x1f\x8b\x08 cut"])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.dcm"])
def test_a_file_that_is_no_nifti_is_named(content: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        read_nifti_volume(tmp_path / name, Unit.HU)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 347), value=st.integers(0, 255))
def test_no_byte_of_the_header_can_break_the_reading(
    place: int, value: int, tmp_path: Path
) -> None:
    raw = bytearray(write(tmp_path / "good.nii", ramp()).read_bytes())
    raw[place] = value
    (tmp_path / "bad.nii").write_bytes(raw)
    try:
        volume, _ = read_nifti_volume(tmp_path / "bad.nii", Unit.SUVBW)
    except InputError:
        return
    assert np.isfinite(volume.array).all()


def test_a_study_of_files_knows_its_series_and_gives_a_pseudonym(tmp_path: Path) -> None:
    pet = write(tmp_path / "pet.nii.gz", ramp())
    ct = write(tmp_path / "ct.nii.gz", ramp() - 30)
    mr = write(tmp_path / "mr.nii.gz", ramp() + 1)
    study, images = read_nifti_study(pet, pet_unit=Unit.SUVBW, ct=ct, mr=(mr,))
    assert [one.role for one in study.series] == [Role.PET, Role.CT, Role.MR]
    assert (images.pet.unit, images.ct.unit) == (Unit.SUVBW, Unit.HU)
    assert images.mr[0].series_uid == study.series[2].uid
    assert len(study.case_id) == 8
    again, _ = read_nifti_study(pet, pet_unit=Unit.SUVBW, case_id="case-7")
    assert (again.case_id, again.series[0].uid) == ("case-7", study.series[0].uid)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_a_header_that_announces_more_than_memory_holds_is_refused(
    tmp_path: Path, ending: str
) -> None:
    """A header of 348 bytes, and no voxel; packed zeros could stand behind it for hours."""
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.float32)
    header.set_data_shape((30_000, 30_000, 30_000))
    header.set_sform(np.eye(4), code=1)
    raw = header.binaryblock + bytes(4)
    file = tmp_path / f"bomb{ending}"
    file.write_bytes(gzip.compress(raw) if ending.endswith("gz") else raw)
    with pytest.raises(GeometryError, match=r"30000 x 30000 x 30000 voxels need 100582\.8 GiB"):
        read_nifti_volume(file, Unit.SUVBW)
