"""nnU-Net v2 results folders: what lies in one, and what of it oligocount can use.

A results folder (`.../DatasetXXX_Name/Trainer__Plans__configuration`) holds dataset.json,
plans.json and one fold_* folder with a checkpoint for each network trained. Everything here is
read as data; nnU-Net itself runs in nnunet.py.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oligocount.domain.provenance import ModelInfo
from oligocount.errors import BundleMismatch, BundleNotFound
from oligocount.inference.bundle import read_json

SUV, CT = "suv", "ct"
# A channel's name has one of the first words, and none besides the second: Bq/ml is not SUV.
_CHANNEL_WORDS = {
    SUV: ({"pet", "pt", "suv", "suvbw"}, {"fdg", "bw", "res"}),
    CT: ({"ct", "ctres"}, {"hu", "res"}),
}
_LESION_WORDS = {"tumor", "tumors", "tumour", "tumours", "lesion", "lesions"}
_CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_best.pth")
_ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsFolder:
    """A results folder that can be used.

    `channels` names the image (suv, ct) of each input, `lesion` the output channel that is
    lesion; `folds` are averaged, each by its file `checkpoint`.
    """

    folder: Path
    model: ModelInfo
    channels: tuple[str, ...]
    lesion: int
    folds: tuple[int | str, ...]
    checkpoint: str


def is_results_folder(folder: Path) -> bool:
    """True where nnU-Net's plans and dataset lie in the folder."""
    return all((folder / name).is_file() for name in ("plans.json", "dataset.json"))


def read_results_folder(folder: Path) -> ResultsFolder:
    """The results folder, checked.

    Raises BundleNotFound where a fold or its checkpoint is missing, BundleMismatch where a
    channel cannot be filled or no label can be told to be the lesion.
    """
    dataset, plans = read_json(folder / "dataset.json"), read_json(folder / "plans.json")
    folds = _folds(folder)
    checkpoint = _checkpoint(folder, folds)
    name = str(plans.get("dataset_name", folder.parent.name))
    return ResultsFolder(
        folder=folder,
        model=ModelInfo(
            name=f"nnU-Net {name} {folder.name}",
            version=f"{checkpoint.removesuffix('.pth')} of fold {', '.join(map(str, folds))}",
            sha256=_digest([folder / f"fold_{each}" / checkpoint for each in folds]),
        ),
        channels=_channels(dataset, folder),
        lesion=_lesion_channel(dataset, folder),
        folds=folds,
        checkpoint=checkpoint,
    )


def _channels(dataset: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """The image of each input, in the order of their numbers."""
    named = dataset.get("channel_names", dataset.get("modality"))
    try:
        names = [str(named[number]) for number in sorted(named, key=int)]
    except (TypeError, ValueError) as error:
        raise BundleMismatch(f"{folder}: dataset.json names no channels: {error}") from error
    found = tuple(_image_of(name, folder) for name in names)
    if SUV not in found or len(set(found)) != len(found):
        raise BundleMismatch(
            f"{folder}: expected one PET and at most one CT among the channels of dataset.json, "
            f"found {', '.join(names)}"
        )
    return found


def _image_of(name: str, folder: Path) -> str:
    words = _words(name)
    for image, (named, besides) in _CHANNEL_WORDS.items():
        if words & named and words <= named | besides:
            return image
    raise BundleMismatch(
        f"{folder}: channel {name!r} is not one that oligocount can fill; expected CT, PET or SUV"
    )


def _lesion_channel(dataset: Mapping[str, Any], folder: Path) -> int:
    """The output channel of the label named for a lesion, or of the only label there is."""
    labels = dataset.get("labels")
    if not isinstance(labels, dict):
        raise BundleMismatch(f"{folder}: dataset.json names no labels")
    outputs = {name: _values(held, name, folder) for name, held in labels.items()}
    outputs = {k: v for k, v in outputs.items() if k != "ignore" and v != {0}}
    called = [name for name in outputs if _words(name) & _LESION_WORDS]
    wanted = called or list(outputs)
    if len(wanted) != 1:
        raise BundleMismatch(
            f"{folder}: which label is the lesion? Expected one named tumor or lesion, "
            f"found {', '.join(outputs) or 'none'}"
        )
    if any(len(held) > 1 for held in outputs.values()):  # regions: a sigmoid for each, in order
        return list(outputs).index(wanted[0])
    return min(outputs[wanted[0]])


def _values(held: Any, name: str, folder: Path) -> set[int]:
    values = held if isinstance(held, list) else [held]
    try:
        return {int(each) for each in values}
    except (TypeError, ValueError) as error:
        raise BundleMismatch(f"{folder}: label {name!r} in dataset.json has no number") from error


def _folds(folder: Path) -> tuple[int | str, ...]:
    """The numbered folds, or that of all data where there are none."""
    named = [each.name.removeprefix("fold_") for each in folder.glob("fold_*") if each.is_dir()]
    numbers = sorted(int(name) for name in named if name.isdecimal())
    if not numbers:
        if _ALL in named:
            return (_ALL,)
        raise BundleNotFound(f"{folder}: no fold_0, fold_1, ... or fold_all; was it trained?")
    gaps = sorted(set(range(numbers[0], numbers[-1])) - set(numbers))
    if gaps:
        raise BundleNotFound(f"{folder}: fold_{gaps[0]} is missing between the others")
    return tuple(numbers)


def _checkpoint(folder: Path, folds: tuple[int | str, ...]) -> str:
    """The file name that every fold holds: the last checkpoint, else the best one."""
    for name in _CHECKPOINTS:
        if all((folder / f"fold_{each}" / name).is_file() for each in folds):
            return name
    without = [n for n in folds if not (folder / f"fold_{n}" / _CHECKPOINTS[0]).is_file()]
    raise BundleNotFound(
        f"{folder}: no {_CHECKPOINTS[0]} in fold_{without[0]} (nor {_CHECKPOINTS[1]} in every "
        "fold); its training did not end, or the copy is not complete"
    )


def _digest(files: list[Path]) -> str:
    """One checksum over all networks that are averaged."""
    found = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            found.update(hashlib.file_digest(stream, "sha256").digest())
    return found.hexdigest()


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z]+", name.lower()))
