"""Losses: cross entropy for every voxel, Dice for every class that is there."""

import torch

_SMOOTH = 1.0
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
