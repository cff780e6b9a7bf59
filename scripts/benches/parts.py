"""Single steps of a run beside what a user would pick instead: same work, same answer, one table.

Each pair is timed in turn, A B A B, in one process; the best of `--runs` counts, and answers are
compared before a ratio is printed. A peer that is not installed is named and left out.

  scripts/bench parts --runs 3
"""

import argparse
import importlib
import importlib.util
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from nibabel import Nifti1Image
from nibabel.processing import resample_from_to
from scipy import ndimage
from skimage.measure import regionprops

from oligocount.anatomy.vocabulary import load_vocabulary
from oligocount.config import load_settings
from oligocount.domain.lesion import LesionMap
from oligocount.domain.provenance import ModelInfo
from oligocount.domain.volume import Geometry, LabelMap, Unit, Volume
from oligocount.geometry.affine import regrid
from oligocount.geometry.resample import resample_volume
from oligocount.inference.network import build_network
from oligocount.inference.window import run_network
from oligocount.learn.networks import organ_network
from oligocount.locate.measure import measure
from oligocount.segment.foci import components

SHAPE, SPACING_MM = (300, 220, 260), 3.0
Work = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """One peer beside ours; `gap` is how far the two answers lie apart, in `unit`."""

    step: str
    peer: str
    ours_s: float
    peer_s: float
    gap: float
    unit: str


def grid() -> Geometry:
    """A cropped whole-body PET."""
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = SPACING_MM
    affine[3, 3] = 1
    return Geometry(shape=SHAPE, affine=affine)


def scan(rng: np.random.Generator) -> tuple[Volume, Volume]:
    """SUV with some hundred hot spheres, and a CT on a grid 1.4 times as fine."""
    values = rng.gamma(2.0, 0.4, SHAPE).astype(np.float32)
    hot = np.zeros(SHAPE, np.float32)
    for centre in rng.integers(12, np.array(SHAPE) - 12, (150, 3)):
        hot[tuple(centre)] = rng.uniform(800, 6000)
    suv = Volume(
        array=ndimage.gaussian_filter(values, 1) + ndimage.gaussian_filter(hot, 2.2),
        unit=Unit.SUVBW,
        geometry=grid(),
    )
    fine = regrid(grid(), (SPACING_MM, SPACING_MM / 1.4, SPACING_MM / 1.4))
    ct = rng.normal(0, 200, fine.shape).astype(np.float32)
    return suv, Volume(array=ct, unit=Unit.HU, geometry=fine)


def resampling(suv: Volume, ct: Volume, runs: int) -> Iterator[Row]:
    """A CT onto the PET's grid, linear."""

    def ours() -> np.ndarray:
        return resample_volume(ct, suv.geometry, outside=-1024.0).array

    to_ct = np.linalg.inv(ct.geometry.affine) @ suv.geometry.affine

    def by_scipy() -> np.ndarray:
        return ndimage.affine_transform(
            ct.array, to_ct[:3, :3], to_ct[:3, 3], suv.array.shape, order=1, cval=-1024.0
        )

    def by_nibabel() -> np.ndarray:
        image = Nifti1Image(ct.array, ct.geometry.affine)
        target = (suv.array.shape, suv.geometry.affine)
        return resample_from_to(image, target, order=1, cval=-1024.0).get_fdata(dtype=np.float32)

    inner = (slice(2, -2),) * 3  # at the very edge each has a rule of its own
    for name, peer in (("scipy affine_transform", by_scipy), ("nibabel", by_nibabel)):
        yield pair("resample CT", name, ours, peer, runs, "HU", lambda a: a[inner])


def features(suv: Volume, runs: int) -> Iterator[Row]:
    """Components, and maximum, mean and volume of each."""
    settings = load_settings().segment
    mask = suv.array >= settings.threshold.high_suv

    def ours() -> np.ndarray:
        labels = components(mask, settings)
        names = {n: str(n) for n in range(1, int(labels.max()) + 1)}
        found = LesionMap(
            labels=LabelMap(array=labels, names=names, geometry=suv.geometry),
            probability={}, model=ModelInfo(name="bench", version="0"),
        )  # fmt: skip
        return np.array([(x.suv_max, x.suv_mean, x.volume_ml) for x in measure(found, suv)])

    order = ndimage.generate_binary_structure(3, 2)
    voxel_ml = suv.geometry.voxel_volume_ml

    def by_scipy() -> np.ndarray:
        labels, count = ndimage.label(mask, order)
        index = range(1, count + 1)
        return np.column_stack(
            [
                ndimage.maximum(suv.array, labels, index),
                ndimage.mean(suv.array, labels, index),
                ndimage.sum(mask, labels, index) * voxel_ml,
            ]
        )

    def by_skimage() -> np.ndarray:
        labels, _ = ndimage.label(mask, order)
        found = regionprops(labels, suv.array)
        rows = [
            (one.intensity_max, one.intensity_mean, one.area * voxel_ml, one.feret_diameter_max)
            for one in found
        ]
        return np.array(rows)[:, :3]

    def by_loop() -> np.ndarray:
        labels, count = ndimage.label(mask, order)
        parts = (suv.array[labels == n] for n in range(1, count + 1))
        return np.array([(one.max(), one.mean(), one.size * voxel_ml) for one in parts])

    step = "components, SUV, peak, diameter"
    peers = {
        "scipy, without peak and diameter": by_scipy,
        "scikit-image regionprops, without peak": by_skimage,
        "a mask a lesion, without both": by_loop,
    }
    for name, peer in peers.items():
        yield pair(step, name, ours, peer, runs, "SUV, ml", lambda a: a[np.lexsort(a.T)])
    yield from radiomics(suv, mask, ours, runs)


