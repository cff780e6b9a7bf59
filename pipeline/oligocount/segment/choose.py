"""Chooses the segmenter by name or by path."""

from pathlib import Path

from oligocount.errors import BundleMismatch, BundleNotFound, ConfigError
from oligocount.inference.bundle import load_bundle
from oligocount.inference.device import choose_device
from oligocount.inference.nnunet import load_nnunet
from oligocount.inference.nnunet_folder import is_results_folder, read_results_folder
from oligocount.inference.scorer import load_scorer
from oligocount.resources import shipped_folder
from oligocount.segment.bundle import NetworkSegmenter, calibration_of
from oligocount.segment.nnunet import NnUnetSegmenter
from oligocount.segment.scored import ScoredSegmenter
from oligocount.segment.segmenter import Segmenter
from oligocount.segment.spots import FEATURES
from oligocount.segment.threshold import FixedThreshold, PercentOfMaximum, Percist
from oligocount.settings_segment import SegmentSettings

THRESHOLDS = ("suv25", "suv40", "percent41", "percist")


def load_segmenter(
    name_or_path: str, settings: SegmentSettings, device: str, *, trusted: bool = False
) -> Segmenter:
    """The segmenter that `name_or_path` means, ready to be called.

    A threshold's name, the name of a shipped bundle (`fdg_lesions`), or the path of a bundle's or
    an nnU-Net results folder; `trusted` lets what is foreign run code. Raises ConfigError for a
    name that is none of these, ModelError when weights are wrong.
    """
    threshold = _threshold(name_or_path, settings)
    if threshold is not None:
        return threshold
    for folder in (shipped_folder("models") / name_or_path, Path(name_or_path)):
        if is_results_folder(folder):
            return _of_nnunet(folder, settings, device, trusted=trusted)
        if folder.is_dir():
            return _of_bundle(folder, settings, device, trusted=trusted)
    if name_or_path == "fdg_lesions":
        raise BundleNotFound("this installation carries no models/fdg_lesions; install it again")
    raise ConfigError(
        f"segmenter {name_or_path!r}: expected {', '.join(THRESHOLDS)}, fdg_lesions "
        "or the path of a bundle's or an nnU-Net results folder"
    )


def _of_nnunet(folder: Path, settings: SegmentSettings, device: str, *, trusted: bool) -> Segmenter:
    results = read_results_folder(folder)
    mirrored = settings.nnunet.mirrored
    networks = load_nnunet(
        results, device=choose_device(device), trusted=trusted, mirrored=mirrored
    )
    return NnUnetSegmenter(networks=networks, settings=settings)


def _of_bundle(folder: Path, settings: SegmentSettings, device: str, *, trusted: bool) -> Segmenter:
    """A bundle with a scorer scores spots; one without marks voxels."""
    bundle = load_bundle(folder, device=choose_device(device), trusted=trusted)
    scorer = load_scorer(folder, trusted=trusted)
    if scorer is None:
        return NetworkSegmenter(
            bundle=bundle, calibration=calibration_of(bundle), settings=settings
        )
    unknown = sorted(set(scorer.features) - set(FEATURES))
    if unknown:
        raise BundleMismatch(f"{folder}: its scorer asks for features unknown here: {unknown}")
    return ScoredSegmenter(
        scorer=scorer,
        bundle=bundle,
        model=bundle.metadata.model,
        min_probability=scorer.min_probability,
        settings=settings,
    )


def _threshold(name: str, settings: SegmentSettings) -> Segmenter | None:
    if name == "percent41":
        return PercentOfMaximum(settings=settings)
    if name == "percist":
        return Percist(settings=settings)
    levels = {"suv25": "low_suv", "suv40": "high_suv"}
    if name in levels:
        return FixedThreshold(name=name, level=levels[name], settings=settings)
    return None
