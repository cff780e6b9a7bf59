"""A case is written whole or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from oligocount.errors import PublishError
from oligocount.publish.case_folder import check_out, write_case_folder


def fill_with(text: str):
    def fill(folder: Path) -> None:
        (folder / "result.json").write_text(text)
        (folder / "dicom").mkdir()
        (folder / "dicom" / "lesions_seg.dcm").write_text(text)

    return fill


def fail_half_way(folder: Path) -> None:
    (folder / "result.json").write_text("half")
    raise OSError(errno.ENOSPC, "full")


def test_a_new_folder_holds_all_files_and_the_parent_holds_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    files = write_case_folder(out, fill_with("new"))
    assert files == (out / "dicom" / "lesions_seg.dcm", out / "result.json")
    assert [each.name for each in out.parent.iterdir()] == ["out"]


def test_the_folder_can_be_read_by_those_whom_the_umask_lets(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.mkdir()
    write_case_folder(tmp_path / "out", fill_with("new"))
    assert (tmp_path / "out").stat().st_mode == usual.stat().st_mode


def test_a_previous_case_is_replaced_and_none_of_its_files_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_case_folder(out, fill_with("old"))
    (out / "organs.json").write_text("{}")
    write_case_folder(out, fill_with("new"))
    assert (out / "result.json").read_text() == "new"
    assert not (out / "organs.json").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_case_written_again_keeps_the_list_of_what_was_sent(tmp_path: Path) -> None:
    """Otherwise the same objects would go to the archive twice."""
    out = tmp_path / "out"
    write_case_folder(out, fill_with("old"))
    (out / "sent.jsonl").write_text("a line\n")
    write_case_folder(out, fill_with("new"))
    assert (out / "result.json").read_text() == "new"
    assert (out / "sent.jsonl").read_text() == "a line\n"


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write_case_folder(tmp_path / "out", fill_with("new"))
    assert (tmp_path / "out" / "result.json").read_text() == "new"


@pytest.mark.parametrize("names", [("thesis.docx",), ("result.json", "photo.jpg"), ("dicom",)])
def test_a_folder_with_anything_else_is_refused_and_stays(tmp_path: Path, names: tuple) -> None:
    for name in names:
        (tmp_path / name).write_text("mine")
    with pytest.raises(PublishError, match=names[-1]):
        write_case_folder(tmp_path, fill_with("new"))
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(names)
    assert all((tmp_path / name).read_text() == "mine" for name in names)


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(PublishError, match="found a file"):
        write_case_folder(tmp_path / "out", fill_with("new"))


def test_a_failure_half_way_leaves_no_new_folder(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="No space left"):
        write_case_folder(tmp_path / "out", fail_half_way)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_half_way_leaves_the_previous_case(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_case_folder(out, fill_with("old"))
    with pytest.raises(PublishError):
        write_case_folder(out, fail_half_way)
    assert (out / "result.json").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_failed_exchange_puts_the_previous_case_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write_case_folder(out, fill_with("old"))
    rename = Path.rename

    def refuse_the_new(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(errno.EIO, "broken")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(PublishError):
        write_case_folder(out, fill_with("new"))
    assert (out / "result.json").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("place", ["/proc/nowhere/out", "file/out"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PublishError, match="out: cannot be written"):
        write_case_folder(tmp_path / place, fill_with("new"))


def test_a_disk_that_takes_no_more_leaves_nothing(tmp_path: Path) -> None:
    """A limit on file size stands in for a full disk: the write itself fails, in the kernel."""
    code = (
        "import resource, signal, sys; from pathlib import Path;"
        "from oligocount.publish.case_folder import write_case_folder as write;"
        "from oligocount.errors import PublishError;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "fill = lambda folder: (folder / 'result.json').write_bytes(bytes(5000));"
        "\ntry: write(Path(sys.argv[1]), fill)"
        "\nexcept PublishError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out")],
        capture_output=True, text=True, check=True, env={**os.environ},
    )  # fmt: skip
    assert "cannot be written" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def mount(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that cannot be renamed, as a container's volume."""
    out = tmp_path / "volume"
    out.mkdir()
    rename = Path.rename

    def refuse_the_mount(self: Path, target: Path) -> Path:
        if out in (self, target):
            raise OSError(errno.EBUSY, "busy")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_the_mount)
    monkeypatch.setattr(Path, "is_mount", lambda self: self == out)
    return out


def test_a_mounted_folder_is_filled_and_refilled(mount: Path) -> None:
    for text in ("old", "new"):
        check_out(mount)
        write_case_folder(mount, fill_with(text))
        assert (mount / "result.json").read_text() == text
        assert sorted(each.name for each in mount.iterdir()) == ["dicom", "result.json"]


def test_a_failure_half_way_leaves_the_previous_case_in_a_mounted_folder(mount: Path) -> None:
    write_case_folder(mount, fill_with("old"))
    with pytest.raises(PublishError):
        write_case_folder(mount, fail_half_way)
    assert (mount / "result.json").read_text() == "old"
    assert sorted(each.name for each in mount.iterdir()) == ["dicom", "result.json"]


def test_what_a_killed_run_left_in_a_mounted_folder_is_no_hindrance(mount: Path) -> None:
    (mount / ".volume.0badcafe.part").mkdir()
    write_case_folder(mount, fill_with("new"))
    assert (mount / "result.json").read_text() == "new"


def test_a_case_with_a_readers_version_is_not_replaced_and_the_message_says_why(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    write_case_folder(out, fill_with("old"))
    (out / "reader").mkdir()
    with pytest.raises(PublishError, match=r"holds a reader's version \(reader/\)"):
        check_out(out)
    assert (out / "result.json").read_text() == "old"
