"""What a case process keeps of each stage: its seconds, its peak memory, and whose turn it is."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

WAITING = "waiting for its turn"  # another case on this worker is at a stage that takes turns


class Turns:
    """The right to be at one of `stages`, held by one process at a time; it ends with its holder.

    With no file there is nothing to share, and every stage may begin at once.
    """

    def __init__(self, file: Path | None, stages: frozenset[str]) -> None:
        self._stages = stages if file is not None else frozenset()
        self._handle = None if file is None else os.open(file, os.O_RDWR | os.O_CREAT, 0o644)

    def is_free(self, stage: str) -> bool:
        """True when the stage may begin: it takes no turns, or the turn is taken from now on."""
        if self._handle is None:
            return True
        if stage not in self._stages:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            return True
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def wait(self) -> None:
        """The turn is taken, however long its holder kept it."""
        if self._handle is not None:
            fcntl.flock(self._handle, fcntl.LOCK_EX)

    def close(self) -> None:
        """The turn is somebody else's."""
        if self._handle is not None:
            os.close(self._handle)


class StageLog:
    """Tells each stage as it begins, and keeps seconds and peak memory of those that ended."""

    def __init__(self, tell: Callable[[str], None], turns: Turns) -> None:
        self._tell = tell
        self._turns = turns
        self._now: str | None = None
        self._begun = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self.peak_mib: dict[str, float] = {}

    def enter(self, stage: str) -> None:
        """The stage before has ended, and this one has begun when it was its turn."""
        self._close_stage()
        if not self._turns.is_free(stage):
            self._open_stage(WAITING)
            self._turns.wait()
            self._close_stage()
        self._open_stage(stage)

    def close(self) -> None:
        """The last stage has ended."""
        self._close_stage()
        self._turns.close()

    def _open_stage(self, stage: str) -> None:
        self._tell(stage)
        self._now, self._begun = stage, time.perf_counter()
        forget_peak_memory()

    def _close_stage(self) -> None:
        if self._now is None:
            return
        stage, peak_mib = self._now, peak_memory_mib()
        used_s = time.perf_counter() - self._begun
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + used_s, 3)
        if peak_mib is not None:
            self.peak_mib[stage] = max(self.peak_mib.get(stage, 0.0), round(peak_mib, 1))
        self._now = None


def forget_peak_memory() -> None:
    """The peak is counted from now on, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_memory_mib() -> float | None:
    """The peak resident memory since it was last forgotten; None where the system won't tell."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else None
