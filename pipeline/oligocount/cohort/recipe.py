"""What every case of a cohort is run with: settings, models, device; and the digests of these."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oligocount.cohort.digest import digest_files
from oligocount.config import dump_settings, load_settings
from oligocount.resources import shipped_folder
from oligocount.run import digest
from oligocount.version import __version__

CASE_RUNNER = "oligocount.cohort.case:run_case"
SETTINGS_FILE = "settings.yaml"
GPU_STAGES = ("organs", "lesions")  # the two that run a network: `run_study` names them


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`options` is what the case function gets with each case: plain values alone.

    `settings` is the text of the effective settings, which a batch writes beside its cases.
    """

    options: Mapping[str, Any]
    settings: str
    settings_digest: str
    models_digest: str


def read_recipe(
    config: Path | None,
    out: Path,
    *,
    lesions: str | None,
    organs: str | None,
    device: str,
    trusted: bool = False,
) -> Recipe:
    """The recipe of a batch. The digests change with settings, version, choice and weights.

    Raises ConfigError for settings that cannot be used.
    """
    settings = load_settings(config)
    lesions, organs = _lasting(lesions), _lasting(organs)
    choice = f"{__version__} {lesions} {organs}"
    used = (lesions or settings.segment.segmenter, organs or settings.anatomy.provider)
    return Recipe(
        options={
            "settings_file": str(out / SETTINGS_FILE),
            "lesions": lesions,
            "organs": organs,
            "device": device,
            "trusted": trusted,
        },
        settings=dump_settings(settings),
        settings_digest=hashlib.sha256(f"{digest(settings)} {choice}".encode()).hexdigest(),
        models_digest=digest_files(_model_files(used)),
    )


def _lasting(name_or_path: str | None) -> str | None:
    """A folder by its full path, which means the same to a worker elsewhere."""
    if name_or_path is None or not Path(name_or_path).is_dir():
        return name_or_path
    return str(Path(name_or_path).resolve())


def _model_files(used: tuple[str, ...]) -> list[Path]:
    """What is shipped, and the folders that a user names."""
    folders = [shipped_folder("models"), *(Path(each) for each in used if Path(each).is_dir())]
    return sorted(file for each in folders for file in each.rglob("*") if file.is_file())
