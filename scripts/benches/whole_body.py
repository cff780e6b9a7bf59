"""The main job on a full-size whole-body study: seconds and peak memory of each stage.

Writes a phantom as a PET/CT study of CT 512 x 512 x 600 and PET 440 x 440 x 600 (or `--slices`),
uncompressed and as JPEG 2000 lossless (`--compressed`), then runs it to verdicts, report and DICOM
objects in a fresh process: once with cold models, once more with warm ones.

  scripts/bench whole_body --compressed
  scripts/bench whole_body --keep /tmp/study     keeps the study for the next time
  scripts/bench whole_body --slices 150 --against 6df5648~1

The last runs another version beside this one, in turns; that one takes twenty times as long.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from shared.memory import clear_peak, peak_mib

CT_COLUMNS, PET_COLUMNS = 512, 440
CT_FIELD_MM, PET_FIELD_MM, LENGTH_MM = 600.0, 700.0, 1100.0
SEED = 900_017
Rows = list[tuple[str, float, float]]


def write_study(folder: Path, *, slices: int, compressed: bool) -> None:
    """The phantom's PET and CT, each on a grid as a large scanner's, as DICOM."""
    # each process imports what it needs alone: memory is measured
    from oligocount.domain.volume import Geometry  # noqa: PLC0415
    from oligocount.geometry.resample import resample_volume  # noqa: PLC0415
    from oligocount.simulate.acquisition import Vendor, draw_acquisition  # noqa: PLC0415
    from oligocount.simulate.dicom import write_ct_series, write_pet_series  # noqa: PLC0415
    from oligocount.simulate.phantom import simulate  # noqa: PLC0415

    phantom = simulate(SEED, spacing_mm=4.0, held_out=True)
    acquisition = draw_acquisition(SEED, Vendor.SIEMENS)
    old = phantom.pet.geometry
    centre = old.to_lps_mm((np.array(old.shape) - 1) / 2)

    def grid(columns: int, field_mm: float) -> Geometry:
        steps = np.array([LENGTH_MM / slices, field_mm / columns, field_mm / columns])
        affine = np.zeros((4, 4))
        affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = *steps, 1
        shape = (slices, columns, columns)
        affine[:3, 3] = centre - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
        return Geometry(shape=shape, affine=affine)

    pet = resample_volume(phantom.pet, grid(PET_COLUMNS, PET_FIELD_MM), outside=0.0)
    write_pet_series(pet, folder / "pet", acquisition=acquisition)
    ct = resample_volume(phantom.ct, grid(CT_COLUMNS, CT_FIELD_MM), outside=-1000.0)
    noise = np.random.default_rng(0).normal(0, 12, ct.array.shape[1:]).astype(np.float32)
    noisy = type(ct)(array=ct.array + noise, unit=ct.unit, geometry=ct.geometry)
    write_ct_series(noisy, folder / "ct", acquisition=acquisition)
    if compressed:
        compress(folder)


def compress(folder: Path) -> None:
    """Every file of the folder as JPEG 2000 lossless."""
    import pydicom  # noqa: PLC0415
    from pydicom.uid import JPEG2000Lossless  # noqa: PLC0415

    for file in sorted(folder.rglob("*.dcm")):
        dataset = pydicom.dcmread(file)
        dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
        dataset.save_as(file)


@dataclass
class Stages:
    """Seconds and peak memory (MiB) of each stage, as the run enters them."""

    rows: Rows = field(default_factory=list)
    name: str = ""
    begun: float = 0.0

    def enter(self, name: str) -> None:
        """The last stage has ended, this one begins."""
        now = time.perf_counter()
        if self.name:
            self.rows.append((self.name, now - self.begun, peak_mib()))
        clear_peak()
        self.name, self.begun = name, time.perf_counter()


def run_case(study: Path, runs: int) -> list[Rows]:
    """The study run so many times in this process; the first loads the models."""
    from oligocount import publish  # noqa: PLC0415
    from oligocount.config import dump_settings, load_settings  # noqa: PLC0415
    from oligocount.domain.facts import ClinicalFacts  # noqa: PLC0415
    from oligocount.inputs import dicom_reader, load_tools  # noqa: PLC0415
    from oligocount.run import run_study  # noqa: PLC0415

    settings, tables, tools = load_settings(), [], None
    for n in range(runs):
        stages = Stages()
        stages.enter("models")
        tools = tools or load_tools(settings)
        result = run_study(
            dicom_reader(study, settings),
            tools,
            facts=ClinicalFacts(),
            settings=settings,
            enter=stages.enter,
        )
        stages.enter("publish")
        with tempfile.TemporaryDirectory() as place:
            publish.write(
                Path(place) / f"case{n}", result, dump_settings(settings), settings.publish
            )
        stages.enter("")
        del result  # the next run's memory is its own
        tables.append(stages.rows)
    return tables


def measured(study: Path, package: Path) -> list[Rows]:
    """The study run twice in a fresh process, by the package that lies there."""
    command = [sys.executable, __file__, "--one", str(study)]
    env = {**os.environ, "PYTHONPATH": str(package)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    found: list[Rows] = json.loads(done.stdout.splitlines()[-1])
    return found


def report(title: str, study: Path, packages: Mapping[str, Path], runs: int) -> None:
    """A row a stage, for each package the best of its runs; packages take turns."""
    tables: dict[str, list[list[Rows]]] = {name: [] for name in packages}
    for _ in range(runs):
        for name, package in packages.items():
            tables[name].append(measured(study, package))
    print(f"\n{title}\n\n| stage | " + " | ".join(
        f"{name}: cold s | warm s | peak MiB" for name in packages
    ) + f" |\n|---|{'---|' * 3 * len(packages)}")  # fmt: skip
    best = {name: _best(told) for name, told in tables.items()}
    newest_first = list(best.values())[::-1]
    for stage in dict.fromkeys(stage for told in newest_first for stage in told):
        cells = [best[name].get(stage) for name in packages]
        print(f"| {stage} | " + " | ".join(
            "- | - | -" if one is None else f"{one[0]:.2f} | {one[1]:.2f} | {one[2]:.0f}"
            for one in cells
        ) + " |", flush=True)  # fmt: skip


def _best(told: Sequence[Sequence[Rows]]) -> dict[str, tuple[float, float, float]]:
    """For each stage, and for all together: least seconds cold and warm, least peak."""
    cold, warm = (
        [{stage: (seconds, peak) for stage, seconds, peak in run[n]} for run in told]
        for n in range(2)
    )
    for run in (*cold, *warm):
        run["all"] = (sum(s for s, _ in run.values()), max(p for _, p in run.values()))
    return {
        stage: (min(run[stage][0] for run in cold), min(run[stage][0] for run in warm),
                min(max(a[stage][1], b[stage][1]) for a, b in zip(cold, warm, strict=True)))
        for stage in cold[0]
    }  # fmt: skip


@contextmanager
def packages_of(commit: str | None) -> Iterator[dict[str, Path]]:
    """Where the package lies as it is, and as it was at the commit."""
    root = Path(__file__).resolve().parents[2]
    now = {"now": root / "pipeline"}
    if commit is None:
        yield now
        return
    with tempfile.TemporaryDirectory() as place:
        old = Path(place) / "old"
        git = ["git", "-C", str(root), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(old), commit], check=True)
        try:
            yield {commit: old / "pipeline", **now}
        finally:
            subprocess.run([*git, "remove", "--force", str(old)], check=True)


def main() -> None:
    """Write the studies, run each, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=600)
    parser.add_argument("--compressed", action="store_true", help="also as JPEG 2000 lossless")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where the studies stay")
    parser.add_argument("--against", metavar="COMMIT", help="the package of that commit beside")
    parser.add_argument("--runs", type=int, default=1, help="processes for each package")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_case(options.one, 2)))
        return
    with tempfile.TemporaryDirectory() as place, packages_of(options.against) as packages:
        folder = options.keep or Path(place)
        for name in ("plain", "compressed")[: 1 + options.compressed]:
            study = folder / f"{name}{options.slices}"
            if not study.is_dir():
                write_study(study, slices=options.slices, compressed=name == "compressed")
            title = f"CT 512 x 512, PET 440 x 440, {options.slices} slices, {name}"
            report(title, study, packages, options.runs)


if __name__ == "__main__":
    main()
