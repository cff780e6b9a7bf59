"""A dump of any shape becomes one study, or one clear sentence."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from oligocount import intake
from oligocount.config import load_settings
from oligocount.domain.study import Role, Study
from oligocount.errors import AmbiguousSeries, InputError, SeriesNotFound

from . import builders

SETTINGS = load_settings().intake


def scan(folder: Path, **options: str) -> Study:
    return intake.scan(folder, SETTINGS, **options)


def summary(study: Study) -> list[tuple[str, bool, str, int]]:
    return [(one.uid, one.chosen, one.reason, one.n_instances) for one in study.series]


def test_shuffled_and_renamed_files_give_the_same_study(tmp_path: Path) -> None:
    pet = builders.write_series(tmp_path / "a" / "b", "PT")
    ct = builders.write_series(tmp_path / "c", "CT")
    before = scan(tmp_path)
    images = intake.load(before, SETTINGS)
    order = np.random.default_rng(3).permutation(len(pet.files) + len(ct.files))
    names = [f"{n}.dat" for n in order]
    flat = tmp_path.parent / "flat"
    flat.mkdir()
    for file, name in zip((*pet.files, *ct.files), names, strict=True):
        shutil.copy(file, flat / name)
    after = scan(flat)
    assert summary(after) == summary(before)
    assert after.case_id == before.case_id
    assert after.tracer == before.tracer
    again = intake.load(after, SETTINGS)
    assert (again.pet.array == images.pet.array).all()
    assert again.pet.geometry.is_same_grid(images.pet.geometry)


def test_a_zip_is_read_as_the_folder_that_it_holds(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path / "in", "PT")
    packed = tmp_path / "dump.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in series.files:
            archive.write(file, f"DICOM/{file.name}")
        archive.writestr("readme.txt", "no image")
    from_zip, from_folder = scan(packed), scan(tmp_path / "in")
    assert summary(from_zip) == summary(from_folder)
    assert (intake.load(from_zip, SETTINGS).pet.array == series.values).all()
    assert not [each for each in tmp_path.iterdir() if each.name not in {"in", "dump.zip"}]


def test_identity_stands_nowhere_in_the_study(tmp_path: Path) -> None:
    builders.write_series(tmp_path, "PT", patient="NUMBER-77")
    told = repr(scan(tmp_path))
    assert not [word for word in ("Secret", "NUMBER-77", "19500101") if word in told]


def test_a_name_that_slipped_into_a_uid_is_not_shown(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path, "PT")
    for file in series.files:
        data = file.read_bytes()
        uid = series.uid.encode()
        file.write_bytes(data.replace(uid, b"Secret^Name".ljust(len(uid))[: len(uid)]))
    with pytest.raises(InputError, match=r"\(0008,0018\) sop instance uid cannot be") as told:
        scan(tmp_path)
    assert "Secret" not in str(told.value)


def test_case_id_is_a_pseudonym_unless_given(tmp_path: Path) -> None:
    builders.write_series(tmp_path, "PT")
    assert len(scan(tmp_path).case_id) == 8
    assert scan(tmp_path, case_id="A-1").case_id == "A-1"


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the folder is empty"):
        scan(tmp_path)


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        scan(tmp_path / "nowhere")


def test_a_text_file_named_dcm_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_text("hello")
    with pytest.raises(InputError, match=r"a\.dcm: not a DICOM file"):
        scan(tmp_path)


def test_a_truncated_file_alone_is_told(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path / "in", "PT")
    whole = series.files[0].read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: len(whole) - 50])
    shutil.rmtree(tmp_path / "in")
    with pytest.raises(InputError, match=r"cut\.dcm: cut short: its pixels need 240 bytes, 190"):
        scan(tmp_path)


def test_a_truncated_slice_among_others_is_a_missing_slice(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path, "PT")
    whole = series.files[3].read_bytes()
    series.files[3].write_bytes(whole[:-50])
    codes = [one.code for one in scan(tmp_path).caveats]
    assert codes == ["BROKEN_FILES", "SLICES_INTERPOLATED"]


def test_a_damaged_slice_that_is_no_dicom_any_more_is_a_caveat(tmp_path: Path) -> None:
    """The last slice leaves no gap; only its place and name betray it."""
    series = builders.write_series(tmp_path, "PT")
    series.files[7].write_bytes(bytes(500))
    assert [one.code for one in scan(tmp_path).caveats] == ["NOT_DICOM"]


def test_a_text_beside_the_slices_is_no_doubt(tmp_path: Path) -> None:
    builders.write_series(tmp_path, "PT")
    (tmp_path / "LICENSE.txt").write_text("free")
    assert scan(tmp_path).caveats == ()


def test_the_same_files_twice_are_one_series_and_a_caveat(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path / "a", "PT")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    study = scan(tmp_path)
    assert [one.code for one in study.caveats] == ["DUPLICATE_SLICES"]
    assert (intake.load(study, SETTINGS).pet.array == series.values).all()


def test_an_archive_inside_a_folder_is_looked_into(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path / "in", "PT")
    shutil.make_archive(str(tmp_path / "dump" / "x"), "zip", tmp_path / "in")
    shutil.rmtree(tmp_path / "in")
    assert (intake.load(scan(tmp_path), SETTINGS).pet.array == series.values).all()


def two_patients(folder: Path) -> tuple[builders.Written, builders.Written]:
    """PET/CT of one, and of another a PET and an MR."""
    mine = builders.write_series(folder / "a", "PT", patient="ALPHA", study="1.2.31")
    builders.write_series(folder / "b", "CT", patient="ALPHA", study="1.2.31")
    other = builders.write_series(folder / "c", "PT", patient="BETA", study="1.2.32", seed=1)
    builders.write_series(folder / "d", "MR", patient="BETA", study="1.2.32")
    return mine, other


def test_pet_of_two_patients_is_never_chosen_between(tmp_path: Path) -> None:
    mine, _ = two_patients(tmp_path)
    with pytest.raises(
        AmbiguousSeries, match=r"PET of 2 patients in 2 studies \(1\.2\.31, 1\.2\.32\)"
    ) as told:
        scan(tmp_path)
    assert "--pet-series" in str(told.value)
    assert mine.uid in str(told.value)
    assert "ALPHA" not in str(told.value)


def test_the_other_patients_series_are_named_and_left_out(tmp_path: Path) -> None:
    mine, other = two_patients(tmp_path)
    study = scan(tmp_path, pet_series=mine.uid)
    assert [one.role for one in study.series if one.chosen] == [Role.PET, Role.CT]
    assert [one.code for one in study.caveats] == ["OTHER_PATIENT"]
    refused = {one.uid: one.reason for one in study.series if not one.chosen}
    assert refused[other.uid].startswith("of another patient than the PET")
    assert len(refused) == 2
    assert "BETA" not in repr(study)


def test_a_stray_scan_of_another_patient_does_not_stop_the_only_pet(tmp_path: Path) -> None:
    builders.write_series(tmp_path / "a", "PT", patient="ALPHA", study="1.2.31")
    builders.write_series(tmp_path / "b", "CT", patient="BETA", study="1.2.32")
    study = scan(tmp_path)
    assert [one.role for one in study.series if one.chosen] == [Role.PET]
    assert [one.code for one in study.caveats] == ["OTHER_PATIENT"]


def test_a_series_that_mixes_patients_is_refused(tmp_path: Path) -> None:
    def rename(dataset: Dataset, k: int) -> None:
        if k == 3:
            dataset.PatientID = "BETA"

    builders.write_series(tmp_path, "PT", edit=rename)
    with pytest.raises(InputError, match="its files are of 2 patients"):
        scan(tmp_path)


def test_pet_and_ct_without_a_frame_of_reference_are_a_caveat(tmp_path: Path) -> None:
    def drop(dataset: Dataset, k: int) -> None:
        del dataset.FrameOfReferenceUID

    builders.write_series(tmp_path / "pet", "PT", edit=drop)
    builders.write_series(tmp_path / "ct", "CT", edit=drop)
    assert [one.code for one in scan(tmp_path).caveats] == ["FRAME_OF_REFERENCE_ABSENT"]


def test_a_folder_without_pet_is_told(tmp_path: Path) -> None:
    builders.write_series(tmp_path, "CT")
    with pytest.raises(SeriesNotFound, match="no PET series"):
        scan(tmp_path)


def test_other_objects_are_named(tmp_path: Path) -> None:
    builders.write_series(tmp_path / "pet", "PT")
    others = {
        "1.2.840.10008.5.1.4.1.1.7": "Secondary Capture Image",
        "1.2.840.10008.5.1.4.1.1.88.67": "X-Ray Radiation Dose SR",
        "1.2.840.10008.5.1.4.1.1.11.1": "Grayscale Softcopy Presentation State",
        "1.2.840.10008.5.1.4.1.1.104.1": "Encapsulated PDF",
        "1.2.840.10008.5.1.4.1.1.67": "Real World Value Mapping",
        "1.2.840.10008.5.1.4.1.1.481.3": "RT Structure Set",
        "1.2.840.10008.5.1.4.1.1.66.4": "Segmentation",
        "1.2.3.99": "unknown object class",
    }
    for n, sop_class in enumerate(others):
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, f"1.9.{n}"
        dataset.SeriesInstanceUID, dataset.StudyInstanceUID = f"1.8.{n}", "1.2.3"
        dataset.PatientID, dataset.Modality = "P1", "OT"
        builders.save(dataset, tmp_path / f"{n}")
    study = scan(tmp_path)
    told = {one.uid: one for one in study.series}
    for n, name in enumerate(others.values()):
        assert told[f"1.8.{n}"].reason.startswith(name)
        assert not told[f"1.8.{n}"].chosen
    masks = [one for one in study.series if one.role is Role.MASK]
    assert sorted(one.uid for one in masks) == ["1.8.5", "1.8.6"]


def test_a_file_without_preamble_is_read(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path, "PT")
    for file in series.files:
        data = file.read_bytes()
        meta_length = int.from_bytes(data[140:144], "little")
        file.write_bytes(data[144 + meta_length :])
    assert (intake.load(scan(tmp_path), SETTINGS).pet.array == series.values).all()


def test_a_tie_lists_both_and_the_option_settles_it(tmp_path: Path) -> None:
    one = builders.write_series(tmp_path / "a", "PT", seed=1, description="WB")
    two = builders.write_series(tmp_path / "b", "PT", seed=2, description="WB TOF")
    with pytest.raises(AmbiguousSeries, match="--pet-series UID") as told:
        scan(tmp_path)
    assert one.uid in str(told.value)
    assert two.uid in str(told.value)
    (pet,) = scan(tmp_path, pet_series=one.uid).chosen(Role.PET)
    assert pet.uid == one.uid


def test_an_unknown_pet_series_is_told(tmp_path: Path) -> None:
    builders.write_series(tmp_path, "PT")
    with pytest.raises(SeriesNotFound, match="no PET series has this UID"):
        scan(tmp_path, pet_series="1.2.3.4.5")


def test_a_dicomdir_that_names_absent_files_is_a_caveat(tmp_path: Path) -> None:
    series = builders.write_series(tmp_path / "IMAGES", "PT")
    index = Dataset()
    index.SOPClassUID, index.SOPInstanceUID = "1.2.840.10008.1.3.10", "1.9"
    names = [f"{file.name}" for file in series.files] + ["9998", "9999"]
    index.DirectoryRecordSequence = []
    for name in names:
        record = Dataset()
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", ["IMAGES", name]
        index.DirectoryRecordSequence.append(record)
    builders.save(index, tmp_path / "DICOMDIR")
    study = scan(tmp_path / "DICOMDIR")
    (caveat,) = study.caveats
    assert caveat.code == "DICOMDIR_INCOMPLETE"
    assert caveat.text == "2 of 10 files that the DICOMDIR names are missing"


def test_acrin_042_takes_ac_and_names_the_rest(shared_data: Path) -> None:
    """The NAC series lists ATTN among its corrections: its unit and its name give it away."""
    study = scan(shared_data / "acrin_042")
    told = {one.description: one for one in study.series}
    assert [one.description for one in study.series if one.chosen] == ["PET AC", "CT IMAGES"]
    assert "PROPCNTS" in told["PET NAC"].reason
    assert "scout" in told["SCOUT"].reason
    assert "Real World Value Mapping" in told["PET SUV Factors"].reason
    images = intake.load(study, SETTINGS)
    assert images.pet.array.shape == (135, 128, 128)
    assert images.ct is not None
    assert images.ct.array.shape == (135, 512, 512)
    assert images.ct.array.min() == -1024


def test_sts_001_takes_pet_and_both_mr(shared_data: Path) -> None:
    study = scan(shared_data / "sts_001")
    images = intake.load(study, SETTINGS)
    assert images.pet.array.shape == (267, 128, 128)
    assert sorted(one.kind for one in images.mr) == ["t1", "t2"]
    assert images.ct is None
    assert sum(one.role is Role.MASK for one in study.series) == 3
