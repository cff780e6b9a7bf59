"""How much memory this process has held at most."""

from pathlib import Path


def peak_mib() -> float:
    """The high-water mark of this process's memory, since the start or since it was cleared."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def clear_peak() -> None:
    """The high-water mark starts anew from what is held now (proc(5))."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")
