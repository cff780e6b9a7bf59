"""Dice of the organ networks on anatomies that no training saw: phantoms, and a real CT.

The real CT is `totalsegmentator_example` of the reference data where it lies beside the checkout;
there is no PET, so the networks see CT alone. Phantoms are seen with PET and CT, and PET alone.
Each on a PET's grid of 4 mm as a run draws it, with the first network alone (`first`), with the
fine network after it (`fine`), and with what density corrects after both (`run`, where there is a
CT).

  scripts/bench organs --cases 6
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import yaml

from oligocount.anatomy.bundle import BundleMapper
from oligocount.anatomy.refine import refine_by_density
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.config import load_settings
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.resample import resample_labels, resample_volume
from oligocount.inference.bundle import load_bundle
from oligocount.inference.channels import AIR_HU
from oligocount.inference.fine import load_fine
from oligocount.intake.nifti import read_nifti_labels, read_nifti_volume
from oligocount.learn.from_phantom import network_numbers
from oligocount.resources import shipped_folder
from oligocount.simulate.phantom import simulate

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "totalsegmentator_example"
FIRST_SEED = 900_000
SPACING_MM = 4.0


def main() -> None:
    """Print the mean Dice of each class, one column a setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10)
    cases = parser.parse_args().cases
    torch.set_num_threads(1)
    folder, cpu = shipped_folder("models") / "organs_ct", torch.device("cpu")
    mapper = BundleMapper(
        bundle=load_bundle(folder, device=cpu), fine=load_fine(folder, device=cpu),
        settings=load_settings().anatomy,
    )  # fmt: skip
    columns: dict[str, list[np.ndarray]] = {}
    for seed in range(FIRST_SEED, FIRST_SEED + cases):
        phantom = simulate(seed, spacing_mm=SPACING_MM, held_out=True)
        for name, ct in (("both", phantom.ct), ("PET", None)):
            if name == "PET" or ct is not None:
                for stage, found in dices(mapper, phantom.pet, ct, phantom.organs):
                    columns.setdefault(f"{name} {stage}", []).append(found)
    if DATA.is_dir():
        for stage, found in dices(mapper, None, *real_example()):
            columns[f"CT {stage}"] = [found]
    print(f"{'class':<30}" + "".join(f"{name:>12}" for name in columns))
    for number, organ in enumerate(load_vocabulary().network, start=1):
        means = [mean([one[number] for one in some]) for some in columns.values()]
        print(f"{organ:<30}" + "".join(f"{value:>12}" for value in means))
    means = [mean([np.nanmean(one[2:]) for one in some]) for some in columns.values()]
    print(f"{'mean without body':<30}" + "".join(f"{value:>12}" for value in means))


def dices(
    mapper: BundleMapper, suv: Volume | None, ct: Volume | None, truth: LabelMap
) -> Iterator[tuple[str, np.ndarray]]:
    """Dice of each class by stage, not a number where the truth lacks it."""
    grid = axial_grid(truth.geometry, (SPACING_MM,) * 3)
    true = network_numbers(resample_labels(truth, grid))
    for stage, drawer in (("first", replace(mapper, fine=None)), ("fine", mapper)):
        labels, _ = drawer.drawn(*drawer.probability(grid, suv, ct), grid)
        yield stage, overlap(network_numbers(labels), true)
    if ct is not None:
        density = resample_volume(ct, grid, outside=AIR_HU)
        refined = refine_by_density(labels, density, mapper.settings.outline)
        yield "run", overlap(network_numbers(refined), true)


def overlap(said: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Dice of each class, not a number where the truth lacks it."""
    count = len(load_vocabulary().network) + 1
    both = np.bincount(true[said == true].ravel(), minlength=count)
    size = np.bincount(true.ravel(), minlength=count)
    total = size + np.bincount(said.ravel(), minlength=count)
    return np.where(size > 0, 2 * both / np.maximum(total, 1), np.nan)


def real_example() -> tuple[Volume, LabelMap]:
    """The CT and its map by TotalSegmentator's names."""
    ct, _ = read_nifti_volume(DATA / "ct.nii.gz", Unit.HU)
    labels, _ = read_nifti_labels(DATA / "organs.nii.gz")
    file = shipped_folder("configs") / "anatomy" / "label_tables.yaml"
    table = yaml.safe_load(file.read_text("utf-8"))["totalsegmentator_v2"]
    names = dict(enumerate(table, start=1))
    return ct, LabelMap(array=labels.array, names=names, geometry=labels.geometry)


def mean(values: list[float]) -> str:
    """The mean over the cases that have the class."""
    known = [value for value in values if not np.isnan(value)]
    return f"{np.mean(known):.2f}" if known else "-"


if __name__ == "__main__":
    main()
