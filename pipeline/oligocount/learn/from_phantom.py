"""Phantoms as training samples, simulated ahead so that no network waits for them."""

import logging
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from oligocount.anatomy.vocabulary import Vocabulary, load_vocabulary
from oligocount.domain.volume import LabelMap
from oligocount.geometry.affine import axial_grid
from oligocount.geometry.resample import resample_labels, resample_volume
from oligocount.learn.networks import LESION_SPACING_MM, ORGAN_SPACING_MM
from oligocount.learn.samples import Sample, write_sample
from oligocount.simulate.phantom import Phantom, simulate

_LOG = logging.getLogger(__name__)
_AIR_HU = -1000.0
_BODY = "body"
# Phantom structures whose class the vocabulary does not tell.
_CLASS_OF = {
    "airway": _BODY,
    "arm_bones": "humerus",
    "leg_bones": "femur",
    "lingual_tonsil": "head_glands",
    "subclavian_vein": "veins_thoracic",
    "vocal_cord": _BODY,
}


def write_phantom_samples(seeds: Sequence[int], folder: Path) -> None:
    """`organs/` and `lesions/` below the folder hold one sample a seed; those there are kept."""
    for seed in seeds:
        name = f"phantom_{seed:06d}.npz"
        files = (folder / "organs" / name, folder / "lesions" / name)
        if all(file.is_file() for file in files):
            continue
        phantom = simulate(seed, spacing_mm=LESION_SPACING_MM)
        write_sample(to_sample(phantom, ORGAN_SPACING_MM), files[0])
        write_sample(to_sample(phantom, LESION_SPACING_MM), files[1])
        _LOG.info("%s (to seed %d)", name, seeds[-1])


def to_sample(phantom: Phantom, spacing_mm: float) -> Sample:
    """A phantom on an isotropic grid, its structures as channel numbers of the organ network."""
    grid = axial_grid(phantom.pet.geometry, (spacing_mm, spacing_mm, spacing_mm))
    ct = phantom.ct
    return Sample(
        spacing_mm=spacing_mm,
        suv=resample_volume(phantom.pet, grid, outside=0.0).array,
        ct=None if ct is None else np.rint(resample_volume(ct, grid, outside=_AIR_HU).array),
        organs=network_numbers(resample_labels(phantom.organs, grid)),
        lesions=resample_labels(phantom.lesions, grid).array,
    )


def network_numbers(labels: LabelMap) -> NDArray[np.uint8]:
    """Channel numbers of the organ network for a map with any provider's names."""
    vocabulary = load_vocabulary()
    lookup = np.zeros(max([*labels.names, int(labels.array.max(initial=0))]) + 1, np.uint8)
    for label, name in labels.names.items():
        lookup[label] = vocabulary.network.index(network_class(name, vocabulary)) + 1
    numbers: NDArray[np.uint8] = lookup[labels.array]
    return numbers


def network_class(name: str, vocabulary: Vocabulary) -> str:
    """The class of a structure: by its name's beginning, else by its row in the vocabulary."""
    told = [each for begin, each in _CLASS_OF.items() if name.startswith(begin)]
    if told:
        return told[0]
    begun = [each for each in vocabulary.network if name.startswith(each)]
    if begun:
        return max(begun, key=len)
    rows = [row["match"] for row in vocabulary.entries]
    row = next((row for row in rows if any(fnmatchcase(name, each) for each in row)), ())
    return next((each for each in vocabulary.network if each in row), _BODY)
