"""Tells where a batch stands, while it runs and afterwards.

Exit status 0: no case failed; 5: at least one did.

examples:
  oligocount status OUT
  oligocount status OUT --json
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from oligocount.cohort.batch import Standing, standing, usual_seconds
from oligocount.cohort.ledger import State

_SHOWN_FAILURES = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder given to `batch -o`")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of words")
    parser.add_argument("--all", action="store_true", help="list every failure")


def execute(arguments: argparse.Namespace) -> int:
    """0 when no case failed, 5 when one did."""
    now = standing(arguments.out)
    if arguments.json:
        print(json.dumps(_document(now), indent=1))
    else:
        _tell(now, shown=None if arguments.all else _SHOWN_FAILURES)
    return 5 if now.failures else 0


def _tell(now: Standing, *, shown: int | None) -> None:
    state = "running" if now.is_running else "not running"
    print(f"{now.out}: {state}; {len(now.listed)} cases, begun {now.notes.get('begun', 'never')}")
    print(
        f"  {now.count(State.DONE)} done, {len(now.failures)} failed or refused, {_left(now)} left"
    )
    seconds = usual_seconds(now)
    if seconds is not None:
        print(f"  a case takes {seconds:.1f} s (median)")
    if now.is_running and now.notes.get("dashboard"):
        print(f"  dashboard: {now.notes['dashboard']}")
    under_way = [one for one in now.latest.values() if one.outcome.state is State.RUNNING]
    if under_way and not now.is_running:
        print(f"  it was ended with {len(under_way)} under way; run the same command to go on")
    for one in under_way if now.is_running else ():
        if one.outcome.stage:
            print(f"  {one.case_id}: {one.outcome.stage}")
    tell_failures(now, shown=shown)


def tell_failures(now: Standing, *, shown: int | None) -> None:
    """Each failure by name; `shown` limits the list, and says so."""
    failures = list(now.failures.items())
    for name, why in failures[:shown]:
        print(f"  {name}: {why}".replace("\n", "\n  "))
    if shown is not None and len(failures) > shown:
        print(f"  and {len(failures) - shown} more: `oligocount status {now.out} --all`")


def _left(now: Standing) -> int:
    ended = now.count(State.DONE) + now.count(State.FAILED)
    return len(now.listed) - ended


def _document(now: Standing) -> dict[str, object]:
    states = Counter(one.outcome.state.value for one in now.latest.values())
    return {
        "running": now.is_running,
        "cases": len(now.listed),
        "states": dict(states),
        "left": _left(now),
        "failures": now.failures,
        "notes": dict(now.notes),
    }
