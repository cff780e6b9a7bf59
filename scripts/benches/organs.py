"""Dice of the organ network on anatomies that no training saw: phantoms, and a real CT.

The real CT is `totalsegmentator_example` of the reference data where it lies beside the checkout;
there is no PET, so the network sees CT alone. Phantoms are seen with PET and CT, and PET alone.
The last two columns are the real CT on a PET's grid of 4 mm, before and after the density of lungs
and bones corrects the map (`anatomy.refine`), as every run with a CT does it.

  scripts/bench organs --cases 10
"""

import argparse
from pathlib import Path

import numpy as np
import torch
import yaml

from oligocount.anatomy.bundle import class_names
from oligocount.anatomy.refine import refine_by_density, without_misplaced, without_specks
from oligocount.anatomy.sides import split_paired
from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.config import load_settings
from oligocount.domain.volume import LabelMap, Unit, Volume
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.likeliest import likeliest_labels
from oligocount.geometry.resample import resample_labels, resample_volume
from oligocount.inference.bundle import Bundle, load_bundle
from oligocount.inference.channels import AIR_HU, Inputs, fill_channels
from oligocount.intake.nifti import read_nifti_labels, read_nifti_volume
from oligocount.learn.from_phantom import network_numbers
from oligocount.resources import shipped_folder
from oligocount.simulate.phantom import simulate

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "totalsegmentator_example"
FIRST_SEED = 900_000


def main() -> None:
    """Print the mean Dice of each class, one column a setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10)
    cases = parser.parse_args().cases
    torch.set_num_threads(1)
    bundle = load_bundle(shipped_folder("models") / "organs_ct", device=torch.device("cpu"))
    columns: dict[str, list[np.ndarray]] = {"phantom PET+CT": [], "phantom PET": []}
    for seed in range(FIRST_SEED, FIRST_SEED + cases):
        phantom = simulate(seed, spacing_mm=bundle.metadata.spacing_mm[0] / 2, held_out=True)
        for name, ct in (("phantom PET+CT", phantom.ct), ("phantom PET", None)):
            columns[name].append(dice(bundle, phantom.pet, ct, phantom.organs))
    if DATA.is_dir():
        ct, truth = real_example()
        columns["real CT"] = [dice(bundle, None, ct, truth)]
        before, after = dice_of_refined(bundle, ct, truth)
        columns |= {"real CT, 4 mm": [before], "refined": [after]}
    print(f"{'class':<30}" + "".join(f"{name:>16}" for name in columns))
    for number, organ in enumerate(load_vocabulary().network, start=1):
        means = [mean([one[number] for one in some]) for some in columns.values()]
        print(f"{organ:<30}" + "".join(f"{value:>16}" for value in means))


def dice(bundle: Bundle, suv: Volume | None, ct: Volume | None, truth: LabelMap) -> np.ndarray:
    """Dice of each class on the network's grid, not a number where the truth lacks it."""
    grid = axial_grid(truth.geometry, bundle.metadata.spacing_mm)
    inputs = Inputs(
        suv=None if suv is None else resample_volume(suv, grid, outside=0.0),
        ct=None if ct is None else resample_volume(ct, grid, outside=AIR_HU),
    )
    said = bundle.predict(fill_channels(bundle.metadata.channels, inputs)).argmax(axis=0)
    return overlap(said, network_numbers(resample_labels(truth, grid)))


def dice_of_refined(bundle: Bundle, ct: Volume, truth: LabelMap) -> tuple[np.ndarray, np.ndarray]:
    """Dice of each class on a grid of 4 mm without and with the correction by density."""
    settings = load_settings().anatomy.outline
    coarse = axial_grid(truth.geometry, bundle.metadata.spacing_mm)
    inputs = Inputs(suv=None, ct=resample_volume(ct, coarse, outside=AIR_HU))
    probability = bundle.predict(fill_channels(bundle.metadata.channels, inputs))
    names = class_names(bundle.metadata.classes, probability.shape[0])
    array = probability.argmax(axis=0).astype(np.int32)
    drawn = without_misplaced(LabelMap(array=array, names=names, geometry=coarse))
    grid = axial_grid(truth.geometry, (4.0, 4.0, 4.0))
    drawn = without_specks(drawn, settings.part_min_share)
    labels = split_paired(likeliest_labels(probability, drawn, grid))
    fine = resample_volume(ct, grid, outside=AIR_HU)
    true = network_numbers(resample_labels(truth, grid))
    before, after = (
        overlap(network_numbers(each), true)
        for each in (labels, refine_by_density(labels, fine, settings))
    )
    return before, after


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
