"""Segmenters on phantoms whose anatomy no training saw: ours beside the threshold baseline.

Each phantom is simulated, organs are drawn by the network `organs_ct`, and every segmenter's foci
are matched with the truth (one to one, IoU >= 0.1). `raw` are a segmenter's own foci; `kept` those
that are left when the pipeline has told physiologic uptake apart. `--calibrate` first fits the
calibration of models/fdg_lesions on other phantoms, and writes it into the bundle.

  scripts/bench lesions --cases 20
"""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from oligocount import locate
from oligocount.anatomy import map_anatomy
from oligocount.anatomy.choose import load_organ_mapper
from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Kind, LesionMap
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap
from oligocount.learn.calibrate import fit_calibration, logit, reliability
from oligocount.learn.evaluate import CaseScore, score_case, summarise
from oligocount.learn.export import update_settings
from oligocount.resources import shipped_folder
from oligocount.segment.bundle import NetworkSegmenter, mean_of_core
from oligocount.segment.choose import load_segmenter
from oligocount.settings import Settings
from oligocount.simulate.phantom import Phantom, simulate

SEGMENTERS = ("fdg_lesions", "percist", "suv40", "percent41")
MEASURED_FROM, CALIBRATED_FROM = 900_000, 950_000
SPACING_MM = 4.0


def main() -> None:
    """Print a table, and the summaries as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--segmenters", nargs="+", default=list(SEGMENTERS))
    parser.add_argument("--calibrate", type=int, default=0, metavar="N", help="on N phantoms")
    parser.add_argument("--out", type=Path, help="write the summaries there as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = load_settings()
    if arguments.calibrate:
        calibrate(arguments.calibrate, settings)
    scores = measure(arguments.cases, arguments.segmenters, settings)
    summaries = {name: summarise(cases) for name, cases in scores.items()}
    for name, summary in summaries.items():
        print(row(name, summary))
    if arguments.out:
        arguments.out.write_text(json.dumps(summaries, indent=1) + "\n", "utf-8")


def measure(cases: int, names: Sequence[str], settings: Settings) -> dict[str, list[CaseScore]]:
    """Scores of each segmenter, raw and kept, on `cases` phantoms."""
    segmenters = {name: load_segmenter(name, settings.segment, "cpu") for name in names}
    mapper = load_organ_mapper("organs_ct", settings.anatomy, "cpu")
    scores: dict[str, list[CaseScore]] = {}
    for seed in range(MEASURED_FROM, MEASURED_FROM + cases):
        phantom, images = held_out(seed)
        organs = mapper(images)
        for name, segmenter in segmenters.items():
            foci = segmenter(images, organs)
            kept = without_physiologic(foci, organs, images, settings)
            for kind, labels in (("raw", foci.labels), ("kept", kept)):
                score = score_case(str(seed), phantom.lesions, labels, true_record=truth(phantom))
                scores.setdefault(f"{name} {kind}", []).append(score)
    return scores


def calibrate(cases: int, settings: Settings) -> None:
    """The bundle's calibration is fitted anew, on hot spots that no rule takes for physiologic."""
    segmenter = load_segmenter("fdg_lesions", settings.segment, "cpu")
    if not isinstance(segmenter, NetworkSegmenter):
        raise SystemExit("fdg_lesions is not a network")
    mapper = load_organ_mapper("organs_ct", settings.anatomy, "cpu")
    hot_spots = load_segmenter("percist", settings.segment, "cpu")
    rows: list[tuple[float, float]] = []
    hits: list[bool] = []
    for seed in range(CALIBRATED_FROM, CALIBRATED_FROM + cases):
        phantom, images = held_out(seed)
        organs = mapper(images)
        foci = without_physiologic(hot_spots(images, organs), organs, images, settings).array
        probability, suv = segmenter.probability(images, organs), images.suv.array
        for label in np.unique(foci[foci > 0]):
            focus = foci == label
            peak = float(suv[focus].max()) / segmenter.level(images.suv, organs)
            rows.append((logit(mean_of_core(probability, suv, focus)), math.log(peak)))
            hits.append(bool((phantom.lesions.array[focus] > 0).mean() > 0.3))
    features = np.array(rows)
    weights = fit_calibration(features, hits)
    held = dict(segmenter.bundle.metadata.settings)
    names = ("slope", "uptake_slope", "intercept")
    held["calibration"] = dict(zip(names, (round(float(w), 4) for w in weights), strict=True))
    chances = 1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1])))
    held["reliability"] = reliability([float(each) for each in chances], hits)
    update_settings(shipped_folder("models") / "fdg_lesions", held)
    print(json.dumps({"foci": len(rows), "lesions": sum(hits), **held}))


def held_out(seed: int) -> tuple[Phantom, AlignedImages]:
    """A phantom of an anatomy kept from training, and its images; every third without CT."""
    phantom = simulate(seed, spacing_mm=SPACING_MM, held_out=True)
    ct = None if seed % 3 == 2 else phantom.ct
    return phantom, AlignedImages(suv=phantom.pet, ct=ct)


def without_physiologic(
    foci: LesionMap, organs: OrganMap, images: AlignedImages, settings: Settings
) -> LabelMap:
    """The foci that the pipeline does not take for physiologic uptake."""
    anatomy = map_anatomy(organs, images, settings.anatomy)
    measured = locate.measure(foci, images.suv)
    located = locate.locate(foci, measured, anatomy, images, ClinicalFacts(), settings.locate)
    kept = [one.lesion.id for one in located if one.finding.kind is not Kind.PHYSIOLOGIC]
    array = np.where(np.isin(foci.labels.array, kept), foci.labels.array, 0)
    return LabelMap(array=array, names=foci.labels.names, geometry=foci.labels.geometry)


def truth(phantom: Phantom) -> dict[str, object]:
    """The sites of the true lesions, as a record."""
    return {"lesions": [{"id": one.id, "organ": one.organ} for one in phantom.truth
                        if one.kind is not Kind.PHYSIOLOGIC]}  # fmt: skip


def row(name: str, summary: dict[str, object]) -> str:
    """One line: sensitivity by size, false lesions, Dice, exact counts."""

    def value(one: dict[str, float | None]) -> str:
        return "-" if one["value"] is None else f"{one['value']:.2f}"

    sizes = " ".join(f"{key} {value(one)}" for key, one in summary["by_size_mm"].items())
    return (
        f"{name:<20} sensitivity {value(summary['sensitivity'])} ({sizes})  "
        f"touch {value(summary['sensitivity_touch'])}  false/case "
        f"{value(summary['false_per_case'])}  Dice {value(summary['dice'])}  "
        f"count exact {value(summary['count_exact'])}"
    )


if __name__ == "__main__":
    main()
