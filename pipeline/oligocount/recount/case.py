"""A finished case, as its folder holds it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oligocount.config import load_settings
from oligocount.domain.volume import LabelMap
from oligocount.errors import ConfigError, InputError
from oligocount.intake.nifti import read_nifti_labels
from oligocount.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """The machine's version: result.json, the lesions drawn, and the settings of that run."""

    folder: Path
    document: Mapping[str, Any]
    labels: LabelMap
    settings: Settings


def read_case(folder: Path) -> Case:
    """The case in a folder that `oligocount run` wrote.

    Raises InputError when it is none, ConfigError for settings that cannot be read.
    """
    file = folder / "result.json"
    try:
        document = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{folder}: expected a case with result.json: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{folder}: expected a case with result.json: {error}") from error
    if not isinstance(document, dict) or not {"case_id", "lesions"} <= set(document):
        raise InputError(f"{file}: expected a result with case_id and lesions")
    labels, _ = read_nifti_labels(folder / "lesions.nii.gz")
    return Case(folder=folder, document=document, labels=labels, settings=_settings(folder))


def _settings(folder: Path) -> Settings:
    file = folder / "settings.yaml"
    try:
        return load_settings(file if file.is_file() else None)
    except ConfigError as error:
        raise ConfigError(f"{file}: written by another version: {error}") from error
