"""What whole-body cases cost in a cohort: one worker against two, and 100,000 scans on paper.

Each case is the whole pipeline with both networks. Every worker has one thread, so that two of
them need two cores. Beside the clock's time stands the processor's: on a machine with other work
only the second tells what two workers cost one another.

  scripts/bench cohort_scans                        on a synthetic patient made for it
  scripts/bench cohort_scans --study DICOM_FOLDER   on a scan of yours
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oligocount.cli.main import main as oligocount
from oligocount.cohort.case import run_case
from oligocount.cohort.clusters import local_cluster
from oligocount.cohort.engine import run_batch, served
from oligocount.cohort.isolation import Limits
from oligocount.cohort.ledger import Ledger
from oligocount.cohort.manifest import CohortCase
from oligocount.cohort.plan import CASES_PER_GPU, Plan, case_folder
from oligocount.cohort.recipe import GPU_STAGES, SETTINGS_FILE, read_recipe

_CPU_FILE = "cpu_seconds.json"


@dataclass(frozen=True)
class Measured:
    """Of one arrangement, after each worker's first case: seconds, memory and size of a case."""

    clock_s: float
    cpu_s: dict[str, float]
    peak_mib: float
    written_mb: float


def timed_case(job: dict[str, Any], out: Path, enter: Callable[[str], None]) -> None:
    """The real case function, with the processor's seconds of each stage written beside."""
    used: dict[str, float] = {}
    now = ["start", time.process_time()]

    def close(stage: str) -> None:
        moment = time.process_time()
        used[str(now[0])] = moment - float(now[1])
        now[:] = [stage, moment]

    def note(stage: str) -> None:
        close(stage)
        enter(stage)

    run_case(job, out, note)
    close("end")
    (Path(job["cpu_folder"]) / f"{job['case_id']}-{_CPU_FILE}").write_text(json.dumps(used))


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--study", type=Path, help="a DICOM folder; else a phantom is made")
    parser.add_argument("--cases", type=int, default=2, help="measured cases a worker")
    parser.add_argument("--gpu-speedup", type=float, default=20.0, help="assumed, of inference")
    parser.add_argument("--gpu-hour-price", type=float, default=2.0, help="assumed, in USD")
    arguments = parser.parse_args()
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory() as place:
        study = arguments.study or phantom(Path(place))
        one = measure(study.resolve(), Path(place, "one"), 1, arguments.cases)
        two = measure(study.resolve(), Path(place, "two"), 2, arguments.cases)
    tell("one worker", one)
    tell("two workers", two)
    one_s, two_s = sum(one.cpu_s.values()), sum(two.cpu_s.values())
    print(f"efficiency of two workers, by the clock       {one.clock_s / two.clock_s / 2:5.2f}")
    print(f"efficiency of two workers, by the processor   {one_s / two_s:5.2f}")
    read_mb = sum(file.stat().st_size for file in study.rglob("*") if file.is_file()) / 1e6
    paper(one, read_mb, speedup=arguments.gpu_speedup, price=arguments.gpu_hour_price)


def phantom(place: Path) -> Path:
    """A whole-body PET/CT study."""
    oligocount(["phantom", "-o", str(place / "phantom"), "--seed", "1"])
    return place / "phantom" / "dicom"


def measure(study: Path, place: Path, workers: int, count: int) -> Measured:
    """`count` cases a worker, and one before them in which it loads libraries and weights."""
    out = place / "out"
    out.mkdir(parents=True)
    recipe = read_recipe(None, out, lesions=None, organs=None, device="cpu")
    (out / SETTINGS_FILE).write_text(recipe.settings)
    plan = Plan(
        out=out, runner="cohort_scans:timed_case",
        options={**recipe.options, "cpu_folder": str(place)},
        settings_digest=recipe.settings_digest, models_digest=recipe.models_digest,
        limits=Limits(time_s=7200, memory_mib=6144),
    )  # fmt: skip
    names = [f"case{number}" for number in range(workers * (count + 1))]
    ends: list[float] = []
    with (
        local_cluster(workers) as client,
        served(client, plan),
        Ledger.open(out) as ledger,
    ):
        cases = tuple(CohortCase(case_id=name, input=study) for name in names)
        ledger.list_cases(cases, {})
        run_batch(
            cases, plan, client, ledger, lambda _, ended: ended and ends.append(time.monotonic())
        )
        outcomes = [one.outcome for one in ledger.latest()]
    if any(one.error for one in outcomes):
        raise SystemExit(f"a case failed: {next(one.error for one in outcomes if one.error)}")
    used = [json.loads((place / f"{name}-{_CPU_FILE}").read_text()) for name in names[workers:]]
    files = [file for file in case_folder(out, names[-1]).rglob("*") if file.is_file()]
    return Measured(
        clock_s=(ends[-1] - ends[workers - 1]) / (workers * count),
        cpu_s={stage: statistics.median(one[stage] for one in used) for stage in used[0]},
        peak_mib=max(one.peak_mib or 0.0 for one in outcomes),
        written_mb=sum(file.stat().st_size for file in files) / 1e6,
    )


def tell(name: str, found: Measured) -> None:
    """One line."""
    print(
        f"{name:<12} a case every {found.clock_s:6.1f} s, {sum(found.cpu_s.values()):6.1f} s of "
        f"processor each, peak {found.peak_mib / 1024:.1f} GiB"
    )


def paper(one: Measured, read_mb: float, *, speedup: float, price: float) -> None:
    """100,000 such scans on 16 workers with a GPU each, from what was measured and assumed."""
    on_cpu_s = sum(used for stage, used in one.cpu_s.items() if stage not in GPU_STAGES)
    on_gpu_s = sum(one.cpu_s[stage] for stage in GPU_STAGES) / speedup
    rates = {
        "the GPU": 1 / on_gpu_s,
        f"the processor stages of {CASES_PER_GPU} cases a GPU": CASES_PER_GPU
        / (on_cpu_s + on_gpu_s),
    }
    bottleneck = min(rates, key=lambda name: rates[name])
    a_second = 16 * rates[bottleneck]
    hours = 100_000 / a_second / 3600
    print("stages, processor seconds: " + ", ".join(f"{k} {v:.1f}" for k, v in one.cpu_s.items()))
    print("on paper, 100,000 scans on 16 workers with a GPU and 2 cores each:")
    print(f"  a case needs {on_cpu_s:.1f} s of a core and {on_gpu_s:.2f} s of a GPU (assumed: the")
    print(f"  networks run {speedup:g} times as fast there as on a core; not measured here)")
    print(f"  {hours:.0f} h = {hours / 24:.1f} days, {16 * hours:.0f} GPU hours, ", end="")
    print(f"{16 * hours * price:.0f} USD at an assumed {price:g} USD a GPU hour with its cores")
    print(f"  bottleneck: {bottleneck}; a GPU would be busy {100 * a_second / 16 * on_gpu_s:.0f} %")
    print(
        f"  input {a_second * read_mb:.0f} MB/s, output {a_second * one.written_mb:.0f} MB/s ",
        end="",
    )
    print(f"and {one.written_mb / 10:.1f} TB in all; {a_second:.1f} cases/s for the coordinator")


if __name__ == "__main__":
    main()
