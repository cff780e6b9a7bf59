"""What the cohort engine costs: a case's overhead, two workers against one, ten thousand cases.

Cases wait instead of computing, so that the figures are the engine's own. Ten thousand finished
cases go through ledger, tables and page without the engine.
"""

import argparse
import json
import os
import random
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oligocount.cohort.clusters import local_cluster
from oligocount.cohort.engine import Ended, run_batch, served
from oligocount.cohort.isolation import Limits
from oligocount.cohort.ledger import Digests, Ledger, Outcome, State
from oligocount.cohort.manifest import CohortCase
from oligocount.cohort.page import write_page
from oligocount.cohort.plan import Plan, case_folder
from oligocount.cohort.tables import write_tables

ORGANS = ("lymph_node", "liver", "lung", "bone", "adrenal", "brain")
CLASSES = ("de_novo_synchronous", "metachronous_oligorecurrence")
CAVEATS = ("NO_CT", "COVERAGE", "UPTAKE_TIME")
LIMITS = {"CN2025": 5, "ESTRO_ASTRO": 5, "OMEC_MAIN": 3, "OMEC_ORGAN": 4}
WATCH = """<pre id="watched"></pre><script>
const told = [performance.now()];
for (const [id, value] of [["search", "c099"], ["search", "liver"], ["decision", "OLIGO"]]) {
  const input = document.getElementById(id), begun = performance.now();
  input.value = value;
  input.dispatchEvent(new Event("input", {bubbles: true}));
  document.getElementById("table").getBoundingClientRect();
  told.push(performance.now() - begun);
}
document.getElementById("watched").textContent = told.map((ms) => ms.toFixed(0) + " ms").join(", ");
</script></body>"""


@dataclass(frozen=True)
class Pace:
    """Seconds a case in the steady state, and the coordinator's memory at its two ends."""

    seconds: float
    memory_mib: tuple[float, float]


def wait(job: dict[str, Any], out: Path, enter: Callable[[str], None]) -> None:
    """The case function: waits as long as the options say, writes a small result."""
    enter("wait")
    time.sleep(job["seconds"])
    (out / "result.json").write_text(json.dumps({"pid": os.getpid()}))


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--finished", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="only make --finished cases, in this folder")
    arguments = parser.parse_args()
    if arguments.keep:
        finished(arguments.keep, arguments.finished)
        return
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
    ends: list[tuple[str, float, float]] = []
    with (
        local_cluster(workers) as client,
        served(client, plan),
        Ledger.open(plan.out) as ledger,
    ):
        ledger.list_cases(cases, {})

        def mark(_: object, ended: Ended | None) -> None:
            if ended is not None:
                ends.append((ended.case_id, time.perf_counter(), memory_mib()))

        run_batch(tuple(cases), plan, client, ledger, mark)
    warm = warmed_up(plan.out, [name for name, *_ in ends], workers)
    (_, first, before), (_, last, after) = ends[warm], ends[-1]
    return Pace((last - first) / (len(ends) - warm - 1), (before, after))


def warmed_up(out: Path, names: list[str], workers: int) -> int:
    """The first case by whose end every worker's process had ended one."""
    seen: set[int] = set()
    for index, name in enumerate(names):
        seen.add(json.loads((case_folder(out, name) / "result.json").read_text())["pid"])
        if len(seen) == workers:
            return index
    raise SystemExit("a worker has done nothing: give more --cases")


