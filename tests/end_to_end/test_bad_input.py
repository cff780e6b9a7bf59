"""Input that cannot be used gets one clear sentence, its exit status, and leaves nothing."""

import shutil
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from intake import builders
from oligocount.cli.main import main


def run(folder: Path, out: Path) -> int:
    return main(["run", str(folder), "-o", str(out), "--organs", "rules", "--lesions", "suv40"])


def write_ct_slice(file: Path, patient: str) -> None:
    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.Modality, dataset.PatientID, dataset.PatientName = "CT", patient, "Doe^Jane"
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=[patient])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[patient, "CT"])
    dataset.Rows = dataset.Columns = 4
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.SamplesPerPixel, dataset.PixelRepresentation = 15, 1, 1
    dataset.PhotometricInterpretation, dataset.PixelData = "MONOCHROME2", bytes(32)
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [1, 1]
    dataset.save_as(file, enforce_file_format=True)


def empty(folder: Path) -> None:
    """Nothing in it."""


def without_pet(folder: Path) -> None:
    write_ct_slice(folder / "one", "A")


def text_named_dcm(folder: Path) -> None:
    (folder / "one.dcm").write_text("not an image")


def truncated(folder: Path) -> None:
    write_ct_slice(folder / "one.dcm", "A")
    whole = (folder / "one.dcm").read_bytes()
    (folder / "one.dcm").write_bytes(whole[: len(whole) // 3])


def two_patients(folder: Path) -> None:
    for n, patient in enumerate("AB"):
        builders.write_series(folder / patient, seed=n, patient=patient, study=f"1.2.{n}")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (empty, "empty"),
        (without_pet, "no PET series"),
        (text_named_dcm, "one.dcm: not a DICOM file"),
        (truncated, "one.dcm"),
        (two_patients, "PET of 2 patients"),
    ],
)
def test_unusable_input_is_refused_with_the_reason(
    make, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    make(tmp_path / "in")
    assert run(tmp_path / "in", tmp_path / "out") == 3
    told = capsys.readouterr().err
    assert said in told
    assert "Doe" not in told
    assert [each.name for each in tmp_path.iterdir()] == ["in"]


def test_an_out_that_is_a_file_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("mine")
    assert run(tmp_path / "nowhere", tmp_path / "out") == 6
    assert "found a file" in capsys.readouterr().err


def test_an_out_with_somebody_elses_files_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.docx").write_text("mine")
    assert run(tmp_path / "nowhere", tmp_path / "out") == 6
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["thesis.docx"]


def test_an_out_that_cannot_be_made_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run(tmp_path / "nowhere", tmp_path / "file" / "out") == 6


def test_a_fact_that_nobody_knows_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "facts.yaml").write_text("histologie: SCC")
    given = ["run", str(tmp_path), "-o", str(tmp_path / "out")]
    assert main([*given, "--clinical", str(tmp_path / "facts.yaml")]) == 2
    assert "histologie" in capsys.readouterr().err


def test_a_model_that_is_not_there_is_a_settings_error(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    assert main(["run", str(tmp_path), "-o", str(tmp_path / "out"), "--lesions", "best"]) == 2
