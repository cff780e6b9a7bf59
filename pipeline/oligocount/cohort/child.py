"""The process that runs cases: `python -m oligocount.cohort.child`, one at a time, until its end.

It reads a job a line on standard input and answers in lines of JSON: `{"stage": ...}` while it
works, then `{"done": true}` or `{"failed": ...}`. What a library prints goes to the case's log.
A case is written to a folder of its own and put in its place when it is whole. The process ends
at once when its parent does, and a bug ends it with its traceback in the log: the parent starts
another. Models stay loaded between cases.
"""

import errno
import importlib
import json
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from oligocount.cohort.links import link_files
from oligocount.cohort.stages import StageLog, Turns
from oligocount.errors import (
    BundleMismatch,
    BundleNotFound,
    ConfigError,
    OligocountError,
    PublishError,
)
from oligocount.publish.case_folder import CASE_FILES

Job = dict[str, Any]
Enter = Callable[[str], None]
Runner = Callable[[Job, Path, Enter], None]
_IDLE_S = 900.0  # models leave the memory of a worker that has nothing to do for so long
_STORAGE_ERRORS = frozenset(
    {
        errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE, errno.ENODEV,
        errno.ENOTCONN, errno.EFBIG,
    }
)  # fmt: skip


def main() -> None:
    """Serve jobs until standard input closes, or none comes for a long time."""
    _offer_to_the_memory_killer()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    while True:
        try:
            job = jobs.get(timeout=_IDLE_S)
        except queue.Empty:
            return
        _serve(json.loads(job), answers)


def _serve(job: Job, answers: IO[str]) -> None:
    _answer(answers, {"stage": "start"})
    begun = time.perf_counter()
    told: dict[str, Any] = {}
    log: StageLog | None = None
    try:
        _redirect_output(Path(job["log"]))
        log = StageLog(lambda stage: _answer(answers, {"stage": stage}), _turns(job))
        log.enter("start")
        _run_whole(_runner(job["runner"]), job, log.enter)
        told["done"] = True
    except OligocountError as error:
        told["failed"] = {
            "error_class": type(error).__name__,
            "error": str(error),
            "concerns_all": _concerns_all(error),
        }
    told["seconds"] = time.perf_counter() - begun
    if log is not None:
        log.close()
        told |= {"stage_seconds": log.seconds, "stage_peak_mib": log.peak_mib}
    sys.stdout.flush()
    sys.stderr.flush()
    _answer(answers, told)


def _concerns_all(error: OligocountError) -> bool:
    """Whether every other case would meet this too: it is no fault of the patient's scan."""
    if isinstance(error, ConfigError | BundleNotFound | BundleMismatch):
        return True
    cause = error.__cause__
    return (
        isinstance(error, PublishError)
        and isinstance(cause, OSError)
        and cause.errno in _STORAGE_ERRORS
    )


def _turns(job: Job) -> Turns:
    return Turns(
        Path(job["turn_file"]) if job["turn_file"] else None, frozenset(job["turn_stages"])
    )


def _run_whole(runner: Runner, job: Job, enter: Enter) -> None:
    """The case's folder is in its place, whole, or was not touched."""
    work, final = Path(job["work"]), Path(job["final"])
    case = work / "case"
    try:
        case.mkdir(parents=True)
        runner(_with_own_files(job, work / "input"), case, enter)
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.exists():
            _set_aside(final, work, Path(job["superseded"]))
        case.rename(final)
    except OSError as error:
        raise PublishError(f"{final}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _set_aside(final: Path, work: Path, superseded: Path) -> None:
    """An earlier case goes; one with a reader's version, or anything not ours, is kept."""
    if {each.name for each in final.iterdir()} <= CASE_FILES:
        final.rename(work / "before")
        return
    superseded.mkdir(parents=True, exist_ok=True)
    final.rename(superseded / f"{final.name}-{work.name[:8]}")


def _with_own_files(job: Job, place: Path) -> Job:
    """The job with a folder of links to the case's own files, where it names them."""
    if not job["files"]:
        return job
    link_files(job["files"], Path(job["input"]), place)
    return {**job, "input": str(place)}


def _listen(jobs: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        jobs.put(line)
    os._exit(0)  # the parent is gone: nobody waits for this case any more


def _answer(answers: IO[str], content: dict[str, Any]) -> None:
    answers.write(json.dumps(content) + "\n")
    answers.flush()


def _runner(name: str) -> Runner:
    module, _, function = name.partition(":")
    runner: Runner = getattr(importlib.import_module(module), function)
    return runner


def _redirect_output(log: Path) -> None:
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError as error:
        raise PublishError(f"{log}: cannot be written: {error.strerror}") from error
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


def _offer_to_the_memory_killer() -> None:
    """When the machine runs out of memory, the kernel ends a case before the coordinator."""
    try:
        Path("/proc/self/oom_score_adj").write_text("500")
    except OSError:
        return


if __name__ == "__main__":
    main()
