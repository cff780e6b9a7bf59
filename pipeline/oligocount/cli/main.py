"""Chooses the command; imports only the module of the one that was asked for."""

import argparse
import importlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType

from oligocount.errors import OligocountError
from oligocount.version import __version__

_STOPPED = 130  # 128 + SIGINT, as shells say it

COMMANDS = {  # in the order in which one meets them
    "inspect": "dry run: every series found, its role and why, the SUV route, readiness",
    "run": "one patient: scan folder to lesions, counts, verdicts and a report",
    "recount": "a finished case again with a reader's edits; both versions are kept",
    "decide": "the eligibility engine alone: findings to counts, verdicts, classes",
    "convert": "DICOM to NIfTI and nothing more: PET in SUV, CT, MR, series.json",
    "batch": "a cohort: resumes, isolates failures, keeps a ledger",
    "status": "where a batch stands, also while it runs",
    "query": "a question in SQL about a cohort",
    "fetch": "studies out of a PACS: C-MOVE, C-GET or WADO-RS",
    "send": "DICOM objects of a case into a PACS: C-STORE or STOW-RS",
    "phantom": "a synthetic PET/CT study with its truth",
    "train": "our networks, on phantoms or on scans with lesion masks",
    "evaluate": "predictions against truth: voxels, lesions, counts, sites, verdicts",
    "selfcheck": "SUV conformance, models' checksums, devices, versions",
}


_STATUSES = """exit status:
  0 done                             4 model or device
  1 a bug of ours                    5 done, but at least one case failed (batch, status)
  2 usage or settings                6 output could not be written, or not sent
  3 the input cannot be used         130 stopped by Ctrl-C"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status (0, 1, 2, 3, 4, 5 or 6)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    top = _top_parser()
    if not given or given[0] not in COMMANDS:
        top.parse_args(given or ["--help"])
        return 2
    command = importlib.import_module(f"oligocount.cli.{given[0]}")
    parser = argparse.ArgumentParser(
        prog=f"oligocount {given[0]}",
        description=command.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show a traceback on errors")
    command.add_arguments(parser)
    parsed = parser.parse_args(given[1:])
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    return _executed(command, parsed, f"oligocount {given[0]}")


def _executed(command: ModuleType, parsed: argparse.Namespace, name: str) -> int:
    try:
        return int(command.execute(parsed))
    except BrokenPipeError:  # whoever read our output has closed it: `oligocount ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - says whose fault it is
        if parsed.debug:
            traceback.print_exc()
        told, status = _told(error)
        print(f"{name}: {told}", file=sys.stderr)
        return status


def _told(error: BaseException) -> tuple[str, int]:
    if isinstance(error, OligocountError):
        return str(error), error.exit_status
    if isinstance(error, KeyboardInterrupt):
        return "stopped", _STOPPED
    return f"a bug of ours: {type(error).__name__}: {error}; --debug shows where", 1


def entry() -> None:
    """The console script."""
    sys.exit(main())


def _top_parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="oligocount",
        description=(
            "Counts lesions on staging PET/CT and MRI and says what each definition of\n"
            "oligometastatic oesophageal cancer makes of them. Research use; a clinician decides."
        ),
        epilog=f"commands:\n{listing}\n\n`oligocount COMMAND --help` explains each.\n\n{_STATUSES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"oligocount {__version__}")
    parser.add_argument("command", choices=tuple(COMMANDS), metavar="COMMAND", help="see below")
    return parser
