"""Runs a whole cohort: nothing lost, nothing done twice, every failure named.

COHORT is a folder of patients (a folder or .zip each, clinical.yaml in it or not), or a CSV, TSV
or Parquet manifest with the columns `case_id`, `input` (relative to the manifest) and any clinical
fact; with --by-study one dump of many patients. Run the same command again to go on: finished
cases are skipped, changed ones redone. Before a long run: --dry-run.

examples:
  oligocount batch cohort.csv -o OUT --dry-run      what would run, what cannot and why
  oligocount batch cohort.csv -o OUT --workers 4    then: oligocount status OUT, query OUT
  oligocount batch --watch /incoming -o OUT         until Ctrl-C

Exit status 0: every case is done; 5: at least one failed or was refused.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from distributed import Client

from oligocount.assess import check_facts, fact_names
from oligocount.cli.options import add_config, add_models
from oligocount.cli.status import tell_failures
from oligocount.cli.watch import LogWatcher, TableWatcher, Watcher
from oligocount.cohort import clusters
from oligocount.cohort.batch import Standing, forecast, standing, usual_seconds, work_through
from oligocount.cohort.dump import read_dump
from oligocount.cohort.estimate import check_readiness
from oligocount.cohort.isolation import Limits
from oligocount.cohort.ledger import LEDGER_NAME, State
from oligocount.cohort.manifest import Cohort, read_cohort
from oligocount.cohort.plan import Plan
from oligocount.cohort.recipe import CASE_RUNNER, GPU_STAGES, SETTINGS_FILE, Recipe, read_recipe
from oligocount.cohort.watching import watch_folder
from oligocount.config import load_settings
from oligocount.errors import ConfigError, InputError
from oligocount.settings import IntakeSettings

_MIB_PER_GIB = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "cohort", type=Path, nargs="?", metavar="COHORT", help="a folder or a manifest"
    )
    source.add_argument(
        "--watch", type=Path, metavar="DIR",
        help="keep running: process each patient's folder or .zip that appears in DIR, once it "
        "is complete and never twice",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--out", type=Path, required=True, metavar="OUT",
        help="a folder for the cohort; that of an earlier run goes on",
    )  # fmt: skip
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--workers", type=int, metavar="N",
        help="cases at a time on this machine (default: as many as cores and memory allow)",
    )  # fmt: skip
    place.add_argument("--scheduler", metavar="ADDRESS", help="a running Dask scheduler, tcp://…")
    place.add_argument("--slurm", type=Path, metavar="FILE", help="start workers as SLURM jobs")
    parser.add_argument(
        "--by-study", action="store_true", help="COHORT is one dump of many patients, all mixed"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would run, run nothing")
    parser.add_argument(
        "--settled", type=float, default=60, metavar="SECONDS",
        help="with --watch: complete is what has not changed for so long (default 60)",
    )  # fmt: skip
    _add_handling(parser)
    add_models(parser)
    add_config(parser)


def execute(arguments: argparse.Namespace) -> int:
    """0 when every case is done, 5 when one failed or was refused."""
    _check_numbers(arguments)
    settings = load_settings(arguments.config)
    workers = _workers(arguments)
    recipe = read_recipe(
        arguments.config, arguments.out.resolve(), lesions=arguments.lesions,
        organs=arguments.organs, device=arguments.device, trusted=arguments.trust_bundle,
    )  # fmt: skip
    plan = _plan(arguments, recipe, workers)
    watcher = TableWatcher() if sys.stdout.isatty() else LogWatcher()
    if arguments.watch is not None:
        return _watch(arguments, plan, _cluster(arguments, workers), watcher)
    cohort = _read_cohort(arguments, settings.intake)
    if arguments.strict and cohort.refused:
        rows = "; ".join(f"{place}: {why}" for place, why in cohort.refused.items())
        raise InputError(f"{arguments.cohort}: {len(cohort.refused)} rows cannot run: {rows}")
    if cohort.carried:
        print(f"carried along, not clinical facts: {', '.join(cohort.carried)}")
    if arguments.dry_run:
        return _tell_forecast(cohort, plan, settings.intake, workers)
    if cohort.refused:
        print(f"{len(cohort.refused)} rows cannot run and are named at the end", flush=True)
    end = work_through(cohort, plan, _cluster(arguments, workers), watcher.show)
    watcher.close()
    return _tell_end(end)


def _add_handling(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--strict", action="store_true", help="refuse a cohort with a bad row")
    parser.add_argument("--retry-failed", action="store_true", help="run failed cases again")
    parser.add_argument(
        "--time-limit", type=float, default=30, metavar="MINUTES",
        help="end a case that takes longer (default 30)",
    )  # fmt: skip
    parser.add_argument(
        "--memory-limit", type=float, default=6, metavar="GIB",
        help="end a case that needs more (default 6)",
    )  # fmt: skip
    parser.add_argument(
        "--gpus", type=int, default=0, metavar="N",
        help="use N GPUs here; the two cases of a GPU take turns at it. With --slurm or "
        "--scheduler: 1, each worker has one (dask worker --resources GPU=1 --nthreads 2)",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=int, metavar="N",
        help="CPU threads of a case (default: the cores shared out)",
    )  # fmt: skip
    parser.add_argument("--runner", default=CASE_RUNNER, help=argparse.SUPPRESS)


def _read_cohort(arguments: argparse.Namespace, settings: IntakeSettings) -> Cohort:
    return _read_place(arguments.cohort, settings, by_study=arguments.by_study)


def _read_place(place: Path, settings: IntakeSettings, *, by_study: bool) -> Cohort:
    if by_study:
        return read_dump(place, settings)
    return read_cohort(place, fact_names=fact_names(), check_facts=check_facts)


def _watch(
    arguments: argparse.Namespace,
    plan: Plan,
    cluster: Callable[[], AbstractContextManager[Client]],
    watcher: Watcher,
) -> int:
    """Until interrupted (Ctrl-C or SIGTERM): a case under way then runs again at the next start."""
    if not arguments.watch.is_dir():
        raise InputError(f"{arguments.watch}: expected a folder to watch")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print(f"watching {arguments.watch}; end with Ctrl-C", flush=True)
    try:
        watch_folder(
            _Arriving(arguments).read, plan, cluster, watcher.show, settled_s=arguments.settled
        )
    except KeyboardInterrupt:
        watcher.close()
    return _tell_end(standing(plan.out))


class _Arriving:
    """What lies in the watched folder; that it cannot be read now is told and no end."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._place: Path = arguments.watch
        self._by_study: bool = arguments.by_study
        self._settings = load_settings(arguments.config).intake
        self._told = ""

    def read(self) -> Cohort:
        """The cohort as it is now."""
        try:
            if any(self._place.iterdir()):
                return _read_place(self._place, self._settings, by_study=self._by_study)
        except (OSError, InputError) as error:
            if str(error) != self._told:
                print(error, file=sys.stderr, flush=True)
            self._told = str(error)
        return Cohort(cases=(), refused={})


