"""Archives that are not safe are refused; nothing is unpacked."""

import dataclasses
import os
import stat
import zipfile
from pathlib import Path

import pytest

from oligocount.config import load_settings
from oligocount.errors import InputError
from oligocount.intake.source import Sources, list_files

LIMITS = load_settings().intake.archive


def pack(folder: Path, name: str | zipfile.ZipInfo, data: bytes) -> Path:
    file = folder / "x.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file


@pytest.mark.parametrize("name", ["../out.dcm", "/etc/out.dcm", "a/../../b", "C:/x", "..\\x"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="leads out of the archive"):
        list_files(pack(tmp_path, name, b"x"), LIMITS)


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(InputError, match="symbolic link"):
        list_files(pack(tmp_path, link, b"/etc/passwd"), LIMITS)


def test_a_bomb_is_refused_by_ratio(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="times its size"):
        list_files(pack(tmp_path, "a", bytes(10_000_000)), LIMITS)


def test_a_small_archive_may_pack_as_well_as_it_likes(tmp_path: Path) -> None:
    assert len(list_files(pack(tmp_path, "a", bytes(1_000_000)), LIMITS)) == 1


def test_an_archive_is_known_by_its_bytes_where_it_is_the_input(tmp_path: Path) -> None:
    file = pack(tmp_path, "a", b"x").rename(tmp_path / "export")
    assert list_files(file, LIMITS) == (file / "a",)


def test_a_bomb_is_refused_by_size_and_number(tmp_path: Path) -> None:
    file = pack(tmp_path, "a", bytes(2000))
    with pytest.raises(InputError, match="unpacks to"):
        list_files(file, dataclasses.replace(LIMITS, max_unpacked_gib=1e-6))
    with pytest.raises(InputError, match="1 members"):
        list_files(file, dataclasses.replace(LIMITS, max_members=0))


def test_a_file_that_is_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no archive")
    with pytest.raises(InputError, match="cannot be read as a zip archive"):
        list_files(tmp_path / "x.zip", LIMITS)


def test_a_member_is_read_in_place(tmp_path: Path) -> None:
    (file,) = list_files(pack(tmp_path, "deep/a.bin", b"abc"), LIMITS)
    assert file == tmp_path / "x.zip" / "deep" / "a.bin"
    with Sources() as sources:
        stream, size = sources.opened(file)
        with stream:
            assert (stream.read(), size) == (b"abc", 3)


def test_order_does_not_depend_on_the_disk(tmp_path: Path) -> None:
    for name in ("b/2", "a/9", "a/1", "0"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    found = [str(file.relative_to(tmp_path)) for file in list_files(tmp_path, LIMITS)]
    assert found == ["0", "a/1", "a/9", "b/2"]


def test_a_folder_that_cannot_be_listed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a stand-in for the system: a test that runs as root may list everything."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "a").write_text("x")
    scan = os.scandir

    def deny(place: str) -> object:
        if str(place).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(InputError, match="closed: cannot be listed: Permission denied"):
        list_files(tmp_path, LIMITS)
