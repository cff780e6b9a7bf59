"""Digests change when what a result follows from changes, and not otherwise."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligocount.cohort.digest import digest_files, digest_input, folder_name
from oligocount.errors import InputError


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    folder = tmp_path / "patient"
    (folder / "ct").mkdir(parents=True)
    (folder / "pet.dcm").write_bytes(b"1234")
    (folder / "ct" / "Schnitt ä.dcm").write_bytes(b"5678")
    return folder


CHANGES: dict[str, Callable[[Path], object]] = {
    "appears": lambda place: (place / "new.dcm").write_bytes(b""),
    "goes": lambda place: (place / "pet.dcm").unlink(),
    "grows": lambda place: (place / "pet.dcm").write_bytes(b"12345"),
    "is renamed": lambda place: (place / "pet.dcm").rename(place / "pt.dcm"),
    "is touched": lambda place: os.utime(place / "pet.dcm", (0, 0)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_file_that_changes_changes_the_digest(
    change: Callable[[Path], object], patient: Path
) -> None:
    before = digest_input(patient, {})
    assert digest_input(patient, {}) == before
    change(patient)
    assert digest_input(patient, {}) != before


def test_facts_change_the_digest_and_their_order_does_not(patient: Path) -> None:
    one = digest_input(patient, {"histology": "SCC", "prior_polymetastatic": False})
    assert digest_input(patient, {"prior_polymetastatic": False, "histology": "SCC"}) == one
    assert digest_input(patient, {"histology": "AC", "prior_polymetastatic": False}) != one


def test_a_moved_folder_keeps_its_digest(patient: Path, tmp_path: Path) -> None:
    """A share mounted elsewhere is the same input."""
    before = digest_input(patient, {})
    shutil.move(patient, tmp_path / "elsewhere")
    assert digest_input(tmp_path / "elsewhere", {}) == before


def test_a_link_that_leads_in_circles_ends(patient: Path) -> None:
    (patient / "ct" / "again").symlink_to(patient)
    (patient / "broken").symlink_to(patient / "nowhere")
    assert digest_input(patient, {}) == digest_input(patient, {})


def test_with_files_named_only_these_are_looked_at(patient: Path) -> None:
    mine = (patient / "pet.dcm",)
    before = digest_input(patient, {}, mine)
    (patient / "ct" / "other.dcm").write_bytes(b"of another patient")
    assert digest_input(patient, {}, mine) == before


def test_an_absent_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone"):
        digest_input(tmp_path / "gone", {})
    with pytest.raises(InputError, match="gone"):
        digest_files([tmp_path / "gone"])


def test_weights_are_told_by_content(tmp_path: Path) -> None:
    file = tmp_path / "model.ts"
    file.write_bytes(b"weights")
    before = digest_files([file])
    os.utime(file, (0, 0))
    assert digest_files([file]) == before
    file.write_bytes(b"Weights")
    assert digest_files([file]) != before


@given(st.lists(st.text(min_size=1, max_size=120), min_size=2, max_size=2, unique=True))
def test_folder_names_are_safe_and_differ(names: list[str]) -> None:
    """Whatever a manifest calls a case: one plain folder each, never outside, never hidden."""
    first, second = map(folder_name, names)
    assert first != second
    for name in (first, second):
        assert name.isascii()
        assert 0 < len(name) <= 100
        assert not name.startswith(".")
        assert "/" not in name
        assert name.isprintable()
