"""A tiny nnU-Net results folder, trained by nnU-Net's own trainer on drawn patients."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

SPACING_MM = (5.0, 4.0, 3.0)  # the network's own grid is none of the images'
PATCH = (16, 20, 24)
DATASET = {
    "channel_names": {"0": "CT", "1": "PET"},
    "labels": {"background": 0, "brain": 1, "tumor": 2},
    "numTraining": 2,
    "file_ending": ".nii.gz",
}
_STATISTICS = {
    "max": 100.0, "mean": 0.0, "median": 0.0, "min": -1000.0, "percentile_00_5": -200.0,
    "percentile_99_5": 100.0, "std": 100.0,
}  # fmt: skip
_RESAMPLING = "resample_data_or_seg_to_shape"


def plans() -> dict:
    """Plans as nnU-Net's planner writes them, of a network of two stages."""
    kwargs = {"order": 1, "order_z": 0, "force_separate_z": None, "is_seg": False}
    n_stages = 2
    configuration = {
        "data_identifier": "tiny", "preprocessor_name": "DefaultPreprocessor", "batch_size": 2,
        "patch_size": list(PATCH), "median_image_size_in_voxels": [24, 30, 53],
        "spacing": list(SPACING_MM),
        "normalization_schemes": ["CTNormalization", "NoNormalization"],
        "use_mask_for_norm": [False, False], "batch_dice": False,
        "resampling_fn_data": _RESAMPLING, "resampling_fn_data_kwargs": kwargs,
        "resampling_fn_seg": _RESAMPLING,
        "resampling_fn_seg_kwargs": {**kwargs, "is_seg": True},
        "resampling_fn_probabilities": _RESAMPLING,
        "resampling_fn_probabilities_kwargs": kwargs,
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": {
                "n_stages": n_stages, "features_per_stage": [8, 16],
                "conv_op": "torch.nn.modules.conv.Conv3d", "kernel_sizes": [[3, 3, 3]] * n_stages,
                "strides": [[1, 1, 1], [2, 2, 2]], "n_conv_per_stage": [1, 1],
                "n_conv_per_stage_decoder": [1], "conv_bias": True,
                "norm_op": None, "norm_op_kwargs": None,
                "dropout_op": None, "dropout_op_kwargs": None,
                "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": True},
            },
            "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
        },
    }  # fmt: skip
    return {
        "dataset_name": "Dataset001_Tiny", "plans_name": "nnUNetPlans",
        "image_reader_writer": "SimpleITKIO", "label_manager": "LabelManager",
        "transpose_forward": [0, 1, 2], "transpose_backward": [0, 1, 2],
        "configurations": {"3d_fullres": configuration},
        "foreground_intensity_properties_per_channel": {"0": _STATISTICS, "1": _STATISTICS},
    }  # fmt: skip


def patient(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """CT and SUV (2, k, j, i) with a hot box in it that is brain (dense) or tumour, and which."""
    image = np.stack([rng.normal(0, 5, shape), rng.normal(1, 0.1, shape)]).astype(np.float32)
    truth = np.zeros(shape, np.int64)
    for label in rng.permutation([1, 2, 2]):
        low = [int(rng.integers(0, n - 4)) for n in shape]
        box = tuple(slice(a, a + int(rng.integers(3, 7))) for a in low)
        truth[box] = label
        image[1][box] = rng.uniform(5, 14)
        image[0][box] = 100 if label == 1 else 0
    if rng.random() < 0.5:  # beyond the body and the scan
        end = int(rng.integers(1, shape[2] // 2))
        image[0, :, :, :end], image[1, :, :, :end], truth[:, :, :end] = -1000, 0, 0
    return image, truth


def train(results: Path, fold: int, *, steps: int, seed: int) -> Path:
    """The results folder with one more fold in it: nnU-Net's trainer, loss and checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        from nnunetv2.training.nnUNetTrainer import nnUNetTrainer as module  # noqa: PLC0415

        for name in ("nnUNet_preprocessed", "nnUNet_results"):
            patch.setattr(module, name, str(results / name))
        # Its schedule passes torch an argument that torch no longer takes; so few steps need none.
        patch.setattr(module, "PolyLRScheduler", lambda *_: None)
        patch.setenv("nnUNet_compile", "false")
        torch.manual_seed(seed)
        trainer = module.nnUNetTrainer(
            plans(), "3d_fullres", fold, DATASET, device=torch.device("cpu")
        )
        trainer.enable_deep_supervision = False
        trainer.initialize()
        for group in trainer.optimizer.param_groups:
            group["lr"] = 0.02
        rng = np.random.default_rng(seed)
        trainer.network.train()
        trainer.inference_allowed_mirroring_axes = (0, 1, 2)
        for _ in range(steps):
            cases = [patient(rng, PATCH) for _ in range(2)]
            image = np.stack([case[0] for case in cases])
            image[:, 0] = image[:, 0].clip(-200, 100) / 100  # as CTNormalization will
            target = torch.from_numpy(np.stack([case[1] for case in cases]))[:, None].float()
            trainer.train_step({"data": torch.from_numpy(image), "target": target})
        folder = Path(trainer.output_folder)
        trainer.save_checkpoint(str(folder / "checkpoint_final.pth"))
    (folder.parent / "plans.json").write_text(json.dumps(plans()))
    (folder.parent / "dataset.json").write_text(json.dumps(DATASET))
    return folder.parent
