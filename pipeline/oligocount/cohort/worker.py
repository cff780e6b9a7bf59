"""What runs on a Dask worker: a pool of case processes, and one task a case."""

import shutil
import uuid
from pathlib import Path
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker

from oligocount.cohort.isolation import CasePool, Limits
from oligocount.cohort.ledger import Outcome

LOCAL_GPU = "LOCAL_GPU"  # a resource that marks local workers, each of which has a GPU of its own


class CaseRunner(WorkerPlugin):  # type: ignore[misc]  # the library carries no types here
    """Gives each worker, also one that joins late, its pool of case processes.

    Named after its batch: another batch on the same scheduler has workers' pools of its own.
    """

    def __init__(self, batch: str, threads: int) -> None:
        self.name = batch
        self._threads = threads

    def setup(self, worker: Worker) -> None:
        """The worker can run cases."""
        environment = {"OMP_NUM_THREADS": str(self._threads), **_own_gpu(worker)}
        self.pool = CasePool(environment)
        self.turn_file = Path(worker.local_directory) / f"{self.name}.turn"

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - the library's signature
        """The worker's children are gone."""
        self.pool.close()
        self.turn_file.unlink(missing_ok=True)


def run_on_worker(job: dict[str, Any], batch: str, limits: Limits) -> Outcome:
    """The outcome of a job in one of this worker's case processes; stages told as they begin."""
    worker = get_worker()

    def tell(stage: str) -> None:
        event = {"case_id": job["case_id"], "attempt": job["attempt"], "stage": stage}
        worker.log_event(batch, event)

    tell("start")
    plugin: CaseRunner = worker.plugins[batch]
    turn_file = str(plugin.turn_file) if job["turn_stages"] else None
    # each execution writes to a folder of its own: a case may be started again elsewhere when
    # its worker is lost, and the first may still be at work
    work = Path(job["work_root"]) / uuid.uuid4().hex
    try:
        return plugin.pool.run({**job, "work": str(work), "turn_file": turn_file}, limits, tell)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _own_gpu(worker: Worker) -> dict[str, str]:
    """Local workers are numbered from 0, and each sees the GPU of its number alone."""
    if LOCAL_GPU not in worker.state.total_resources:
        return {}
    return {"CUDA_VISIBLE_DEVICES": str(worker.name)}
