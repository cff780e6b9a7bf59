"""Runs a case in a process of its own: a crash, a hang or too much memory costs it alone."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from oligocount.cohort.ledger import Outcome, State
from oligocount.cohort.stages import WAITING

_POLL_S = 0.25
_START_S = 300  # for the child itself to come up, on a machine that has much else to do
_LOG_TAIL = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one case may use."""

    time_s: float
    memory_mib: float


class CaseProcess:
    """A child that serves cases one after another; it is replaced when a case breaks it.

    Not for use from two threads at once.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._child: subprocess.Popen[bytes] | None = None

    def run(
        self, job: Mapping[str, Any], limits: Limits, on_stage: Callable[[str], None]
    ) -> Outcome:
        """The outcome of a job, whatever happens to the process that works on it."""
        child = self._running()
        watch, answer, stage = _followed(child, job, limits, on_stage)
        if answer is None and _has_retired(child, stage, watch):
            child = self._running()
            watch, answer, stage = _followed(child, job, limits, on_stage)
        if answer is None:
            outcome = _lost(watch, child, stage, Path(str(job["log"])))
            self.close()
            return outcome
        return _told(answer, stage)

    def close(self) -> None:
        """No child is left."""
        if self._child is not None:
            _kill(self._child)
            self._child = None

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", "oligocount.cohort.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                env={**os.environ, **self._environment},
            )
        return self._child


def _followed(
    child: "subprocess.Popen[bytes]",
    job: Mapping[str, Any],
    limits: Limits,
    on_stage: Callable[[str], None],
) -> "tuple[_Watch, dict[str, Any] | None, str | None]":
    watch = _Watch(child, time.perf_counter(), limits)
    with contextlib.suppress(BrokenPipeError):  # it died before: reading tells how
        _stdin(child).write(json.dumps(dict(job)).encode() + b"\n")
    return watch, *watch.follow(on_stage)


class _Watch:
    """Follows one job: its answers, its time and its memory."""

    def __init__(self, child: "subprocess.Popen[bytes]", begun: float, limits: Limits) -> None:
        self._child = child
        self.begun = begun
        self._limits = limits
        self._time_s: float = _START_S
        self._stage: str | None = None
        self._entered = begun
        self._peak_mib = 0.0
        self.stage_seconds: dict[str, float] = {}
        self.stage_peak_mib: dict[str, float] = {}
        self.broken_limit: tuple[str, str] | None = None
        self._buffer = b""

    def follow(self, on_stage: Callable[[str], None]) -> tuple[dict[str, Any] | None, str | None]:
        """The last answer and stage; no answer when the child ended or broke a limit."""
        while self.broken_limit is None:
            line = self._next_line()
            if line is None:
                break
            if line:
                answer = json.loads(line)
                if "stage" not in answer:
                    return answer, self._stage
                self._enter(str(answer["stage"]))
                on_stage(str(answer["stage"]))
            self._check_limits()
        self._close_stage()
        return None, self._stage

    def _enter(self, stage: str) -> None:
        now = time.perf_counter()
        if self._stage is None:  # the case begins here; starting the child is not its fault
            self.begun, self._time_s = now, self._limits.time_s
        elif self._stage == WAITING:  # nor is what the case before it takes
            self._time_s += now - self._entered
        self._close_stage()
        self._stage, self._entered, self._peak_mib = stage, now, 0.0

    def _close_stage(self) -> None:
        if self._stage is not None:
            used_s = time.perf_counter() - self._entered
            before_s = self.stage_seconds.get(self._stage, 0.0)
            self.stage_seconds[self._stage] = round(before_s + used_s, 3)
            before_mib = self.stage_peak_mib.get(self._stage, 0.0)
            self.stage_peak_mib[self._stage] = max(before_mib, round(self._peak_mib, 1))

    def _next_line(self) -> bytes | None:
        """One line, nothing yet (empty), or None at the end of the stream."""
        if b"\n" not in self._buffer:
            handle = _stdout(self._child).fileno()
            if not select.select([handle], [], [], _POLL_S)[0]:
                return b""
            more = os.read(handle, 65536)
            if not more:
                return None
            self._buffer += more
        line, found, rest = self._buffer.partition(b"\n")
        if not found:
            return b""
        self._buffer = rest
        return line

    def _check_limits(self) -> None:
        used_s = time.perf_counter() - self.begun
        used_mib = _memory_mib(self._child.pid)
        self._peak_mib = max(self._peak_mib, used_mib)
        if used_s > self._time_s and self._stage != WAITING:
            self.broken_limit = (
                "TimeLimit",
                f"ran for {used_s:.0f} s; a case may take {self._limits.time_s:g} s",
            )
        elif used_mib > self._limits.memory_mib:
            self.broken_limit = (
                "MemoryLimit",
                f"used {used_mib:.0f} MiB; a case may use {self._limits.memory_mib:.0f} MiB",
            )


def _told(answer: Mapping[str, Any], stage: str | None) -> Outcome:
    failed = answer.get("failed") or {}
    ended = State.INTERRUPTED if failed.get("concerns_all") else State.FAILED
    peaks = answer.get("stage_peak_mib") or {}
    return Outcome(
        state=ended if failed else State.DONE,
        stage=stage,
        error_class=failed.get("error_class"),
        error=failed.get("error"),
        seconds=float(answer["seconds"]),
        stage_seconds=answer.get("stage_seconds") or {},
        stage_peak_mib=peaks,
        peak_mib=max(peaks.values(), default=None),
    )


def _has_retired(child: "subprocess.Popen[bytes]", stage: str | None, watch: _Watch) -> bool:
    """Whether a child ended after a long idle time, just as it was given this job."""
    return stage is None and watch.broken_limit is None and child.wait() == 0


def _lost(watch: _Watch, child: "subprocess.Popen[bytes]", stage: str | None, log: Path) -> Outcome:
    error_class, error = watch.broken_limit or _cause_of_death(child, log)
    return Outcome(
        state=State.FAILED,
        stage=stage,
        error_class=error_class,
        error=error,
        seconds=time.perf_counter() - watch.begun,
        stage_seconds=watch.stage_seconds,
        stage_peak_mib=watch.stage_peak_mib,
        peak_mib=max(watch.stage_peak_mib.values(), default=None),
    )


def _cause_of_death(child: "subprocess.Popen[bytes]", log: Path) -> tuple[str, str]:
    status = child.wait()
    if status < 0:
        name = signal.Signals(-status).name
        hint = "; the machine may have run out of memory" if name == "SIGKILL" else ""
        return "Killed", f"the process was ended by {name}{hint}"
    return "Crash", f"a bug of ours, the traceback is in {log.name}: {_last_line(log)}"


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", errors="replace")[-_LOG_TAIL:].strip().splitlines()
    except OSError:
        lines = []
    return lines[-1].partition(":")[0] if lines else "no word was left"


def _memory_mib(pid: int) -> float:
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return float(sum(each.memory_info().rss for each in family)) / 2**20
    except psutil.Error:
        return 0.0


def _kill(child: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):  # it had ended already
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    _stdin(child).close()
    _stdout(child).close()


def _stdin(child: "subprocess.Popen[bytes]") -> IO[bytes]:
    if child.stdin is None:
        raise ValueError("the child was started without a way to speak to it")
    return child.stdin


def _stdout(child: "subprocess.Popen[bytes]") -> IO[bytes]:
    if child.stdout is None:
        raise ValueError("the child was started without a way to answer")
    return child.stdout


class CasePool:
    """Lends one child to each caller at a time; children are kept warm between cases."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._idle: list[CaseProcess] = []
        self._all: list[CaseProcess] = []
        self._lock = threading.Lock()

    def run(
        self, job: Mapping[str, Any], limits: Limits, on_stage: Callable[[str], None]
    ) -> Outcome:
        """Run a job in an idle child, or in a new one."""
        with self._lock:
            process = self._idle.pop() if self._idle else CaseProcess(self._environment)
            if process not in self._all:
                self._all.append(process)
        try:
            return process.run(job, limits, on_stage)
        finally:
            with self._lock:
                self._idle.append(process)

    def close(self) -> None:
        """No child is left, not even one that works."""
        with self._lock:
            for process in self._all:
                process.close()
