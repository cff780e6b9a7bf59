"""Answers a question in SQL about a cohort's tables, without changing them.

examples:
  oligocount query OUT                          what can be asked
  oligocount query OUT "FROM eligible"          who is eligible under which definition
  oligocount query OUT "SELECT organ, lesions FROM by_organ" --csv
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from oligocount.cohort.tables import CONTENTS, ask

_SHOWN_ROWS = 200
_WIDEST = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder given to `batch -o`")
    parser.add_argument(
        "question", nargs="?", default=CONTENTS, metavar="SQL",
        help="DuckDB SQL (default: what can be asked)",
    )  # fmt: skip
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="every row as CSV")
    form.add_argument("--json", action="store_true", help="every row as a JSON object a line")


def execute(arguments: argparse.Namespace) -> int:
    """0 when the question was answered."""
    names, rows = ask(arguments.out, arguments.question)
    if arguments.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(names)
        writer.writerows(rows)
    elif arguments.json:
        for row in rows:
            print(json.dumps(dict(zip(names, row, strict=True)), default=str, ensure_ascii=False))
    else:
        _show(names, rows)
    return 0


def _show(names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    remaining = iter(rows)
    shown = [tuple(_cell(value) for value in row) for row in islice(remaining, _SHOWN_ROWS)]
    widths = [max(map(len, column)) for column in zip(names, *shown, strict=True)]
    for row in (names, tuple("-" * width for width in widths), *shown):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    more = sum(1 for _ in remaining)
    if more:
        print(f"and {more} rows more: --csv gives them all")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
