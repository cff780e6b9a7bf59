"""Segmenters on phantoms whose anatomy no training saw: ours beside the threshold baseline.

Each phantom is simulated, organs are drawn by the network `organs_ct`, and every segmenter's foci
are matched with the truth (one to one, IoU >= 0.1). `raw` are what a segmenter itself holds for
lesions; `kept` what the pipeline reports when it has told physiologic uptake apart; `doubted` these
and the equivocal ones. `visible` are lesions whose SUVmax is at least twice what lies around them:
of the others no method could know.

  scripts/bench lesions --cases 20
"""

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from shared.visible import is_visible

from oligocount import locate
from oligocount.anatomy import map_anatomy
from oligocount.anatomy.choose import load_organ_mapper
from oligocount.config import load_settings
from oligocount.domain.anatomy import OrganMap
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Kind, LesionMap, Status
from oligocount.domain.study import AlignedImages
from oligocount.domain.volume import LabelMap
from oligocount.learn.evaluate import CaseScore, score_case, summarise
from oligocount.learn.intervals import wilson
from oligocount.segment.choose import load_segmenter
from oligocount.settings import Settings
from oligocount.simulate.phantom import Phantom, simulate

SEGMENTERS = ("fdg_lesions", "percist", "suv40", "percent41")
MEASURED_FROM = 900_000
SPACING_MM = 4.0


def main() -> None:
    """Print a table, and the summaries as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--segmenters", nargs="+", default=list(SEGMENTERS))
    parser.add_argument("--out", type=Path, help="write the summaries there as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = load_settings()
    scores = measure(arguments.cases, arguments.segmenters, settings)
    summaries = {name: summarise([one for _, one in cases]) for name, cases in scores.items()}
    for name, summary in summaries.items():
        print(row(name, summary))
        print(f"{'':<20} visible: {visible_by_size(scores[name])}")
    if arguments.out:
        arguments.out.write_text(json.dumps(summaries, indent=1) + "\n", "utf-8")


def measure(
    cases: int, names: Sequence[str], settings: Settings
) -> dict[str, list[tuple[Phantom, CaseScore]]]:
    """Scores of each segmenter, raw and kept, on `cases` phantoms."""
    segmenters = {name: load_segmenter(name, settings.segment, "cpu") for name in names}
    mapper = load_organ_mapper("organs_ct", settings.anatomy, "cpu")
    scores: dict[str, list[tuple[Phantom, CaseScore]]] = {}
    for seed in range(MEASURED_FROM, MEASURED_FROM + cases):
        phantom, images = held_out(seed)
        organs = mapper(images)
        for name, segmenter in segmenters.items():
            foci = segmenter(images, organs)
            maps = {"raw": held_for_lesions(foci, settings.locate.malignant_min_probability)}
            maps |= told_apart(foci, organs, images, settings)
            for kind, labels in maps.items():
                score = score_case(str(seed), phantom.lesions, labels, true_record=truth(phantom))
                scores.setdefault(f"{name} {kind}", []).append((phantom, score))
    return scores


def visible_by_size(cases: Sequence[tuple[Phantom, CaseScore]]) -> str:
    """Found of all visible lesions, by size, with 95 % intervals."""
    visible = [one for phantom, score in cases for one in score.lesions
               if is_visible(phantom, one.label)]  # fmt: skip
    parts = []
    for low, high in ((6, 10), (10, 20), (20, math.inf), (10, math.inf)):
        some = [one.found for one in visible if low <= one.diameter_mm < high]
        interval = wilson(sum(some), len(some)) or (math.nan, math.nan)
        parts.append(f"{low:g}-{high:g} mm {sum(some)}/{len(some)} "
                     f"({interval[0]:.2f} to {interval[1]:.2f})")  # fmt: skip
    return ", ".join(parts)


def held_out(seed: int) -> tuple[Phantom, AlignedImages]:
    """A phantom of an anatomy kept from training, and its images; every third without CT."""
    phantom = simulate(seed, spacing_mm=SPACING_MM, held_out=True)
    ct = None if seed % 3 == 2 else phantom.ct
    return phantom, AlignedImages(suv=phantom.pet, ct=ct)


def held_for_lesions(foci: LesionMap, least: float) -> LabelMap:
    """The foci that the segmenter itself holds for lesions rather than not."""
    return only(foci, [n for n, p in foci.probability.items() if p is None or p >= least])


def told_apart(
    foci: LesionMap, organs: OrganMap, images: AlignedImages, settings: Settings
) -> dict[str, LabelMap]:
    """`kept`: what the pipeline reports as malignant; `doubted`: equivocal foci beside these."""
    anatomy = map_anatomy(organs, images, settings.anatomy)
    measured = locate.measure(foci, images.suv)
    located = locate.locate(foci, measured, anatomy, images, ClinicalFacts(), settings.locate)
    some = [one for one in located if one.finding.kind is not Kind.PHYSIOLOGIC]
    sure = [one.lesion.id for one in some if one.finding.status is Status.MALIGNANT]
    return {"kept": only(foci, sure), "doubted": only(foci, [one.lesion.id for one in some])}


def only(foci: LesionMap, wanted: Sequence[int]) -> LabelMap:
    """The map with these foci alone."""
    array = np.where(np.isin(foci.labels.array, wanted), foci.labels.array, 0)
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
