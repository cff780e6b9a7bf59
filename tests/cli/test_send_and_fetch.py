"""The two commands of archives: usage is checked, nothing private is printed, statuses hold."""

import importlib
from pathlib import Path

import pytest

from oligocount.cli import main as cli
from oligocount.errors import ArchiveRefused, ArchiveUnreachable, ConfigError
from oligocount.pacs import find_peer

NOBODY = "127.0.0.1:9/NOBODY"  # the discard port: nothing listens
ONCE = "peers: {p: {address: '127.0.0.1:9/NOBODY', attempts: 1}}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["send", "--to", NOBODY],
        ["send", "case", "--check", "--to", NOBODY],
        ["send", "--check", "--to", "clinic", "--peers", "gone.yaml"],
        ["fetch", "--from", NOBODY, "--study", "1.2"],
        ["fetch", "--from", NOBODY, "--study", "1.2", "--list", "-o", "out"],
        ["fetch", "--from", "http://me:secret@127.0.0.1/x", "--study", "1.2", "--list"],
    ],
)
def test_a_command_that_cannot_be_meant_is_refused(arguments: list[str], capsys) -> None:
    assert cli.main(arguments) == 2
    error = capsys.readouterr().err
    assert "secret" not in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize("option", ["--patient", "--accession"])
def test_a_number_in_place_of_its_file_is_not_repeated(option: str, capsys) -> None:
    """It may end in a log; what is on the command line ends there already."""
    assert cli.main(["fetch", "--from", NOBODY, option, "MRN-4711", "--list"]) == 3
    assert "4711" not in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "\n \n", "4711\n*\n"])
def test_a_file_of_values_must_hold_exact_ones(tmp_path: Path, text: str, capsys) -> None:
    file = tmp_path / "values.txt"
    file.write_text(text)
    assert cli.main(["fetch", "--from", NOBODY, "--patient", str(file), "--list"]) == 3
    assert "4711" not in capsys.readouterr().err


def test_nobody_there_is_status_six_for_every_case_and_every_value(tmp_path: Path, capsys) -> None:
    peers = tmp_path / "peers.yaml"
    peers.write_text(ONCE)
    common = ["--peers", str(peers)]
    assert cli.main(["send", "--check", "--to", "p", *common]) == 6
    assert "cannot be reached" in capsys.readouterr().err
    assert cli.main(["fetch", "--from", "p", "--study", "1.2", "1.3", "--list", *common]) == 6
    assert capsys.readouterr().err.count("cannot be reached") == 2


def test_a_folder_that_is_no_case_is_status_three_and_does_not_stop_the_others(
    tmp_path: Path, capsys
) -> None:
    places = [tmp_path / "one", tmp_path / "two"]
    for each in places:
        each.mkdir()
    assert cli.main(["send", *map(str, places), "--to", NOBODY]) == 3
    assert capsys.readouterr().err.count("no result.json") == 2


@pytest.mark.parametrize("told", [NOBODY, "http://127.0.0.1:9/x"])
def test_without_the_extra_the_way_to_it_is_told(told: str, monkeypatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name="pynetdicom")

    connecting = importlib.import_module("oligocount.pacs.connect")
    monkeypatch.setattr(connecting, "import_module", missing)
    with pytest.raises(ConfigError, match=r"pip install 'oligocount\[pacs\]'"):
        connecting.connect(find_peer(told, environment={}))


def test_both_kinds_of_failure_are_output_that_could_not_be_written() -> None:
    assert {ArchiveRefused.exit_status, ArchiveUnreachable.exit_status} == {6}
