"""Builds the network that a bundle's config names, through MONAI's own parser."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from monai.bundle import ConfigParser

from oligocount.errors import BundleMismatch

_MONAI_NETWORK = re.compile(r"(monai\.networks\.nets\.)?[A-Z]\w*")
_KEY = "network_def"


def build_network(
    config: Mapping[str, Any], *, name: str, trusted: bool, key: str = _KEY
) -> torch.nn.Module:
    """The network under `key`, with untrained weights.

    Untrusted, only that part of the config is read, its target must be one of MONAI's networks,
    and no argument may be an expression, a reference or a further target: nothing runs that
    MONAI did not write. Raises BundleMismatch.
    """
    definition = config.get(key)
    if not isinstance(definition, dict):
        raise BundleMismatch(f"bundle {name}: configs/inference.json names no {key}")
    if not trusted:
        _refuse_code(definition, name)
    parser = ConfigParser(dict(config) if trusted else {key: definition})
    try:
        network = parser.get_parsed_content(key)
    except (ImportError, AttributeError, TypeError, ValueError, RuntimeError, KeyError) as error:
        raise BundleMismatch(f"bundle {name}: {key} cannot be built: {error}") from error
    if not isinstance(network, torch.nn.Module):
        raise BundleMismatch(f"bundle {name}: {key} is a {type(network).__name__}, not a network")
    return network


def _refuse_code(definition: Mapping[str, Any], name: str) -> None:
    target = definition.get("_target_")
    if not isinstance(target, str) or not _MONAI_NETWORK.fullmatch(target):
        raise BundleMismatch(
            f"bundle {name}: network {target!r} is not one of monai.networks.nets; reading it "
            "would run its code. Trust it (--trust-bundle) if you know where it comes from"
        )
    odd = [text for text in _texts({k: v for k, v in definition.items() if k != "_target_"})
           if text.startswith(("$", "@", "%", "_"))]  # fmt: skip
    if odd:
        raise BundleMismatch(
            f"bundle {name}: its network config holds code or references ({odd[0]!r}); "
            "trust it explicitly (--trust-bundle) if you know where it comes from"
        )


def _texts(value: Any) -> list[str]:
    """Every text inside a JSON value, keys included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return []
