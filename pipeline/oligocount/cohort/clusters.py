"""Where cases run: this machine, or a Dask scheduler that is already up."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dask
import psutil
from distributed import Client, LocalCluster

from oligocount.cohort.plan import CASES_PER_GPU
from oligocount.cohort.worker import LOCAL_GPU
from oligocount.errors import ConfigError, ModelError
from oligocount.plain_yaml import read_yaml

_CONNECT_S = 20


def fitting_workers(memory_per_case_mib: float) -> int:
    """As many as this machine has cores and free memory for, at least one."""
    by_memory = psutil.virtual_memory().available / 2**20 // memory_per_case_mib
    return max(1, min(_cores(), int(by_memory)))


def threads_per_case(workers: int) -> int:
    """The cores of this machine shared out, at least one each."""
    return max(1, _cores() // workers)


@contextmanager
def local_cluster(workers: int, *, gpus: int = 0) -> Iterator[Client]:
    """A client of a scheduler and workers on this machine's loopback, gone after the block.

    With `gpus`, each worker has one GPU, and two cases that take turns at it.
    """
    _quieten()
    with (
        tempfile.TemporaryDirectory(prefix="oligocount-") as scratch,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=CASES_PER_GPU if gpus else 1,
            processes=True,
            memory_limit=0,  # limits hold for each case's own process
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            local_directory=scratch,
            resources={"GPU": 1, LOCAL_GPU: 1} if gpus else None,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@contextmanager
def running_cluster(address: str) -> Iterator[Client]:
    """A client of the scheduler at `address` (tcp://host:port).

    Its workers must have this version of oligocount, and see INPUT and OUT under the same paths.
    Raises ModelError when nobody answers, ConfigError for an address that is none.
    """
    _quieten()
    try:
        client = Client(address, timeout=_CONNECT_S)
    except ValueError as error:
        raise ConfigError(f"{address}: expected tcp://host:port") from error
    except OSError as error:
        raise ModelError(f"{address}: no scheduler answers within {_CONNECT_S} s") from error
    with client:
        yield client


@contextmanager
def slurm_cluster(file: Path, *, gpus: int = 0) -> Iterator[Client]:
    """A client of workers that are SLURM jobs, one case at a time each, gone after the block.

    With `gpus`, each job has asked for one GPU, and two cases take turns at it.

    `file` (YAML) says `jobs` and what dask_jobqueue.SLURMCluster takes: queue, memory, job_cpu,
    walltime, job_extra_directives, job_script_prologue ... Raises ConfigError when it cannot be
    used or dask-jobqueue is missing.
    """
    _quieten()
    options = _slurm_options(file)
    jobs = options.pop("jobs")
    if gpus:
        more = options.get("worker_extra_args") or []
        options["worker_extra_args"] = [*more, "--resources", "GPU=1"]
    try:
        library = import_module("dask_jobqueue")
        cluster = library.SLURMCluster(
            **{"scheduler_options": {"dashboard_address": ":0"}, **options},
            cores=CASES_PER_GPU if gpus else 1,
            processes=1,
        )
    except ImportError as error:
        raise ConfigError("--slurm needs dask-jobqueue: pip install oligocount[cluster]") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from error
    with cluster, Client(cluster) as client:
        cluster.scale(jobs=jobs)
        yield client


def _slurm_options(file: Path) -> dict[str, Any]:
    told = read_yaml(file, ConfigError)
    jobs = told.get("jobs") if isinstance(told, dict) else None
    if not isinstance(jobs, int) or jobs < 1:
        raise ConfigError(f"{file}: expected a mapping with `jobs`, the number of workers")
    fixed = {"cores", "processes"} & set(told)
    if fixed:
        raise ConfigError(
            f"{file}: {', '.join(sorted(fixed))} is fixed: one case a job; see job_cpu"
        )
    return dict(told)


def dashboard(client: Client) -> str:
    """Where Dask's dashboard is; empty where it cannot be drawn (it needs bokeh)."""
    return str(client.dashboard_link or "") if find_spec("bokeh") else ""


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _quieten() -> None:
    """Dask's own words stay out of the table; a lost worker is told by the ledger."""
    dask.config.set(
        {
            "distributed.scheduler.allowed-failures": 2,
            "distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical",
        }
    )
    for name in ("distributed", "distributed.nanny", "distributed.worker", "distributed.scheduler"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
