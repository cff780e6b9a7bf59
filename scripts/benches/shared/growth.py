"""Cost against growing input, ours and what a user would pick instead, measured and drawn."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import evaluation
import matplotlib as mpl
import numpy as np
import reading
from shared.lesion_ways import lesion_ways
from shared.memory import clear_peak, peak_mib
from shared.steps import scan

SLICES = (60, 120, 240, 480)
_TOO_SLOW_S = 15.0
LESIONS = (25, 50, 100, 200, 400)
_COLOURS = ("#0b6e4f", "#c44900", "#3a5a98", "#888888")


@dataclass
class Growth:
    """Seconds and peak MiB of each way, for each size of the input."""

    title: str
    sizes: Sequence[int]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    peak_mib: dict[str, list[float]] = field(default_factory=dict)

    def put(self, way: str, seconds: float, peak: float) -> None:
        """One more size of one way."""
        self.seconds.setdefault(way, []).append(seconds)
        self.peak_mib.setdefault(way, []).append(peak)


def draw_growth(file: Path) -> None:
    """Three jobs, seconds above and memory below, and the numbers as a table on the way."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    grown = [grow() for grow in (_reading, _features, _evaluation)]
    figure, axes = plt.subplots(2, len(grown), figsize=(11, 5.6), constrained_layout=True)
    for one, (above, below) in zip(grown, axes.T, strict=True):
        above.set_title(one.title)
        for axis, values, word in (
            (above, one.seconds, "seconds"),
            (below, one.peak_mib, "peak MiB above the start"),
        ):
            for colour, (way, line) in zip(_COLOURS, values.items(), strict=False):
                axis.plot(one.sizes, line, "o-", color=colour, label=way, markersize=3.5)
            axis.set(ylabel=word, ylim=(0, None), xlim=(0, None))
        above.legend(frameon=False)
        lines = list(one.peak_mib.values())
        below.set_visible(bool(np.nanmax(lines) >= 1))  # less than a MiB is not told apart
        below.set_xlabel("slices of each series" if one is grown[0] else "lesions")
    figure.savefig(file, dpi=110)
    print(file)


def _reading() -> Growth:
    grown = Growth("read a PET/CT study", SLICES)
    ways = {"oligocount": "read_ours", "SimpleITK": "read_sitk", "dicom2nifti": "read_dicom2nifti"}
    for slices in SLICES:
        with tempfile.TemporaryDirectory() as place:
            reading.write_study(Path(place), slices=slices)
            for way, name in ways.items():
                told = min((reading.run_once(name, Path(place)) for _ in range(2)),
                           key=lambda each: each["seconds"])  # fmt: skip
                grown.put(way, told["seconds"], told["peak_mib"])
        _tell(grown, slices)
    return grown


def _features() -> Growth:
    grown = Growth("components, SUV, peak, diameter", LESIONS)
    for lesions in LESIONS:
        suv, _ = scan(np.random.default_rng(0), lesions)
        _measure(grown, lesion_ways(suv))
        _tell(grown, lesions)
    return grown


def _evaluation() -> Growth:
    grown = Growth("evaluate against truth (autoPET)", LESIONS)
    for lesions in LESIONS:
        truth, said = (evaluation.spheres((120, 120, 200), seed, lesions) for seed in (1, 2))
        _measure(grown, _evaluations(truth, said))
        _tell(grown, lesions)
    return grown


def _evaluations(truth: np.ndarray, said: np.ndarray) -> Iterator[tuple[str, Callable[[], Any]]]:
    yield "oligocount", lambda: evaluation.volumes(truth, said)
    yield "autoPET's loop", lambda: (evaluation.loop(said, truth), evaluation.loop(truth, said))


def _measure(grown: Growth, ways: Iterator[tuple[str, Callable[[], Any]]]) -> None:
    """The better of two runs of each way, in this process; a way that is too slow goes no further.

    Its line in the figure ends there.
    """
    for way, work in ways:
        if max(grown.seconds.get(way, [0.0])) > _TOO_SLOW_S or np.isnan(
            grown.seconds.get(way, [0.0])[-1]
        ):
            grown.put(way, np.nan, np.nan)
            continue
        best = np.inf
        for _ in range(2):
            clear_peak()
            before, begun = peak_mib(), time.perf_counter()
            work()
            best = min(best, time.perf_counter() - begun)
            peak = peak_mib() - before
        grown.put(way, best, peak)


def _tell(grown: Growth, size: int) -> None:
    told = [f"{way} {grown.seconds[way][-1]:.2f} s {grown.peak_mib[way][-1]:.0f} MiB"
            for way in grown.seconds]  # fmt: skip
    print(f"{grown.title}, {size}: {', '.join(told)}", flush=True)
