"""One cohort in one folder: locked, listed, run, and told truthfully at the end."""

import shutil
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from distributed import Client

from oligocount.cohort.clusters import dashboard
from oligocount.cohort.engine import Ended, Progress, run_batch, served
from oligocount.cohort.estimate import Needs
from oligocount.cohort.ledger import LEDGER_NAME, Attempt, Ledger, State
from oligocount.cohort.lock import is_locked, locked
from oligocount.cohort.manifest import Cohort, CohortCase
from oligocount.cohort.page import write_page
from oligocount.cohort.plan import WORK_FOLDER, Plan
from oligocount.cohort.resume import next_step
from oligocount.cohort.tables import write_tables
from oligocount.errors import InputError, PublishError

Watcher = Callable[[Progress, Ended | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a cohort stands: the last attempt of each case that was ever started."""

    out: Path
    is_running: bool
    listed: tuple[str, ...]
    latest: Mapping[str, Attempt]
    refused: Mapping[str, str]
    notes: Mapping[str, str]

    def count(self, state: State) -> int:
        """How many listed cases are in a state."""
        return sum(1 for one in self.latest.values() if one.outcome.state is state)

    @property
    def failures(self) -> dict[str, str]:
        """Each case that failed, with its class and sentence; and each refused row."""
        failed = {
            name: f"{one.outcome.error_class}: {one.outcome.error}"
            for name, one in self.latest.items()
            if one.outcome.state is State.FAILED
        }
        return {**failed, **{place: f"refused: {why}" for place, why in self.refused.items()}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a batch would do with one case."""

    case_id: str
    action: str
    reason: str
    needs: Needs | None = None


def work_through(
    cohort: Cohort,
    plan: Plan,
    cluster: Callable[[], AbstractContextManager[Client]],
    watcher: Watcher = lambda *_: None,
) -> Standing:
    """Every case of the cohort has ended; the folder's ledger, tables and page say how.

    Raises PublishError when the folder cannot be written or another batch holds it.
    """
    with opened(plan) as ledger, cluster() as client, served(client, plan):
        ledger.unlist_cases()
        run_listed(cohort, plan, client, ledger, watcher)
    return standing(plan.out)


@contextmanager
def opened(plan: Plan) -> Iterator[Ledger]:
    """The ledger of the cohort's folder, which nobody else can write to inside the block.

    Raises PublishError when the folder cannot be written or another batch holds it.
    """
    with locked(plan.out), Ledger.open(plan.out) as ledger:
        ledger.close_interrupted()
        _write_files(plan)
        ledger.write_note("begun", _now())
        yield ledger
        ledger.write_note("ended", _now())


def run_listed(
    cohort: Cohort, plan: Plan, client: Client, ledger: Ledger, watcher: Watcher
) -> None:
    """These cases are listed and have ended; tables and page tell of the whole cohort."""
    ledger.list_cases(cohort.cases, cohort.refused)
    ledger.write_note("dashboard", dashboard(client))
    run_batch(cohort.cases, plan, client, ledger, watcher)
    write_tables(plan.out)
    write_page(plan.out)
    shutil.rmtree(plan.out / WORK_FOLDER, ignore_errors=True)


def standing(out: Path) -> Standing:
    """Where the cohort in a folder stands now. Raises PublishError when no batch ran there."""
    with Ledger.open_read_only(out) as ledger:
        return Standing(
            out=out,
            is_running=is_locked(out),
            listed=tuple(ledger.given()),
            latest={one.case_id: one for one in ledger.latest()},
            refused=ledger.refused(),
            notes=ledger.notes(),
        )


def forecast(
    cohort: Cohort, plan: Plan, check: Callable[[CohortCase], Needs]
) -> Iterator[Forecast]:
    """What would happen to each case; nothing is run or written.

    `check` gives what a case needs, or raises InputError for one that cannot run.
    """
    before = standing(plan.out).latest if (plan.out / LEDGER_NAME).is_file() else {}
    for case in cohort.cases:
        needs = None
        try:
            step = next_step(case, plan, before.get(case.case_id))
            action, reason = "run" if step.runs else "leave", step.reason
            if step.runs:
                needs = check(case)
        except InputError as error:
            action, reason = "cannot", str(error)
        yield Forecast(case_id=case.case_id, action=action, reason=reason, needs=needs)


def usual_seconds(now: Standing) -> float | None:
    """How long a case of this cohort takes (median of those done); None before any is."""
    attempts = now.latest.values()
    done = [one.outcome.seconds for one in attempts if one.outcome.state is State.DONE]
    return statistics.median(done) if done else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _write_files(plan: Plan) -> None:
    for name, text in plan.files.items():
        file = plan.out / name
        part = file.with_name(f".{name}.part")
        try:
            part.write_text(text, "utf-8")
            part.replace(file)
        except OSError as error:
            raise PublishError(f"{file}: cannot be written: {error.strerror}") from error
