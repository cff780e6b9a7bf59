"""One table: each step beside what a user would pick instead, the same work, answers compared.

Each pair is timed in turn, A B A B; the best of `--runs` counts. A peer that is not installed is
named and left out. What is shown is a quick size, some minutes in all; `--full` reads and
evaluates at full size. `--figure` draws cost against growing input.

  scripts/bench                                    the table
  scripts/bench table --full                       at full size
  scripts/bench table --figure scripts/pictures/cost.png
"""

import argparse
import os
import platform
import random
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from shared.growth import draw_growth
from shared.jobs import evaluation_rows, reading_rows, seg_rows
from shared.lesion_ways import features
from shared.pairs import Row
from shared.steps import resampling, scan, window

import decide
from oligocount.assess import assess
from oligocount.config import load_settings
from oligocount.decide import read_library
from oligocount.version import __version__

LIBRARIES = ("numpy", "scipy", "scikit-image", "nibabel", "SimpleITK", "pydicom",
             "highdicom", "dicom2nifti", "pyradiomics", "torch", "monai", "nnunetv2")  # fmt: skip


def rows(*, full: bool, runs: int) -> Iterator[Row]:
    """Every pair, each as soon as it is measured."""
    suv, ct = scan(np.random.default_rng(0))
    yield from chain(
        reading_rows(600 if full else 120, runs),
        resampling(suv, ct, runs),
        features(suv, runs),
        window(runs if full else 1),
        evaluation_rows((200, 200, 400) if full else (120, 120, 200), 120, runs),
        seg_rows(runs),
    )


def decided_per_second() -> float:
    """Patients a second of one core, whole assessment; there is no peer to set beside it."""
    settings = load_settings()
    library = read_library(settings.decide.protocols)
    patients = decide.draw_patients(200, random.Random(20260101))  # noqa: S311 - no secret
    return decide.patients_per_second(
        patients, lambda each: assess(each.findings, each.facts, settings, library)
    )


def machine() -> str:
    """Processor, cores, Python and the versions of all that is compared."""
    told = [f"oligocount {__version__}"]
    for name in LIBRARIES:
        try:
            told.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            told.append(f"{name} not installed")
    models = [line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text("utf-8")
              .splitlines() if line.startswith("model name")]  # fmt: skip
    chip = models[0] if models else platform.machine()
    busy = f"load {os.getloadavg()[0]:.1f} at the start"
    return ", ".join([chip, f"{os.cpu_count()} cores", busy, f"Python {platform.python_version()}",
                      *told])  # fmt: skip


def main() -> None:
    """Print the table as markdown, or draw the figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="read and evaluate at full size")
    parser.add_argument("--figure", type=Path, metavar="PNG", help="cost against growing input")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(machine())
    if options.figure:
        draw_growth(options.figure)
        return
    print(
        "\n| step | instead | ours s | theirs s | times | largest gap |\n|---|---|---|---|---|---|"
    )
    for row in rows(full=options.full, runs=options.runs):
        print(
            f"| {row.step} | {row.peer} | {row.ours_s:.2f} | {row.peer_s:.2f} "
            f"| {row.peer_s / row.ours_s:.1f} | {row.gap:.2g} {row.unit} |",
            flush=True,
        )
    print(f"| decide, whole assessment | nothing known | {1 / decided_per_second():.4f} a patient "
          "| - | - | worked cases: `tests/decide` |")  # fmt: skip


if __name__ == "__main__":
    main()
