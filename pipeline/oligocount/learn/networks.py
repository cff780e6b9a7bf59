"""The networks we train, as the config that their bundles carry."""

from typing import Any

from oligocount.learn.tasks import IMAGE_CHANNELS, LESION_CHANNELS

ORGAN_SPACING_MM = 8.0
LESION_SPACING_MM = 4.0
FINE_BLOCKS = [1, 1, 2]
FINE_DIVISOR = 2 ** (len(FINE_BLOCKS) - 1)


def organ_network(n_classes: int) -> dict[str, Any]:
    """A residual U-Net over the whole body: each voxel sees most of the trunk."""
    return _residual_unet(len(IMAGE_CHANNELS), n_classes, filters=16, blocks_down=[1, 1, 2, 3])


def fine_network(n_channels: int, n_classes: int) -> dict[str, Any]:
    """A shallow one on voxels half as large, after another: each sees some 15 cm around it."""
    return _residual_unet(n_channels + n_classes, n_classes, filters=16, blocks_down=FINE_BLOCKS)


def lesion_network() -> dict[str, Any]:
    """A residual U-Net for one output: lesion."""
    return _residual_unet(len(LESION_CHANNELS), 1, filters=16, blocks_down=[1, 2, 2, 2])


def mr_network(n_series: int) -> dict[str, Any]:
    """A small residual U-Net for lesions of one organ on MR."""
    return _residual_unet(n_series, 1, filters=8, blocks_down=[1, 2, 2])


def _residual_unet(
    in_channels: int, out_channels: int, *, filters: int, blocks_down: list[int]
) -> dict[str, Any]:
    # SegResNet (Myronenko 2018) in MONAI's implementation.
    return {
        "_target_": "SegResNet",
        "spatial_dims": 3,
        "init_filters": filters,
        "in_channels": in_channels,
        "out_channels": out_channels,
        "blocks_down": blocks_down,
        "blocks_up": [1] * (len(blocks_down) - 1),
    }
