"""How every case of a batch is run, and where its files go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from oligocount.cohort.digest import folder_name
from oligocount.cohort.isolation import Limits

CASES_FOLDER, WORK_FOLDER, LOGS_FOLDER = "cases", ".work", "logs"
CASES_PER_GPU = 2  # while one infers, the next is read and resampled, the last one published


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How every case is run. `options` goes to the runner as it is and must be JSON.

    `files` are written into OUT before the first case: what the options point to. With
    `turn_stages` each case needs a share of a worker's GPU, and one case a worker is at one of
    these stages at a time.
    """

    out: Path
    runner: str
    options: Mapping[str, Any]
    files: Mapping[str, str] = field(default_factory=dict)
    settings_digest: str
    models_digest: str
    limits: Limits
    threads: int = 1
    turn_stages: tuple[str, ...] = ()
    retries_failed: bool = False

    @property
    def batch(self) -> str:
        """One name for every batch on this folder: a new one takes the place of a dead one."""
        return f"oligocount-{sha256(str(self.out).encode()).hexdigest()[:12]}"


def case_folder(out: Path, case_id: str) -> Path:
    """Where the files of a finished case are."""
    return out / CASES_FOLDER / folder_name(case_id)
