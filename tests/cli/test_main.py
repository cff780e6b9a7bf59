"""The command line: which command, which exit status, and never a traceback unasked."""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from oligocount.cli import main as cli
from oligocount.errors import (
    ConfigError,
    InputError,
    ModelError,
    OligocountError,
    PublishError,
)


def command(error: BaseException) -> SimpleNamespace:
    def execute(_: object) -> int:
        raise error

    return SimpleNamespace(__doc__="A test.", add_arguments=lambda _: None, execute=execute)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OligocountError("x"), 1),
        (ConfigError("x"), 2),
        (InputError("x"), 3),
        (ModelError("x"), 4),
        (PublishError("x"), 6),
        (ZeroDivisionError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_branch_has_its_exit_status_and_one_line(
    error: BaseException, status: int, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(cli.importlib, "import_module", lambda _: command(error))
    assert cli.main(["inspect"]) == status
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_debug_shows_where(monkeypatch, capsys) -> None:
    monkeypatch.setattr(cli.importlib, "import_module", lambda _: command(ZeroDivisionError("x")))
    assert cli.main(["inspect", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_closes_the_pipe_is_no_error() -> None:
    cases = Path(__file__).parents[1] / "golden" / "worked_cases.yaml"
    code = "import sys; from oligocount.cli.main import main; sys.exit(main(sys.argv[1:]))"
    pipe = (
        f"'{sys.executable}' -c '{code}' decide '{cases}' --json | head -c 10 >/dev/null; "
        "exit ${PIPESTATUS[0]}"
    )
    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_can_be_imported_and_explains_itself(capsys) -> None:
    for name in cli.COMMANDS:
        with pytest.raises(SystemExit) as stopped:
            cli.main([name, "--help"])
        assert stopped.value.code == 0
        assert f"oligocount {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_option_of_a_command_is_explained_and_the_command_has_an_example(name: str) -> None:
    command = importlib.import_module(f"oligocount.cli.{name}")
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert [each.dest for each in parser._actions if not each.help] == []
    assert f"examples:\n  oligocount {name}" in command.__doc__


def test_an_option_of_several_commands_says_the_same_in_each() -> None:
    said: dict[str, set[str | None]] = {}
    for name in cli.COMMANDS:
        parser = argparse.ArgumentParser()
        importlib.import_module(f"oligocount.cli.{name}").add_arguments(parser)
        for each in parser._actions:
            if each.dest in {"config", "device", "clinical", "pet_series", "case_id", "peers"}:
                said.setdefault(each.dest, set()).add(each.help)
    assert {dest: len(told) for dest, told in said.items()} == dict.fromkeys(said, 1)


def test_a_command_that_there_is_not_is_refused(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["diagnose"])
    assert stopped.value.code == 2
