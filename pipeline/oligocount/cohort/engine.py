"""Runs a cohort on Dask workers and keeps the ledger: the only writer of both.

The coordinator hands out a few cases at a time, so that its memory does not grow with the
cohort and workers that join late get their share.
"""

import queue
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from distributed import Client, Future, KilledWorker

from oligocount.cohort.clusters import dashboard
from oligocount.cohort.digest import digest_input, folder_name
from oligocount.cohort.ledger import Digests, Ledger, Outcome, State
from oligocount.cohort.manifest import CohortCase
from oligocount.cohort.plan import CASES_PER_GPU, LOGS_FOLDER, WORK_FOLDER, Plan, case_folder
from oligocount.cohort.resume import FAILED_BEFORE, next_step
from oligocount.cohort.worker import CaseRunner, run_on_worker
from oligocount.errors import ConfigError, InputError, ModelError, OligocountError, PublishError

_WAIT_S = 0.5
_STOPS: Mapping[str, type[OligocountError]] = {
    "ConfigError": ConfigError,
    "PublishError": PublishError,
}  # a model's errors are the rest


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where the batch stands; it changes while the batch runs."""

    total: int
    skipped: int = 0
    done: int = 0
    failed: int = 0
    failed_before: int = 0
    workers: int = 0
    dashboard: str = ""
    stages: dict[str, str] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> int:
        """Cases that have not ended."""
        return self.total - self.skipped - self.done - self.failed - self.failed_before


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A case that has just ended."""

    case_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Stage:
    case_id: str
    attempt: int
    stage: str


@dataclass(frozen=True, slots=True)
class _Running:
    """A case that was handed out."""

    case: CohortCase
    attempt: int
    digests: Digests
    future: "Future[Outcome]"


_Events = queue.SimpleQueue[_Stage | _Running]


@contextmanager
def served(client: Client, plan: Plan) -> Iterator[None]:
    """Inside the block every worker, also one that joins late, keeps case processes warm."""
    client.register_plugin(CaseRunner(plan.batch, plan.threads))
    yield
    client.unregister_worker_plugin(plan.batch)


def run_batch(
    cases: tuple[CohortCase, ...],
    plan: Plan,
    client: Client,
    ledger: Ledger,
    on_change: "Callable[[Progress, Ended | None], None]" = lambda *_: None,
) -> Progress:
    """Every case has ended and stands in the ledger, finished ones untouched.

    To be called where workers are `served`. `on_change` hears of every change, and of each case
    that ended. Raises ModelError when the scheduler goes away, and what stopped a case where it
    would stop every other one (PublishError for a full disk): what ended until then is kept.
    """
    events: _Events = queue.SimpleQueue()
    client.subscribe_topic(plan.batch, lambda event: events.put(_stage(event[1])))
    (plan.out / LOGS_FOLDER).mkdir(exist_ok=True)
    # what a dead batch left half-written; an orphan of it can no longer put its case in place
    shutil.rmtree(plan.out / WORK_FOLDER, ignore_errors=True)
    progress = Progress(total=len(cases), dashboard=dashboard(client))
    waiting = _cases_to_run(cases, plan, ledger, progress)
    running: dict[str, _Running] = {}
    while True:
        _hand_out(waiting, running, plan, client, ledger, events, progress)
        if not running:
            client.unsubscribe_topic(plan.batch)
            return progress
        ended = _take_event(events, running, ledger, progress, client)
        on_change(progress, ended)


def _stage(told: Mapping[str, Any]) -> _Stage:
    return _Stage(case_id=told["case_id"], attempt=told["attempt"], stage=told["stage"])


def _cases_to_run(
    cases: tuple[CohortCase, ...], plan: Plan, ledger: Ledger, progress: Progress
) -> Iterator[tuple[CohortCase, Digests]]:
    """Cases whose result does not stand, one at a time; the others are counted."""
    before = {attempt.case_id: attempt for attempt in ledger.latest()}
    for case in cases:
        try:
            step = next_step(case, plan, before.get(case.case_id))
        except InputError as error:
            _fail_unread(case, plan, ledger, str(error))
            progress.failed += 1
            continue
        if step.runs:
            yield case, step.digests
        elif step.reason == FAILED_BEFORE:
            progress.failed_before += 1
        else:
            progress.skipped += 1


