"""One case as a folder: all files of the contract, or none."""

import dataclasses
from pathlib import Path

import pytest

from oligocount import publish
from oligocount.config import dump_settings, load_settings
from oligocount.domain.anatomy import Anatomy
from oligocount.domain.volume import Unit
from oligocount.errors import ConfigError, PublishError
from oligocount.intake.nifti import read_nifti_volume

from . import builders

SETTINGS = load_settings()


def write(out: Path, **parts: object) -> tuple[Path, ...]:
    return publish.write(out, builders.result(**parts), dump_settings(SETTINGS), SETTINGS.publish)


def test_the_files_of_the_contract_are_written(tmp_path: Path) -> None:
    names = {file.relative_to(tmp_path / "out").as_posix() for file in write(tmp_path / "out")}
    assert names >= {
        "result.json", "lesions.csv", "lesions.nii.gz", "organs.nii.gz", "organs.json",
        "stations.nii.gz", "stations.json", "report.html", "settings.yaml", "suv.nii.gz",
    }  # fmt: skip


def test_the_suv_is_kept_as_it_was_counted_on_unless_settings_say_no(tmp_path: Path) -> None:
    write(tmp_path / "out")
    kept, _ = read_nifti_volume(tmp_path / "out" / "suv.nii.gz", Unit.SUVBW)
    counted = builders.result().images.suv
    assert (kept.array == counted.array).all()
    assert kept.geometry.is_same_grid(counted.geometry)
    without = dataclasses.replace(SETTINGS.publish, keep_suv=False)
    publish.write(tmp_path / "out", builders.result(), dump_settings(SETTINGS), without)
    assert not (tmp_path / "out" / "suv.nii.gz").exists()


def test_the_settings_written_are_read_back_to_the_same(tmp_path: Path) -> None:
    write(tmp_path / "out")
    assert load_settings(tmp_path / "out" / "settings.yaml") == SETTINGS


def test_a_case_written_again_over_itself_leaves_no_file_of_the_first(tmp_path: Path) -> None:
    write(tmp_path / "out")
    write(tmp_path / "out", anatomy=Anatomy(organs=builders.result().anatomy.organs))
    assert not (tmp_path / "out" / "stations.nii.gz").exists()


def test_a_folder_with_a_persons_files_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_text("mine")
    with pytest.raises(PublishError, match=r"photo\.jpg"):
        write(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_language_that_there_is_not_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="en"):
        publish.write(
            tmp_path / "out",
            builders.result(),
            "",
            dataclasses.replace(SETTINGS.publish, language="tlh"),
        )
    assert list(tmp_path.iterdir()) == []


def test_a_case_without_any_lesion_is_whole_too(tmp_path: Path) -> None:
    write(tmp_path / "out", lesions=())
    assert "No lesion was found" in (tmp_path / "out" / "report.html").read_text("utf-8")
