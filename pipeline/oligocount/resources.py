"""Finds the shipped folders: in a wheel beside the code, in a checkout above it."""

from pathlib import Path

from oligocount.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent


def shipped_folder(name: str) -> Path:
    """The folder `configs` or `models` that belongs to this installation.

    Raises ConfigError when the installation lacks it.
    """
    for candidate in (_PACKAGE / "_shipped" / name, _PACKAGE.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise ConfigError(f"this installation of oligocount has no folder {name!r}; install it again")
