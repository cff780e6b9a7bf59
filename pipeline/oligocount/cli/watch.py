"""How a batch shows its progress: a table that redraws itself, or plain lines in a log."""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from oligocount.cohort.engine import Ended, Progress
from oligocount.cohort.ledger import State

_REDRAW_S = 0.2
_BAR_WIDTH = 24
_MAX_STAGES = 16
_LOG_S = 60.0


class Watcher(ABC):
    """Is told of every change of a batch."""

    @abstractmethod
    def show(self, progress: Progress, ended: Ended | None) -> None:
        """Show where the batch stands, and the case that has just ended."""

    @abstractmethod
    def close(self) -> None:
        """Nothing more will be shown."""


class LogWatcher(Watcher):
    """One line a case that ended, and one a minute while none does."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: float | None = None

    def show(self, progress: Progress, ended: Ended | None) -> None:
        """Print the line; nothing while no case ends and a minute has not passed."""
        if self._told is None:
            self._print(_opening(progress))
        if ended is not None:
            self._print(f"{_counts(progress)}  {_ending(ended)}")
        elif self._clock() - (self._told or 0.0) > _LOG_S:
            running = ", ".join(f"{name} {stage}" for name, stage in _first_stages(progress))
            self._print(f"{_counts(progress)}  {_pace(progress)}  {running}")

    def close(self) -> None:
        """What was printed stays."""

    def _print(self, line: str) -> None:
        print(line, flush=True)
        self._told = self._clock()


class TableWatcher(Watcher):
    """A bar, the rate and the stage of each running case, drawn over itself."""

    def __init__(self) -> None:
        self._lines = 0
        self._drawn = 0.0

    def show(self, progress: Progress, ended: Ended | None) -> None:
        """Draw the table again; a failure stays on screen above it."""
        if ended is not None and ended.outcome.state is not State.DONE:
            self._wipe()
            print(_ending(ended))
        elif time.monotonic() - self._drawn < _REDRAW_S:
            return
        if self._drawn == 0.0:
            print(_opening(progress))
        self._wipe()
        lines = [_headline(progress), *_stages(progress)]
        print("\n".join(lines), flush=True)
        self._lines, self._drawn = len(lines), time.monotonic()

    def close(self) -> None:
        """Leave a clean screen."""
        self._wipe()

    def _wipe(self) -> None:
        if self._lines:
            sys.stdout.write(f"\x1b[{self._lines}A\x1b[J")
        self._lines = 0


def _opening(progress: Progress) -> str:
    parts = [f"{progress.total} cases", _workers(progress)]
    parts += [f"dashboard {progress.dashboard}"] if progress.dashboard else []
    return ", ".join(parts)


def _headline(progress: Progress) -> str:
    filled = _BAR_WIDTH * (progress.total - progress.left) // max(1, progress.total)
    bar = "█" * filled + "·" * (_BAR_WIDTH - filled)
    return f"{bar} {_counts(progress)}  {_workers(progress)}  {_pace(progress)}"


def _workers(progress: Progress) -> str:
    """One place for a case: a thread of a Dask worker."""
    return f"{progress.workers} worker{'' if progress.workers == 1 else 's'}"


def _counts(progress: Progress) -> str:
    parts = [f"{progress.total - progress.left}/{progress.total}"]
    parts += [f"{progress.failed} failed"] if progress.failed else []
    parts += [f"{progress.skipped} kept"] if progress.skipped else []
    parts += [f"{progress.failed_before} failed before"] if progress.failed_before else []
    return ", ".join(parts)


def _pace(progress: Progress) -> str:
    ended = progress.done + progress.failed
    elapsed_s = time.monotonic() - progress.begun
    if not ended:
        return "the first cases are running" if progress.workers else "waiting for workers"
    per_hour = ended / elapsed_s * 3600
    return f"{per_hour:.1f} cases/h  {_duration(progress.left * elapsed_s / ended)} left"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _first_stages(progress: Progress) -> list[tuple[str, str]]:
    running = list(progress.stages.items())[:_MAX_STAGES]
    return [(case_id[:60], stage) for case_id, stage in running]


def _stages(progress: Progress) -> list[str]:
    lines = [f"  {case_id}: {stage}" for case_id, stage in _first_stages(progress)]
    more = len(progress.stages) - len(lines)
    return lines + ([f"  and {more} more"] if more else [])


def _ending(ended: Ended) -> str:
    outcome = ended.outcome
    if outcome.state is State.DONE:
        return f"{ended.case_id}: done, {outcome.seconds:.1f} s"
    why = str(outcome.error).replace("\n", "\n  ")
    return f"{ended.case_id}: failed, {outcome.error_class}: {why}"
