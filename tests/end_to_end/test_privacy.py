"""No output and no log names the patient: every word that inspect, convert and run write."""

import gzip
import logging
import sys
from pathlib import Path

import pydicom
import pytest

from oligocount.cli.main import main
from oligocount.simulate.acquisition import Vendor, draw_acquisition
from oligocount.simulate.study import Form, write_study

sys.path.insert(0, str(Path(__file__).parents[1] / "simulate"))
from hand_built import phantom

IDENTITY = {
    "PatientName": "Quuxley^Zebedee",
    "PatientID": "MRN-7719-XQ",
    "PatientBirthDate": "19430217",
    "OtherPatientIDs": "ALT-5523-ID",
    "PatientAddress": "17 Nowhere Lane",
    "PatientTelephoneNumbers": "555-0188",
    "PatientMotherBirthName": "Plimsoll",
    "AccessionNumber": "ACC-99183",
    "StudyID": "STID-4471",
    "InstitutionName": "Saint Elsewhere",
    "InstitutionAddress": "1 Ward Road",
    "ReferringPhysicianName": "Kildare^James",
    "PerformingPhysicianName": "Casey^Ben",
    "OperatorsName": "Operator^Olga",
    "StationName": "STATION-PT-3",
    "PatientComments": "knows Quuxley senior",
}
WORDS = [part for value in IDENTITY.values() for part in value.split("^") if len(part) > 4]
CLEAN = ("report.html", "viewer.html")


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small PET/CT study whose every file carries a whole identity."""
    folder = tmp_path_factory.mktemp("privacy") / "study"
    acquisition = draw_acquisition(3, Vendor.GE)
    write_study(phantom(), folder, acquisition=acquisition, form=Form.DICOM, report=lambda *_: None)
    for file in (folder / "dicom").rglob("*"):
        if file.is_file():
            dataset = pydicom.dcmread(file)
            for keyword, value in IDENTITY.items():
                setattr(dataset, keyword, value)
            dataset.save_as(file)
    return folder / "dicom"


def named_in(text: str) -> list[str]:
    return [word for word in WORDS if word.lower() in text.lower()]


def said(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> str:
    shown = capsys.readouterr()
    return shown.out + shown.err + caplog.text


def contents(folder: Path) -> dict[str, str]:
    """Every file below, unpacked where it is packed; DICOM objects carry identity by design."""
    found = {}
    for file in folder.rglob("*"):
        if file.is_file() and file.parent.name != "dicom":
            data = file.read_bytes()
            data = gzip.decompress(data) if file.suffix == ".gz" else data
            found[str(file.relative_to(folder))] = file.name + data.decode("latin-1")
    return found


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_inspect_names_nobody(
    scan: Path,
    form: list[str],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    assert main(["inspect", str(scan), *form]) == 0
    assert named_in(said(capsys, caplog)) == []


def test_convert_names_nobody(
    scan: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    assert main(["convert", str(scan), "-o", str(tmp_path / "out")]) == 0
    assert named_in(said(capsys, caplog)) == []
    files = contents(tmp_path / "out")
    assert set(files) == {"pet_suv.nii.gz", "ct.nii.gz", "series.json"}
    assert {name: named_in(text) for name, text in files.items() if named_in(text)} == {}


def test_run_and_recount_name_nobody_outside_their_dicom_objects(
    scan: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    out = tmp_path / "out"
    given = ["run", str(scan), "-o", str(out), "--lesions", "suv40", "--organs", "rules"]
    assert main(given) == 0
    assert named_in(said(capsys, caplog)) == []
    files = contents(out)
    assert {"result.json", "settings.yaml", *CLEAN} <= set(files)
    assert {name: named_in(text) for name, text in files.items() if named_in(text)} == {}
    edits = tmp_path / "edits.yaml"
    edits.write_text("edits: [{reject: 1}]")
    for folder, more in ((out / "reader", []), (tmp_path / "again", ["--input", str(scan)])):
        assert main(["recount", str(out), "--edits", str(edits), "-o", str(folder), *more]) == 0
        assert "not made" not in (told := said(capsys, caplog))
        assert named_in(told) == []
        files = contents(folder)
        assert {"result.json", *CLEAN} <= set(files)
        assert {name: named_in(text) for name, text in files.items() if named_in(text)} == {}
    uids = [
        {pydicom.dcmread(file).SOPInstanceUID for file in (folder / "dicom").iterdir()}
        for folder in (out / "reader", tmp_path / "again")
    ]
    assert uids[0] == uids[1]


@pytest.mark.parametrize("command", ["inspect", "convert", "run"])
def test_an_error_names_nobody(
    command: str,
    scan: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The CT alone: refused, with a reason that names series and no person."""
    ct = next(folder for folder in scan.iterdir() if folder.name.startswith("ct"))
    more = [] if command == "inspect" else ["-o", str(tmp_path / "out")]
    caplog.set_level(logging.DEBUG)
    assert main([command, str(ct), *more]) == 3
    text = said(capsys, caplog)
    assert "no PET series" in text
    assert named_in(text) == []
