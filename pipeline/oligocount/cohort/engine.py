"""Runs a cohort on Dask workers and keeps the ledger: the only writer of both.

The coordinator hands out a few cases at a time, so that its memory does not grow with the
cohort and workers that join late get their share.
"""

import queue
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker

from oligocount.cohort.digest import digest_input, folder_name
from oligocount.cohort.isolation import Limits
from oligocount.cohort.ledger import Attempt, Digests, Ledger, Outcome, State
from oligocount.cohort.manifest import CohortCase
from oligocount.cohort.worker import STAGE_TOPIC, CaseRunner, run_on_worker
from oligocount.errors import InputError, ModelError

CASES_FOLDER, WORK_FOLDER, LOGS_FOLDER = "cases", ".work", "logs"
_WAIT_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How every case is run. `options` goes to the runner as it is and must be JSON.

    `files` are written into OUT before the first case: what the options point to.
    """

    out: Path
    runner: str
    options: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    settings_digest: str
    models_digest: str
    limits: Limits
    threads: int = 1
    gpus_per_case: int = 0
    retries_failed: bool = False


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where the batch stands; it changes while the batch runs."""

    total: int
    skipped: int = 0
    done: int = 0
    failed: int = 0
    failed_before: int = 0
    workers: int = 0
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
class _Finished:
    case_id: str
    attempt: int
    future: "Future[Outcome]"


def run_batch(
    cases: tuple[CohortCase, ...],
    plan: Plan,
    client: Client,
    ledger: Ledger,
    on_change: "Callable[[Progress, Ended | None], None]" = lambda *_: None,
) -> Progress:
    """Every case has ended and stands in the ledger, finished ones untouched.

    `on_change` hears of every change, and of each case that ended.
    Raises ModelError when the scheduler goes away: what ended until then is kept.
    """
    events: queue.SimpleQueue[_Stage | _Finished] = queue.SimpleQueue()
    client.register_plugin(CaseRunner(plan.threads))
    client.subscribe_topic(STAGE_TOPIC, lambda event: events.put(_stage(event[1])))
    (plan.out / LOGS_FOLDER).mkdir(exist_ok=True)
    # what a dead batch left half-written; an orphan of it can no longer put its case in place
    shutil.rmtree(plan.out / WORK_FOLDER, ignore_errors=True)
    progress = Progress(total=len(cases))
    waiting = _cases_to_run(cases, plan, ledger, progress)
    running: dict[str, Future[Outcome]] = {}
    while True:
        _hand_out(waiting, running, plan, client, ledger, events, progress)
        if not running:
            client.unsubscribe_topic(STAGE_TOPIC)
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
            digests = Digests(
                input=digest_input(case.input, case.clinical, case.files),
                settings=plan.settings_digest,
                models=plan.models_digest,
            )
        except InputError as error:
            _fail_unread(case, plan, ledger, str(error))
            progress.failed += 1
            continue
        last = before.get(case.case_id)
        if last is None or last.digests != digests:
            yield case, digests
        elif last.outcome.state is State.FAILED and not plan.retries_failed:
            progress.failed_before += 1
        elif result_stands(last, plan.out):
            progress.skipped += 1
        else:
            yield case, digests


def _fail_unread(case: CohortCase, plan: Plan, ledger: Ledger, error: str) -> None:
    digests = Digests(input="", settings=plan.settings_digest, models=plan.models_digest)
    attempt = ledger.begin(case.case_id, digests)
    failed = Outcome(state=State.FAILED, error_class="InputError", error=error, stage_seconds={})
    ledger.end(case.case_id, attempt, failed)


def result_stands(last: Attempt, out: Path) -> bool:
    """True when the finished case of this attempt is still in its place."""
    result = case_folder(out, last.case_id) / "result.json"
    return last.outcome.state is State.DONE and result.is_file()


def case_folder(out: Path, case_id: str) -> Path:
    """Where the files of a finished case are."""
    return out / CASES_FOLDER / folder_name(case_id)


def _hand_out(
    waiting: Iterator[tuple[CohortCase, Digests]],
    running: "dict[str, Future[Outcome]]",
    plan: Plan,
    client: Client,
    ledger: Ledger,
    events: "queue.SimpleQueue[_Stage | _Finished]",
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
            plan.limits,
            key=f"case-{job['execution']}",
            pure=False,
            resources={"GPU": plan.gpus_per_case} if plan.gpus_per_case else None,
        )
        running[case.case_id] = future
        ended = _Finished(case.case_id, attempt, future)
        future.add_done_callback(lambda _, ended=ended: events.put(ended))


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
        "work_root": str(plan.out / WORK_FOLDER),
        "final": str(case_folder(plan.out, case.case_id)),
        "superseded": str(plan.out / "superseded"),
        "log": str(plan.out / LOGS_FOLDER / f"{folder_name(case.case_id)}.log"),
    }


def _take_event(
    events: "queue.SimpleQueue[_Stage | _Finished]",
    running: "dict[str, Future[Outcome]]",
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
    del running[event.case_id]
    progress.stages.pop(event.case_id, None)
    outcome = _outcome(event.future, client)
    ledger.end(event.case_id, event.attempt, outcome)
    if outcome.state is State.DONE:
        progress.done += 1
    else:
        progress.failed += 1
    return Ended(case_id=event.case_id, outcome=outcome)


def _outcome(future: "Future[Outcome]", client: Client) -> Outcome:
    if future.status in ("cancelled", "lost"):
        raise ModelError(_scheduler_gone(client))
    if future.status == "finished":
        result: Outcome = future.result()
        return result
    error = future.exception()
    if isinstance(error, KilledWorker):
        sentence = "every worker that tried it was lost; it may need more memory than they have"
        return Outcome(
            state=State.FAILED, error_class="KilledWorker", error=sentence, stage_seconds={}
        )
    raise ModelError(f"a worker cannot run cases: {type(error).__name__}") from error


def _scheduler_gone(client: Client) -> str:
    return f"the scheduler is gone ({client.status}); run the same command to go on"
