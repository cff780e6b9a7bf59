"""Steps over arrays beside what a user would pick instead: resampling, networks."""

import contextlib
import importlib
import importlib.util
import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from nibabel import Nifti1Image
from nibabel.processing import resample_from_to
from scipy import ndimage
from shared.pairs import Row, pair

from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.geometry.affine import axial_grid, regrid
from oligocount.geometry.resample import resample_volume
from oligocount.inference.bundle import Metadata, load_bundle, read_json
from oligocount.inference.channels import AIR_HU, Inputs, fill_channels
from oligocount.inference.window import run_network
from oligocount.resources import shipped_folder
from oligocount.simulate.phantom import simulate

SHAPE, SPACING_MM = (300, 220, 260), 3.0
SEED, BODY_HU = 900_017, -300.0  # a held-out synthetic patient, and what of him is no air


def grid() -> Geometry:
    """A cropped whole-body PET."""
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = SPACING_MM
    affine[3, 3] = 1
    return Geometry(shape=SHAPE, affine=affine)


def scan(rng: np.random.Generator, lesions: int = 150) -> tuple[Volume, Volume]:
    """SUV with hot spheres, and a CT on a grid 1.4 times as fine."""
    values = rng.gamma(2.0, 0.4, SHAPE).astype(np.float32)
    hot = np.zeros(SHAPE, np.float32)
    for centre in rng.integers(12, np.array(SHAPE) - 12, (lesions, 3)):
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


def window(runs: int) -> Iterator[Row]:
    """The shipped organ network over a synthetic patient, against tiles of MONAI and of nnU-Net."""
    from monai.inferers import SlidingWindowInferer  # noqa: PLC0415 - slow to import

    cpu = torch.device("cpu")
    bundle = load_bundle(shipped_folder("models") / "organs_ct", device=cpu)
    channels, body = patient(bundle.metadata)
    config = read_json(shipped_folder("models") / "organs_ct" / "configs" / "inference.json")
    classes = int(config["network_def"]["out_channels"])

    def ours() -> np.ndarray:
        return run_network(
            bundle.network, channels, device=cpu, divisor=bundle.metadata.divisor,
            bytes_per_voxel=bundle.metadata.bytes_per_voxel,
        )  # fmt: skip

    def peer() -> np.ndarray:
        inferer = SlidingWindowInferer(roi_size=(64, 64, 64))
        with torch.inference_mode():
            return inferer(torch.from_numpy(channels)[None], bundle.network)[0].numpy()

    def by_nnunet() -> np.ndarray:
        predictor = nn_predictor(bundle.network, classes)
        return predictor.predict_sliding_window_return_logits(torch.from_numpy(channels)).numpy()

    peers = {"MONAI SlidingWindowInferer, tiles of 64": peer}
    if importlib.util.find_spec("nnunetv2") is None:
        print("nnunetv2 is not installed: left out")
    else:
        peers["nnU-Net nnUNetPredictor, tiles of 64"] = by_nnunet
    for name, each in peers.items():
        yield pair("organs of a body", name, ours, each, runs,
                   "share of body otherwise", lambda a: a.argmax(axis=0)[body])  # fmt: skip


def patient(metadata: Metadata) -> tuple[np.ndarray, np.ndarray]:
    """What the network sees of a synthetic patient, padded as tiles want it, and where he is."""
    phantom = simulate(SEED, spacing_mm=4.0, held_out=True)
    grid = axial_grid(phantom.pet.geometry, metadata.spacing_mm)
    suv = resample_volume(phantom.pet, grid, outside=0.0)
    ct = resample_volume(phantom.ct, grid, outside=AIR_HU)
    channels = fill_channels(metadata.channels, Inputs(suv=suv, ct=ct))
    n = metadata.divisor
    pad = [(0, -each % n) for each in grid.shape]
    body = np.pad(ct.array > BODY_HU, pad)
    return np.ascontiguousarray(np.pad(channels, [(0, 0), *pad], mode="edge")), body


def nn_predictor(network: torch.nn.Module, classes: int) -> Any:
    """nnU-Net's predictor at its default step of half a tile, with a network given to it."""
    with contextlib.redirect_stdout(io.StringIO()):  # it asks for folders of training
        module = importlib.import_module("nnunetv2.inference.predict_from_raw_data")
    predictor = module.nnUNetPredictor(
        use_mirroring=False, perform_everything_on_device=False, allow_tqdm=False,
        device=torch.device("cpu"),
    )  # fmt: skip
    predictor.network = network
    predictor.allowed_mirroring_axes = None
    predictor.configuration_manager = SimpleNamespace(patch_size=(64, 64, 64))
    predictor.label_manager = SimpleNamespace(num_segmentation_heads=classes)
    return predictor
