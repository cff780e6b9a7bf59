"""A study out of a real archive, through a run, and its objects back into it."""

from pathlib import Path

import pydicom
import pytest
from dicomweb_client.web import DICOMwebClient

from oligocount.cli.main import main
from pacs import made
from pacs.real_archive import started_orthanc


@pytest.mark.slow
def test_a_study_is_fetched_run_and_sent_back_beside_itself(tmp_path: Path, capsys) -> None:
    scan, inbox, case = tmp_path / "scan", tmp_path / "inbox", tmp_path / "case"
    lesions = ["--lesions", "primary,liver:2,104L", "--extent", "thorax"]
    assert main(["phantom", "-o", str(scan), "--seed", "3", *lesions]) == 0
    files = sorted((scan / "dicom").rglob("*.dcm"))
    study = pydicom.dcmread(files[0], stop_before_pixels=True).StudyInstanceUID
    folder = tmp_path / "orthanc"
    folder.mkdir()
    with started_orthanc(folder) as orthanc:
        client = DICOMwebClient(orthanc.web)
        for first in range(0, len(files), 50):
            client.store_instances([pydicom.dcmread(each) for each in files[first : first + 50]])
        fetching = ["fetch", "--from", orthanc.address, "--study", study]
        assert main([*fetching, "-o", str(inbox)]) == 0
        assert made.contents(inbox) == made.contents(scan)
        assert main(["run", str(inbox / study), "-o", str(case), "--lesions", "suv40"]) == 0
        assert main(["send", str(case), "--to", orthanc.web]) == 0
        capsys.readouterr()
        assert main(["send", str(case), "--to", orthanc.web]) == 0
        assert " 0 sent, " in capsys.readouterr().out
        found = client.search_for_series(study)
        modalities = {each["00080060"]["Value"][0] for each in found}
        assert modalities == {"CT", "PT", "RTSTRUCT", "SEG", "SR"}
        back = tmp_path / "back"
        ours = ["--modality", "SEG,SR,RTSTRUCT"]
        assert main([*fetching, *ours, "-o", str(back)]) == 0
        assert made.contents(back) == made.contents(case)