def _fail_unread(case: CohortCase, plan: Plan, ledger: Ledger, error: str) -> None:
    digests = Digests(input="", settings=plan.settings_digest, models=plan.models_digest)
    attempt = ledger.begin(case.case_id, digests)
    failed = Outcome(state=State.FAILED, error_class="InputError", error=error)
    ledger.end(case.case_id, attempt, failed)


def _hand_out(
    waiting: Iterator[tuple[CohortCase, Digests]],
    running: dict[str, _Running],
    plan: Plan,
    client: Client,
    ledger: Ledger,
    events: _Events,
    progress: Progress,
) -> None:
    """Two cases a worker thread are under way, or all that are left."""
    progress.workers = sum(client.nthreads().values())
    while len(running) < max(2, 2 * progress.workers):
        case, digests = next(waiting, (None, None))
        if case is None or digests is None:
            return
        attempt = ledger.begin(case.case_id, digests)
        job = _job(case, attempt, plan)
        future = client.submit(
            run_on_worker,
            job,
            plan.batch,
            plan.limits,
            key=f"case-{job['execution']}",
            pure=False,
            resources={"GPU": 1 / CASES_PER_GPU} if plan.turn_stages else None,
        )
        begun = _Running(case, attempt, digests, future)
        running[case.case_id] = begun
        future.add_done_callback(lambda _, begun=begun: events.put(begun))


def _job(case: CohortCase, attempt: int, plan: Plan) -> dict[str, Any]:
    execution = uuid.uuid4().hex
    return {
        **plan.options,
        "execution": execution,
        "case_id": case.case_id,
        "attempt": attempt,
        "input": str(case.input),
        "files": [str(file.relative_to(case.input)) for file in case.files],
        "memory_mib": plan.limits.memory_mib,
        "clinical": dict(case.clinical),
        "runner": plan.runner,
        "turn_stages": list(plan.turn_stages),
        "work_root": str(plan.out / WORK_FOLDER),
        "final": str(case_folder(plan.out, case.case_id)),
        "superseded": str(plan.out / "superseded"),
        "log": str(plan.out / LOGS_FOLDER / f"{folder_name(case.case_id)}.log"),
    }


def _take_event(
    events: _Events,
    running: dict[str, _Running],
    ledger: Ledger,
    progress: Progress,
    client: Client,
) -> Ended | None:
    try:
        event = events.get(timeout=_WAIT_S)
    except queue.Empty:
        if client.status != "running":
            raise ModelError(_scheduler_gone(client)) from None
        return None
    if isinstance(event, _Stage):
        if event.case_id in running:
            progress.stages[event.case_id] = event.stage
            ledger.enter_stage(event.case_id, event.attempt, event.stage)
        return None
    case_id = event.case.case_id
    del running[case_id]
    progress.stages.pop(case_id, None)
    outcome = _outcome(event.future, client)
    ledger.end(case_id, event.attempt, outcome)
    if outcome.state is State.INTERRUPTED:
        stop = _STOPS.get(str(outcome.error_class), ModelError)
        raise stop(f"{outcome.error}; with that mended, run the same command to go on")
    if outcome.state is State.DONE:
        progress.done += 1
    else:
        progress.failed += 1
        if not _is_unchanged(event):
            ledger.forget_input(case_id, event.attempt)
    return Ended(case_id=case_id, outcome=outcome)


def _is_unchanged(ended: _Running) -> bool:
    """Whether a failed case's input is what it was: a share that comes back is no such input."""
    case = ended.case
    try:
        return digest_input(case.input, case.clinical, case.files) == ended.digests.input
    except InputError:
        return False


def _outcome(future: "Future[Outcome]", client: Client) -> Outcome:
    if future.status in ("cancelled", "lost"):
        raise ModelError(_scheduler_gone(client))
    if future.status == "finished":
        result: Outcome = future.result()
        return result
    error = future.exception()
    if isinstance(error, KilledWorker):
        sentence = "every worker that tried it was lost; it may need more memory than they have"
        return Outcome(state=State.FAILED, error_class="KilledWorker", error=sentence)
    raise ModelError(f"a worker cannot run cases: {type(error).__name__}") from error


def _scheduler_gone(client: Client) -> str:
    return f"the scheduler is gone ({client.status}); run the same command to go on"
