"""One folder of many patients, all mixed: every study is a case, every broken file is named."""

import shutil
from pathlib import Path

import pytest
from scan import write_scan

from oligocount.cli.main import main
from oligocount.cohort.dump import read_dump
from oligocount.cohort.links import link_files
from oligocount.cohort.manifest import read_cohort
from oligocount.config import load_settings
from oligocount.errors import InputError

SETTINGS = load_settings().intake


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Two studies in one flat folder, one file cut short, one text, one empty file."""
    place = tmp_path / "dump"
    place.mkdir()
    for seed in (1, 2):
        write_scan(tmp_path / str(seed), seed=seed)
        for file in (tmp_path / str(seed)).iterdir():
            shutil.copy(file, place / f"{seed}-{file.name}")
    (place / "cut.dcm").write_bytes((place / "1-IM0001.dcm").read_bytes()[:700])
    (place / "note.txt").write_text("not a scan")
    (place / "empty.dcm").write_bytes(b"")
    return place


def test_each_study_is_a_case_with_its_own_files(dump: Path) -> None:
    cohort = read_dump(dump, SETTINGS)
    assert [len(case.files) for case in cohort.cases] == [30, 30]
    for case in cohort.cases:
        assert case.case_id.startswith("study-")
        assert len({file.name[0] for file in case.files}) == 1
    assert list(cohort.refused) == ["cut.dcm"]


def test_the_same_dump_gives_the_same_names(dump: Path) -> None:
    first = {case.case_id for case in read_dump(dump, SETTINGS).cases}
    (dump / "later").mkdir()
    for file in dump.glob("1-*"):
        file.rename(dump / "later" / file.name)
    assert {case.case_id for case in read_dump(dump, SETTINGS).cases} == first


def test_links_lead_to_the_files(dump: Path, tmp_path: Path) -> None:
    link_files(["1-IM0001.dcm"], dump, tmp_path / "links")
    assert (tmp_path / "links" / "1-IM0001.dcm").read_bytes()[128:132] == b"DICM"


def test_a_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(InputError, match="no DICOM study"):
        read_dump(tmp_path, SETTINGS)


def test_loose_files_beside_folders_are_told(dump: Path) -> None:
    """Without --by-study the patient's folder runs, and the loose files are not passed over."""
    (dump / "patient").mkdir()
    cohort = read_cohort(dump, fact_names=set(), check_facts=lambda facts: facts)
    assert [case.case_id for case in cohort.cases] == ["patient"]
    assert list(cohort.refused) == ["61 DICOM files"]


def test_a_dry_run_knows_from_headers_what_can_run(
    dump: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["batch", str(dump), "-o", str(tmp_path / "out"), "--by-study", "--dry-run"]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert told.count("run     study-") == 2
    assert "refused cut.dcm" in told
    assert main([*arguments, "--memory-limit", "0.5"]) == 0
    told = capsys.readouterr().out
    assert told.count("cannot  study-") == 2
    assert "a case may use 0.5 GiB" in told
