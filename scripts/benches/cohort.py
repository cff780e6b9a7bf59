"""What the cohort engine costs: a case's overhead, two workers against one, ten thousand cases.

Cases wait instead of computing, so that the figures are the engine's own. Ten thousand finished
cases go through ledger, tables and page without the engine.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oligocount.cohort.clusters import local_cluster
from oligocount.cohort.engine import run_batch, served
from oligocount.cohort.isolation import Limits
from oligocount.cohort.ledger import Digests, Ledger, Outcome, State
from oligocount.cohort.manifest import CohortCase
from oligocount.cohort.page import write_page
from oligocount.cohort.plan import Plan, case_folder
from oligocount.cohort.tables import write_tables

WARM_UP = 20  # cases until every worker has its process


@dataclass(frozen=True)
class Pace:
    """Seconds a case in the steady state, and the coordinator's memory at its two ends."""

    seconds: float
    memory_mib: tuple[float, float]


def wait(job: dict[str, Any], out: Path, enter: Callable[[str], None]) -> None:
    """The case function: waits as long as the options say, writes a small result."""
    enter("wait")
    time.sleep(job["seconds"])
    (out / "result.json").write_text(json.dumps(result(job["case_id"], 0)))


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--finished", type=int, default=10_000)
    arguments = parser.parse_args()
    here = str(Path(__file__).parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory() as place:
        empty = pace(Path(place, "empty"), arguments.cases, workers=1, seconds=0.0)
        print(f"overhead of the engine          {empty.seconds:6.3f} s a case")
        print("coordinator, first and last     {:.0f} and {:.0f} MiB".format(*empty.memory_mib))
        one = pace(Path(place, "one"), arguments.cases // 4, workers=1, seconds=0.5)
        two = pace(Path(place, "two"), arguments.cases // 4, workers=2, seconds=0.5)
        print(f"one worker, half-second cases   {one.seconds:6.3f} s a case")
        print(f"two workers                     {two.seconds:6.3f} s a case")
        print(f"efficiency of two workers       {one.seconds / two.seconds / 2:6.2f}")
        finished(Path(place, "finished"), arguments.finished)


def pace(place: Path, count: int, *, workers: int, seconds: float) -> Pace:
    """Run `count` waiting cases."""
    cases = []
    for number in range(count):
        (place / "in" / str(number)).mkdir(parents=True)
        cases.append(CohortCase(case_id=f"c{number:05d}", input=place / "in" / str(number)))
    (place / "out").mkdir()
    plan = Plan(
        out=place / "out",
        runner="cohort:wait",
        options={"seconds": seconds},
        settings_digest="s",
        models_digest="m",
        limits=Limits(time_s=60, memory_mib=2000),
    )
    ends: list[tuple[float, float]] = []
    with (
        local_cluster(workers) as client,
        served(client, plan),
        Ledger.open(plan.out) as ledger,
    ):
        ledger.list_cases(cases, {})

        def mark(_: object, ended: object) -> None:
            if ended is not None:
                ends.append((time.perf_counter(), memory_mib()))

        run_batch(tuple(cases), plan, client, ledger, mark)
    (first, before), (last, after) = ends[WARM_UP], ends[-1]
    return Pace((last - first) / (len(ends) - WARM_UP - 1), (before, after))


def finished(out: Path, count: int) -> None:
    """`count` finished cases through ledger, tables and page."""
    out.mkdir()
    cases = [CohortCase(case_id=f"c{number:05d}", input=Path("/in")) for number in range(count)]
    begun = time.perf_counter()
    with Ledger.open(out) as ledger:
        ledger.list_cases(cases, {})
        for case in cases:
            attempt = ledger.begin(case.case_id, Digests(input="i", settings="s", models="m"))
            ledger.enter_stage(case.case_id, attempt, "publish")
            done = Outcome(state=State.DONE, seconds=1.0, stage_seconds={})
            ledger.end(case.case_id, attempt, done)
    told = time.perf_counter()
    for number, case in enumerate(cases):
        folder = case_folder(out, case.case_id)
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps(result(case.case_id, number % 12)))
    begun_tables = time.perf_counter()
    write_tables(out)
    tabled = time.perf_counter()
    write_page(out)
    print(f"{count} cases through the ledger {told - begun:7.1f} s")
    print(f"{count} cases into tables        {tabled - begun_tables:7.1f} s")
    print(f"{count} cases onto the page      {time.perf_counter() - tabled:7.1f} s")
    print(f"memory at the end                {memory_mib():7.0f} MiB")


def result(case_id: str, lesions: int) -> dict[str, Any]:
    """A small result.json."""
    lesion = {"kind": "organ", "organ": "liver", "counted": True, "suv_max": 8.0, "mtv_ml": 3.0}
    verdict = {"decision": "OLIGO", "best": "OLIGO", "worst": "OLIGO", "reason": "few"}
    return {
        "case_id": case_id,
        "lesions": [{"id": number + 1, **lesion} for number in range(lesions)],
        "counts": {"N": lesions, "N_low": lesions, "N_high": lesions, "O": 1, "M": lesions},
        "verdicts": dict.fromkeys(("CN2025", "OMEC_MAIN", "OMEC_ORGAN", "ESTRO_ASTRO"), verdict),
    }


def memory_mib() -> float:
    """The largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