def _check_numbers(arguments: argparse.Namespace) -> None:
    for name in ("workers", "threads", "time_limit", "memory_limit", "settled"):
        value = getattr(arguments, name)
        if value is not None and not value > 0:
            raise ConfigError(f"--{name.replace('_', '-')}: expected more than 0, found {value}")


def _workers(arguments: argparse.Namespace) -> int:
    if arguments.gpus:
        return int(arguments.gpus)
    fitting = clusters.fitting_workers(arguments.memory_limit * _MIB_PER_GIB)
    return int(arguments.workers or fitting)


def _plan(arguments: argparse.Namespace, recipe: Recipe, workers: int) -> Plan:
    return Plan(
        out=arguments.out.resolve(),
        runner=arguments.runner,
        options=recipe.options,
        files={SETTINGS_FILE: recipe.settings},
        settings_digest=recipe.settings_digest,
        models_digest=recipe.models_digest,
        limits=Limits(
            time_s=arguments.time_limit * 60, memory_mib=arguments.memory_limit * _MIB_PER_GIB
        ),
        threads=_threads(arguments, workers),
        turn_stages=GPU_STAGES if arguments.gpus else (),
        retries_failed=arguments.retry_failed,
    )


def _threads(arguments: argparse.Namespace, workers: int) -> int:
    """Cores shared out here; on a cluster, whose machines are unknown, one."""
    elsewhere = arguments.scheduler or arguments.slurm
    shared_out = 1 if elsewhere else clusters.threads_per_case(workers)
    return int(arguments.threads or shared_out)


def _cluster(
    arguments: argparse.Namespace, workers: int
) -> Callable[[], AbstractContextManager[Client]]:
    if arguments.scheduler:
        return lambda: clusters.running_cluster(arguments.scheduler)
    if arguments.slurm:
        return lambda: clusters.slurm_cluster(arguments.slurm, gpus=arguments.gpus)
    return lambda: clusters.local_cluster(workers, gpus=arguments.gpus)


def _tell_forecast(cohort: Cohort, plan: Plan, settings: IntakeSettings, workers: int) -> int:
    limit_mib = plan.limits.memory_mib
    will_run, core_s = 0, 0.0
    for one in forecast(cohort, plan, lambda case: check_readiness(case, settings, limit_mib)):
        memory = ""
        if one.needs is not None:
            memory = f", {one.needs.memory_mib / _MIB_PER_GIB:.1f} GiB"
            core_s += one.needs.core_s
        print(f"{one.action:<7} {one.case_id}: {one.reason}{memory}", flush=True)
        will_run += one.action == "run"
    for place, why in cohort.refused.items():
        print(f"refused {place}: {why}")
    print(
        f"{will_run} of {len(cohort.cases)} cases would run, {workers} at a time with "
        f"{plan.threads} thread{'s' if plan.threads > 1 else ''} each; "
        f"{len(cohort.refused)} rows are refused"
    )
    if will_run:
        print(_duration(plan, will_run / workers, core_s / (workers * plan.threads)))
    return 0


def _duration(plan: Plan, rounds: float, estimate_s: float) -> str:
    has_run = (plan.out / LEDGER_NAME).is_file()
    seconds = usual_seconds(standing(plan.out)) if has_run else None
    if seconds is None:
        return (
            f"about {_minutes(estimate_s)} by the size of the scans, on two-core figures without a "
            "GPU; known better once a case is done"
        )
    return f"about {_minutes(rounds * seconds)} at {seconds:.0f} s a case, the median here so far"


def _minutes(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds > 5400 else f"{max(1.0, seconds / 60):.0f} min"


def _tell_end(end: Standing) -> int:
    print(f"{end.count(State.DONE)} of {len(end.listed)} cases are done: {end.out}")
    if end.count(State.DONE):
        print(f"page: {end.out / 'cohort.html'}; questions: oligocount query {end.out}")
    if not end.failures:
        return 0
    print(f"{len(end.failures)} failed or were refused:")
    tell_failures(end, shown=None)
    return 5
