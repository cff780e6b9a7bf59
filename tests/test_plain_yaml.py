"""YAML from outside becomes plain values, or is refused by name."""

from pathlib import Path

import pytest

from oligocount.errors import InputError
from oligocount.plain_yaml import read_yaml

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def read(folder: Path, text: str) -> object:
    file = folder / "told.yaml"
    file.write_text(text, "utf-8")
    return read_yaml(file, InputError)


def test_a_date_stays_the_text_that_was_written(tmp_path: Path) -> None:
    assert read(tmp_path, "when: 2026-01-31") == {"when": "2026-01-31"}


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") is None


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("a: [", r"told\.yaml: cannot be read as YAML or JSON"),
        ("[" * 100_000, "cannot be read as YAML or JSON: .*nesting depth"),
        ("a: !!python/object/apply:os.system [id]", "cannot be read as YAML or JSON"),
        (BOMB, "found an alias"),
    ],
    ids=["broken", "deep", "code", "bomb"],
)
def test_what_is_wrong_or_hostile_is_refused(tmp_path: Path, text: str, refusal: str) -> None:
    """The bomb would be nine to the ninth texts, once a message tried to show them."""
    with pytest.raises(InputError, match=f"(?s){refusal}"):
        read(tmp_path, text)


def test_an_ampersand_in_a_text_is_no_alias(tmp_path: Path) -> None:
    assert read(tmp_path, "of: R&D *") == {"of": "R&D *"}


def test_a_file_that_is_absent_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"absent\.yaml: cannot be read: No such file or directory$"
    ):
        read_yaml(tmp_path / "absent.yaml", InputError)