def radiomics(suv: Volume, mask: np.ndarray, ours: Work, runs: int) -> Iterator[Row]:
    """First-order features and shape of every component by pyradiomics."""
    if importlib.util.find_spec("radiomics") is None:
        print("pyradiomics is not installed: left out")
        return
    sitk = importlib.import_module("SimpleITK")
    firstorder = importlib.import_module("radiomics.firstorder")
    shape = importlib.import_module("radiomics.shape")
    labels, count = ndimage.label(mask, ndimage.generate_binary_structure(3, 2))
    image, parts = sitk.GetImageFromArray(suv.array), sitk.GetImageFromArray(labels)
    for each in (image, parts):
        each.SetSpacing([SPACING_MM] * 3)

    def peer() -> np.ndarray:
        rows = []
        for n in range(1, count + 1):
            box = sitk.LabelShapeStatisticsImageFilter()
            box.Execute(parts == n)
            first = firstorder.RadiomicsFirstOrder(image, parts, label=n)
            form = shape.RadiomicsShape(image, parts, label=n)
            rows.append(
                (first.getMaximumFeatureValue(), first.getMeanFeatureValue(),
                 form.getVoxelVolumeFeatureValue() / 1000)
            )  # fmt: skip
            form.getMaximum3DDiameterFeatureValue()
        return np.array(rows)

    yield pair("components, SUV, peak, diameter", "pyradiomics", ours, peer, runs, "SUV, ml",
               lambda a: a[np.lexsort(a.T)])  # fmt: skip


def window(suv: Volume, runs: int) -> Iterator[Row]:
    """The organ network over a body at its own grid, against MONAI's inferer at its defaults."""
    from monai.inferers import SlidingWindowInferer  # noqa: PLC0415 - slow to import

    config = organ_network(len(load_vocabulary().network) + 1)
    network = build_network({"network_def": config}, name="bench", trusted=False).eval()
    channels = np.repeat(suv.array[None, ::3, ::3, ::3], config["in_channels"], axis=0)
    shape = [-(-n // 8) * 8 for n in channels.shape[1:]]
    pad = [(0, 0), *((0, a - b) for a, b in zip(shape, channels.shape[1:], strict=True))]
    channels = np.ascontiguousarray(np.pad(channels, pad, mode="edge"))
    cpu = torch.device("cpu")

    def ours() -> np.ndarray:
        return run_network(network, channels, device=cpu, divisor=8, bytes_per_voxel=1400)

    def peer() -> np.ndarray:
        inferer = SlidingWindowInferer(roi_size=(64, 64, 64))
        with torch.inference_mode():
            return inferer(torch.from_numpy(channels)[None], network)[0].numpy()

    middle = (slice(None), *(slice(n // 2 - 4, n // 2 + 4) for n in shape))
    yield pair("network over the body", "MONAI SlidingWindowInferer, 64 voxels", ours, peer, runs,
               "share of classes that differ", lambda a: a[middle].argmax(axis=0))  # fmt: skip


def pair(step: str, peer: str, ours: Work, theirs: Work, runs: int, unit: str, part: Work) -> Row:
    """Both timed in turn; the gap is the largest difference of what `part` takes of each answer."""
    best = {"ours": np.inf, "theirs": np.inf}
    answers: dict[str, Any] = {}
    for _ in range(runs):
        for name, work in {"ours": ours, "theirs": theirs}.items():
            begun = time.perf_counter()
            answers[name] = work()
            best[name] = min(best[name], time.perf_counter() - begun)
    a, b = part(answers["ours"]), part(answers["theirs"])
    gap = float((a != b).mean()) if unit.startswith("share") else float(np.abs(a - b).max())
    return Row(step, peer, best["ours"], best["theirs"], gap, unit)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    names = ("numpy", "scipy", "scikit-image", "nibabel", "SimpleITK", "torch", "monai")
    print(platform.machine(), *(f"{name} {version(name)}" for name in names), sep=", ")
    suv, ct = scan(np.random.default_rng(0))
    print(f"{'step':<34}{'instead':<42}{'ours s':>8}{'theirs s':>10}{'ratio':>7}  largest gap")
    for rows in (resampling(suv, ct, options.runs), features(suv, options.runs),
                 window(suv, options.runs)):  # fmt: skip
        for row in rows:
            print(
                f"{row.step:<34}{row.peer:<42}{row.ours_s:8.2f}{row.peer_s:10.2f}"
                f"{row.peer_s / row.ours_s:7.1f}  {row.gap:.2g} {row.unit}"
            )


if __name__ == "__main__":
    main()
