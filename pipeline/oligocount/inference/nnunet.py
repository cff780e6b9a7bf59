"""Runs the networks of an nnU-Net v2 results folder through the package `nnunetv2` itself.

Probabilities are taken on the network's own grid, and that of lesion alone leaves it: whole-body
probabilities of many classes on a CT's grid are what exhausts memory in nnU-Net's own export.
Folds are averaged and tiles overlap by half, as `nnUNetv2_predict` does.
"""

import contextlib
import io
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.errors import BundleMismatch, InferenceError, ModelError
from oligocount.inference.nnunet_folder import ResultsFolder

_UNUSABLE = (
    RuntimeError, KeyError, TypeError, ValueError, AttributeError, ImportError, AssertionError,
    UnpicklingError, EOFError, OSError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NnUnet:
    """Networks ready to run; `predictor` is nnU-Net's."""

    results: ResultsFolder
    predictor: Any

    def lesion_probability(self, images: Mapping[str, Volume]) -> Volume:
        """The probability of lesion on the network's grid, of images (suv, ct) on one axial grid.

        What lies outside of it was cropped as empty. Raises InferenceError when it fails.
        """
        grid = images[self.results.channels[0]].geometry
        channels = np.stack([images[name].array for name in self.results.channels])
        held: dict[str, Any] = {"spacing": list(grid.spacing_mm)}
        plans, configuration = self.predictor.plans_manager, self.predictor.configuration_manager
        try:
            with _quiet():
                data, _ = configuration.preprocessor_class(verbose=False).run_case_npy(
                    channels, None, held, plans, configuration, self.predictor.dataset_json
                )
                logits = self.predictor.predict_logits_from_preprocessed_data(
                    torch.from_numpy(data)
                )
                every = self.predictor.label_manager.apply_inference_nonlin(logits)
        except (RuntimeError, ValueError, torch.OutOfMemoryError) as error:
            raise InferenceError(
                f"{self.results.model.name} failed on {grid.shape} voxels, "
                f"{self.predictor.device}: {error}"
            ) from error
        lesion: NDArray[np.float32] = every[self.results.lesion].numpy()
        geometry = network_grid(
            grid,
            box=held["bbox_used_for_cropping"],
            axes=plans.transpose_forward,
            shape=lesion.shape,
        )
        return Volume(array=lesion, unit=Unit.ARBITRARY, geometry=geometry)


def load_nnunet(
    results: ResultsFolder, *, device: torch.device, trusted: bool, mirrored: bool = True
) -> NnUnet:
    """The networks of a results folder. Their checkpoints are pickles: they need `trusted`.

    `mirrored`: each tile is seen in all ways in which training mirrored it, and averaged.
    Raises BundleMismatch untrusted or where they do not load, ModelError without `nnunetv2`.
    """
    if not trusted:
        raise BundleMismatch(
            f"{results.folder}: checkpoints of nnU-Net are pickles, and reading one can run its "
            "code. Trust it (--trust-bundle) if you know where it comes from"
        )
    try:
        with _quiet():
            from nnunetv2.inference.predict_from_raw_data import (  # noqa: PLC0415 - optional, slow
                nnUNetPredictor,
            )
    except ImportError as error:
        raise ModelError(
            f"{results.folder} is an nnU-Net results folder, and nnunetv2 cannot be imported "
            f"({error}); pip install oligocount[nnunet]"
        ) from error
    try:
        with _quiet():
            predictor = nnUNetPredictor(
                use_mirroring=mirrored, device=device, allow_tqdm=sys.stderr.isatty()
            )
            predictor.initialize_from_trained_model_folder(
                str(results.folder), results.folds, results.checkpoint
            )
    except _UNUSABLE as error:
        raise BundleMismatch(
            f"{results.folder}: nnU-Net cannot load it: {type(error).__name__}: {error}"
        ) from error
    if predictor.configuration_manager.previous_stage_name is not None:
        raise BundleMismatch(
            f"{results.folder}: the second stage of a cascade needs what the first one found; "
            "expected a configuration that stands alone, as 3d_fullres"
        )
    return NnUnet(results=results, predictor=predictor)


def network_grid(
    grid: Geometry, *, box: list[list[int]], axes: list[int], shape: tuple[int, ...]
) -> Geometry:
    """Where the network's voxels lie, of an image on `grid`.

    nnU-Net turned its axes (`axes`: which axis of the image each one was), cut it to `box` (start
    and stop along the turned axes) and resampled the box to `shape`, edges kept in place.
    """
    to_image = np.zeros((4, 4))
    to_image[3, 3] = 1.0
    for axis, (start, stop) in enumerate(box):
        ratio = (stop - start) / shape[axis]
        to_image[axes[axis], axis] = ratio
        to_image[axes[axis], 3] = start + (ratio - 1) / 2
    return Geometry(
        shape=(shape[0], shape[1], shape[2]),
        affine=grid.affine @ to_image,
        frame_of_reference_uid=grid.frame_of_reference_uid,
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what nnU-Net prints of training folders and old plans: no prediction needs them."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
