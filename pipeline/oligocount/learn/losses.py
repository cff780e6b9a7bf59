"""Losses: cross entropy for every voxel, Dice for every class that is there."""

import torch

_SMOOTH = 1.0
_FULL_VOXELS, _MOST = 64.0, 16.0
_WARM_SUV, _COLD_WEIGHT = 1.5, 0.1
_NO_LESION = 1000.0  # voxels: the scale where a stretch holds no lesion
_LESION_WEIGHT = 2.0  # more calls every hot spot a lesion on real scans


def organ_loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cross entropy plus soft Dice over the classes present; `target` (1, k, j, i) of numbers.

    Each class weighs with the root of its size, so that a thyroid is not lost in a body.
    """
    flat = target.flatten()
    classes = output.shape[1]
    size = torch.bincount(flat, minlength=classes).float()
    weight = torch.where(size > 0, size.clamp(min=1).rsqrt(), 0.0)
    entropy = torch.nn.functional.cross_entropy(output, target, weight=weight)
    chances = torch.softmax(output, dim=1)[0].flatten(1)
    hit = torch.zeros(classes, device=output.device)
    hit = hit.scatter_add(0, flat, chances.gather(0, flat[None])[0])
    dice = (2 * hit + _SMOOTH) / (chances.sum(dim=1) + size + _SMOOTH)
    return entropy + 1 - dice[size > 0].mean()


def lesion_loss(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Binary cross entropy plus soft Dice; `target` (1, 1, k, j, i) of 0 and 1."""
    weight = torch.tensor(_LESION_WEIGHT, device=output.device)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(
        output, target, pos_weight=weight
    )
    chances = torch.sigmoid(output)
    hit = (chances * target).sum()
    dice = (2 * hit + _SMOOTH) / (chances.sum() + target.sum() + _SMOOTH)
    return 2 * entropy + 0.5 * (1 - dice)


def body_lesion_loss(
    output: torch.Tensor, lesions: torch.Tensor, suv: torch.Tensor
) -> torch.Tensor:
    """Cross entropy plus soft Dice for a stretch of a whole body, where lesions are few.

    `output` (1, 1, k, j, i); `lesions` (k, j, i) of instance numbers below 256. Each lesion of up
    to 64 voxels weighs as much as one of 64, a voxel at most 16; what is not even warm, little.
    """
    target = (lesions > 0).float()
    size = torch.bincount(lesions.flatten(), minlength=256).float()
    own = (_FULL_VOXELS / size.clamp(min=1)).clamp(1.0, _MOST)
    others = torch.where(suv > _WARM_SUV, 1.0, _COLD_WEIGHT)
    weight = torch.where(lesions > 0, own[lesions], others)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(
        output[0, 0], target, weight=weight, reduction="sum"
    )
    chances = torch.sigmoid(output[0, 0])
    hit = (chances * target).sum()
    dice = (2 * hit + _SMOOTH) / (chances.sum() + target.sum() + _SMOOTH)
    return entropy / ((weight * target).sum() + _NO_LESION) + 0.5 * (1 - dice)
