"""Processes what appears in a folder once it is complete, and never the same input twice."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from distributed import Client

from oligocount.cohort.batch import Watcher, opened, run_listed
from oligocount.cohort.digest import digest_input
from oligocount.cohort.engine import served
from oligocount.cohort.manifest import Cohort, CohortCase
from oligocount.cohort.plan import Plan
from oligocount.errors import InputError

_POLL_S = 2.0
_ARRIVING = ("*.part", "*.tmp", "*.lock", "*.filepart", ".*.swp")


class Arrivals:
    """Tells which inputs have not changed for a while: a sender writes file after file."""

    def __init__(self, settled_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._settled_s = settled_s
        self._clock = clock
        self._seen: dict[str, tuple[str, float]] = {}
        self._told: set[tuple[str, str]] = set()

    def settled(self, case: CohortCase) -> bool:
        """True once for each state of an input, when it has kept that state for long enough."""
        try:
            digest = digest_input(case.input, case.clinical, case.files)
        except InputError:
            return False  # it is being moved or has gone again
        now = self._clock()
        before, since = self._seen.get(case.case_id, ("", now))
        if digest != before:
            self._seen[case.case_id] = (digest, now)
        if digest != before or now - since < self._settled_s or _is_arriving(case.input):
            return False
        is_new = (case.case_id, digest) not in self._told
        self._told.add((case.case_id, digest))
        return is_new


def watch_folder(
    read: Callable[[], Cohort],
    plan: Plan,
    cluster: Callable[[], AbstractContextManager[Client]],
    watcher: Watcher,
    *,
    settled_s: float,
    ends: Callable[[], bool] = lambda: False,
) -> None:
    """Runs what `read` finds as it settles, until `ends`; tables and page follow.

    A case that gets further files after it was run is run again with all of them; one that is
    taken away after it was run stays in the cohort. Raises PublishError when another batch holds
    the folder.
    """
    arrivals = Arrivals(settled_s)
    with opened(plan) as ledger, cluster() as client, served(client, plan):
        while not ends():
            cohort = read()
            new = tuple(case for case in cohort.cases if arrivals.settled(case))
            if new:
                run_listed(replace(cohort, cases=new), plan, client, ledger, watcher)
            time.sleep(_POLL_S)


def _is_arriving(place: Path) -> bool:
    if any(place.match(pattern) for pattern in _ARRIVING):
        return True
    return any(next(place.rglob(pattern), None) is not None for pattern in _ARRIVING)