def finished(out: Path, count: int) -> None:
    """`count` finished cases, one in fifty failed, through ledger, tables and page."""
    out.mkdir(parents=True)
    cases = [CohortCase(case_id=f"c{number:05d}", input=Path("/in")) for number in range(count)]
    begun = time.perf_counter()
    with Ledger.open(out) as ledger:
        ledger.list_cases(cases, {"cohort.csv row 12": "input is empty"})
        for number, case in enumerate(cases):
            attempt = ledger.begin(case.case_id, Digests(input="i", settings="s", models="m"))
            ledger.enter_stage(case.case_id, attempt, "publish")
            ledger.end(case.case_id, attempt, outcome(number))
    told = time.perf_counter()
    for number, case in enumerate(cases):
        folder = case_folder(out, case.case_id)
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps(varied(case.case_id, number)))
    begun_tables = time.perf_counter()
    write_tables(out)
    tabled = time.perf_counter()
    write_page(out)
    timed = time.perf_counter()
    print(f"{count} cases through the ledger {told - begun:7.1f} s")
    print(f"{count} cases into tables        {tabled - begun_tables:7.1f} s")
    print(f"{count} cases onto the page      {timed - tabled:7.1f} s")
    print(f"memory at the end                {memory_mib():7.0f} MiB")
    browse(out / "cohort.html")


def browse(page: Path) -> None:
    """How long a browser takes to show the page, and to answer a filter."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no Chromium here: the page was not opened")
        return
    watched = page.with_name("watched.html")
    watched.write_text(page.read_text("utf-8").replace("</body>", WATCH), "utf-8")
    try:
        seen = subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
             "--virtual-time-budget=5000", watched.as_uri()],
            capture_output=True, text=True, timeout=120, check=True,
        ).stdout  # fmt: skip
    finally:
        watched.unlink()
    load, *filters = re.findall(r"(\d+(?:\.\d+)?) ms", seen[seen.rindex("<pre id=") :])
    print(f"in Chromium: ready after {load} ms; filters answer in {', '.join(filters)} ms")


def outcome(number: int) -> Outcome:
    """Most are done."""
    seconds = {"intake": 3.0, "organs": 15.0, "lesions": 20.0 + number % 7}
    if number % 50:
        return Outcome(state=State.DONE, seconds=sum(seconds.values()), stage_seconds=seconds)
    error = ("MissingTag", "expected (0010,1030) Patient's Weight, found none")
    if number % 100:
        error = ("MemoryLimit", "used 6200 MiB; a case may use 6144 MiB")
    return Outcome(state=State.FAILED, error_class=error[0], error=error[1], seconds=2.0)


def varied(case_id: str, number: int) -> dict[str, Any]:
    """A made-up result with a few foci, some of them doubtful; no patient is behind it."""
    dice = random.Random(number)  # noqa: S311 - figures for a picture, not secrets
    count = min(int(dice.expovariate(0.4)), 30)
    doubtful = dice.random() < 0.3
    lesions = [
        {
            "id": each + 1, "kind": "organ", "counted": True, "status": "malignant",
            "organ": dice.choices(ORGANS, weights=(6, 5, 4, 3, 1, 1))[0],
            "suv_max": round(dice.lognormvariate(1.9, 0.4), 1),
            "mtv_ml": round(dice.lognormvariate(1.0, 0.9), 1),
        }
        for each in range(count)
    ]  # fmt: skip
    organs = len({each["organ"] for each in lesions})
    high = count + (dice.randint(1, 3) if doubtful else 0)
    return {
        "case_id": case_id,
        "status": "needs_review" if doubtful else "ok",
        "lesions": lesions,
        "counts": {"N": count, "N_low": count, "N_high": high, "O": organs, "M": count},
        "verdicts": {
            name: {"decision": decided(count, high, limit), "reason": f"at most {limit}"}
            for name, limit in LIMITS.items()
        },
        "estro_eortc": {"name": dice.choice(CLASSES)} if 0 < count <= 5 else {},
        "decision_critical_lesions": [1] if doubtful and count else [],
        "caveats": [{"code": dice.choice(CAVEATS)}] if doubtful else [],
    }  # fmt: skip


def decided(low: int, high: int, limit: int) -> str:
    """What a limit on the number alone makes of an interval."""
    if high == 0:
        return "NOT_M1"
    if low == 0 or low <= limit < high:
        return "INDETERMINATE"
    return "OLIGO" if high <= limit else "NOT_OLIGO"


def memory_mib() -> float:
    """The largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
