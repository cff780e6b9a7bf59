"""How a batch shows its progress: a table that redraws itself, or plain lines in a log."""

import sys
import time
from abc import ABC, abstractmethod

from oligocount.cohort.engine import Ended, Progress
from oligocount.cohort.ledger import State

_REDRAW_S = 0.2
_BAR_WIDTH = 24
_MAX_STAGES = 16


class Watcher(ABC):
    """Is told of every change of a batch."""

    @abstractmethod
    def show(self, progress: Progress, ended: Ended | None) -> None:
        """Show where the batch stands, and the case that has just ended."""

    @abstractmethod
    def close(self) -> None:
        """Nothing more will be shown."""


class LogWatcher(Watcher):
    """One line a case that ended."""

    def show(self, progress: Progress, ended: Ended | None) -> None:
        """Print the line; nothing while no case ends."""
        if ended is not None:
            print(f"{_counts(progress)}  {_ending(ended)}", flush=True)

    def close(self) -> None:
        """What was printed stays."""


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


def _headline(progress: Progress) -> str:
    filled = _BAR_WIDTH * (progress.total - progress.left) // max(1, progress.total)
    bar = "█" * filled + "·" * (_BAR_WIDTH - filled)
    return f"{bar} {_counts(progress)}  {progress.workers} workers  {_pace(progress)}"


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


def _stages(progress: Progress) -> list[str]:
    running = list(progress.stages.items())
    lines = [f"  {case_id[:60]}: {stage}" for case_id, stage in running[:_MAX_STAGES]]
    return lines + ([f"  and {len(running) - _MAX_STAGES} more"] if running[_MAX_STAGES:] else [])


def _ending(ended: Ended) -> str:
    outcome = ended.outcome
    if outcome.state is State.DONE:
        return f"{ended.case_id}: done, {outcome.seconds:.1f} s"
    return f"{ended.case_id}: failed, {outcome.error_class}: {outcome.error}"
