"""Lesions of brain and liver on the simulator's MR, marked by the shipped networks.

Phantoms of anatomies that training never saw, each with some lesions in either organ; their MR as
`oligocount phantom --mr` makes it (not as the networks' training varies it). A lesion is found
where one to one assignment gives an IoU of at least 0.1. Prints sensitivity by size, false lesions
a case and the Dice of what was found, by threshold. Nothing here is about a real MR.
"""

import argparse
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from oligocount.config import load_settings
from oligocount.domain.mr import MrFacts, MrRegion, MrSequence
from oligocount.domain.study import MrImage
from oligocount.domain.volume import LabelMap
from oligocount.geometry.ball import ball_diameter_mm
from oligocount.geometry.resample import resample_labels
from oligocount.inference.bundle import Bundle, load_bundle
from oligocount.learn.evaluate import MIN_IOU, SIZE_EDGES_MM
from oligocount.learn.intervals import wilson
from oligocount.learn.matching import match_lesions
from oligocount.multimodal.network import MrNetwork
from oligocount.resources import shipped_folder
from oligocount.simulate.grids import Extent
from oligocount.simulate.mr import MrPart, simulate_mr
from oligocount.simulate.phantom import simulate
from oligocount.simulate.wanted import read_wanted

SEQUENCES = {
    "t1_contrast": (MrSequence.T1, True),
    "flair": (MrSequence.FLAIR, True),
    "t2": (MrSequence.T2, False),
    "adc": (MrSequence.ADC, False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """One MR of one part, and the lesions of that organ."""

    part: MrPart
    images: tuple[MrImage, ...]
    truth: LabelMap


@dataclass(slots=True, kw_only=True)
class Tally:
    """What one threshold finds: diameters and whether found, false ones, overlaps."""

    lesions: list[tuple[float, bool]]
    false: list[int]
    dice: list[float]


def examinations(seed: int, lesions: int, spacing_mm: float) -> Iterator[Examination]:
    """The MR of both parts of one phantom."""
    wanted = read_wanted(f"brain:{lesions},liver:{lesions}")
    phantom = simulate(
        seed, spacing_mm=spacing_mm, extent=Extent.WHOLE_BODY, held_out=True, wanted=wanted
    )
    for part in MrPart:
        made = simulate_mr(phantom, part)
        if made is None:
            continue
        own = [one.id for one in phantom.truth if one.structure == part.value]
        truth = np.where(np.isin(made.lesions.array, own), made.lesions.array, 0)
        images = []
        for name, volume in made.series.items():
            sequence, contrast = SEQUENCES[name]
            facts = MrFacts(sequence=sequence, contrast=contrast, region=MrRegion(part.value))
            geometry = replace(volume.geometry, frame_of_reference_uid="phantom")
            images.append(
                MrImage(
                    kind=facts.kind, series_uid=name, volume=replace(volume, geometry=geometry),
                    facts=facts,
                )
            )  # fmt: skip
        yield Examination(part=part, images=tuple(images), truth=replace(made.lesions, array=truth))


def score(one: Examination, bundle: Bundle, threshold: float, tally: Tally) -> None:
    """One examination's lesions at one threshold."""
    settings = {**bundle.metadata.settings, "voxel_threshold": threshold}
    at = replace(bundle, metadata=replace(bundle.metadata, settings=settings))
    (found,) = MrNetwork(bundle=at, settings=load_settings().multimodal)(one.images)
    truth = resample_labels(one.truth, found.lesions.labels.geometry).array
    marked = found.lesions.labels.array
    matching = match_lesions(truth, marked, min_iou=MIN_IOU)
    volume_ml = one.truth.geometry.voxel_volume_ml
    hit = {label for label, _ in matching.pairs}
    for label, size in enumerate(np.bincount(one.truth.array.ravel())):
        if label and size:
            tally.lesions.append((ball_diameter_mm(size * volume_ml), label in hit))
    tally.false.append(len(matching.false))
    for true, mine in matching.pairs:
        a, b = truth == true, marked == mine
        tally.dice.append(2 * float((a & b).sum()) / float(a.sum() + b.sum()))


def tell(tally: Tally, threshold: float) -> None:
    """One row."""
    cells = []
    for low, high in itertools.pairwise(SIZE_EDGES_MM):
        some = [found for size, found in tally.lesions if low <= size < high]
        cells.append(f"{low:g}-{high:g} mm {sum(some)}/{len(some)}")
    found = sum(one for _, one in tally.lesions)
    low, high = wilson(found, len(tally.lesions)) or (math.nan, math.nan)
    dice = np.mean(tally.dice) if tally.dice else math.nan
    print(
        f"  threshold {threshold:g}: found {found}/{len(tally.lesions)} ({low:.2f}-{high:.2f});"
        f" {', '.join(cells)}; false a case {np.mean(tally.false):.2f}; Dice {dice:.2f}",
        flush=True,
    )


def main() -> None:
    """Print a row a part and threshold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=8, help="phantoms")
    parser.add_argument("--first-seed", type=int, default=970_000)
    parser.add_argument("--lesions", type=int, default=5, help="in either organ")
    parser.add_argument("--spacing", type=float, default=4.0, help="of the phantom, mm")
    parser.add_argument("--thresholds", type=float, nargs="+", default=None,
                        help="default: the bundle's own")  # fmt: skip
    parser.add_argument("--models", type=Path, default=shipped_folder("models"))
    asked = parser.parse_args()
    bundles = {
        part: load_bundle(asked.models / f"mr_{part.value}", device=torch.device("cpu"))
        for part in MrPart
    }
    tallies: dict[tuple[MrPart, float], Tally] = {}
    for seed in range(asked.first_seed, asked.first_seed + asked.cases):
        for one in examinations(seed, asked.lesions, asked.spacing):
            own = float(bundles[one.part].metadata.settings["voxel_threshold"])
            for threshold in asked.thresholds or [own]:
                tally = tallies.setdefault(
                    (one.part, threshold), Tally(lesions=[], false=[], dice=[])
                )
                score(one, bundles[one.part], threshold, tally)
    for part in MrPart:
        print(f"mr_{part.value}, {asked.cases} phantoms of seeds from {asked.first_seed}")
        for (of, threshold), tally in tallies.items():
            if of is part:
                tell(tally, threshold)


if __name__ == "__main__":
    main()
