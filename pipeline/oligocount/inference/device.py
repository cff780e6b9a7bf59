"""Which device runs a network: `auto`, `cpu`, `cuda` or `cuda:n`."""

import os
import re
from contextlib import AbstractContextManager

import torch

from oligocount.errors import ModelError

_NAMES = re.compile(r"auto|cpu|cuda(:\d+)?")


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is the first CUDA device where there is one, else the CPU.

    Raises ModelError for a name outside the vocabulary or a device that this machine lacks.
    """
    if not _NAMES.fullmatch(name):
        raise ModelError(f"device {name!r}: expected auto, cpu, cuda or cuda:<number>")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise ModelError(f"device {name!r}: this machine offers {count} CUDA device(s); try cpu")
    return device


def free_memory_bytes(device: torch.device) -> int:
    """Memory that a network may still claim on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(os.sysconf("SC_AVPHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))


def half_precision(device: torch.device) -> AbstractContextManager[object]:
    """Networks within it compute in sixteen bits where the device does so by itself.

    That is every CUDA device, and processors with bfloat16 instructions, on which a network takes
    about a quarter of the time; others compute in full precision, for they would only imitate it.
    """
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.float16)
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=_has_bfloat16())


def layout(device: torch.device) -> torch.memory_format:
    """How volumes (n, C, k, j, i) lie in memory where networks run fastest.

    A processor wants the channels of a voxel side by side (a slab of the fine network took 2.1 s of
    one core instead of 2.9), a GPU wants whole channels (a step on an H200 0.044 s, not 0.050).
    """
    return torch.channels_last_3d if device.type == "cpu" else torch.contiguous_format


def _has_bfloat16() -> bool:
    if not hasattr(torch.cpu, "get_capabilities"):  # older versions of torch do not tell
        return False
    told = torch.cpu.get_capabilities()
    return bool(told.get("avx512_bf16") or told.get("amx_bf16"))
