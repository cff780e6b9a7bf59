"""Settings come from YAML, whole and checked, or not at all."""

import ast
import re
from pathlib import Path

import pytest
import yaml

import oligocount
from oligocount.config import dump_settings, load_settings
from oligocount.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    file = folder / "mine.yaml"
    file.write_text(text, "utf-8")
    return file


def test_the_shipped_settings_load_and_survive_a_round_trip(tmp_path: Path) -> None:
    settings = load_settings()
    assert load_settings(write(tmp_path, dump_settings(settings))) == settings


def test_a_users_file_changes_only_what_it_names(tmp_path: Path) -> None:
    mine = load_settings(write(tmp_path, "count: {frontier_margin_mm: 8}"))
    expected = yaml.safe_load(dump_settings(load_settings()))
    expected["count"]["frontier_margin_mm"] = 8.0
    assert yaml.safe_load(dump_settings(mine)) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("count: {frontier_margin_cm: 8}", "count.frontier_margin_cm"),
        ("whatever: 1", "whatever"),
        ("count: {frontier_margin_mm: wide}", "count.frontier_margin_mm"),
        ("count: {frontier_margin_mm: true}", "count.frontier_margin_mm"),
        ("[1, 2]", "mapping"),
        ("a: [", "YAML"),
        ("locate: {benign_max_probability: 0.3}", "doubt_min_probability is 0.25"),
        ("segment: {mass: {min_probability: 0.2}}", "mass.min_probability is 0.2"),
    ],
)
def test_a_wrong_file_is_refused_by_the_name_of_what_is_wrong(
    tmp_path: Path, text: str, named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        load_settings(write(tmp_path, text))


def test_a_policy_that_stands_in_two_parts_may_be_changed_in_both(tmp_path: Path) -> None:
    text = (
        "locate: {benign_max_probability: 0.3}\n"
        "segment: {candidate: {doubt_min_probability: 0.3}, mass: {min_probability: 0.3}}\n"
    )
    assert load_settings(write(tmp_path, text)).locate.benign_max_probability == 0.3


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        load_settings(tmp_path / "nowhere.yaml")


def test_every_setting_is_read_somewhere() -> None:
    """By its name, outside the modules that declare settings."""
    package = Path(oligocount.__file__).parent
    declared = sorted(package.glob("settings*.py"))
    code = "\n".join(
        file.read_text("utf-8")
        for pattern in ("*.py", "*.j2")
        for file in package.rglob(pattern)
        if file not in declared
    )
    names = {
        line.target.id
        for file in declared
        for part in ast.parse(file.read_text("utf-8")).body
        if isinstance(part, ast.ClassDef)
        for line in part.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }
    assert len(names) > 100
    assert sorted(name for name in names if not re.search(rf"\.{name}\b", code)) == []
