"""A case as `run` leaves it, from a PET on disk, with every file."""

from dataclasses import replace
from pathlib import Path

from oligocount import publish
from oligocount.assess import assess
from oligocount.config import dump_settings, load_settings
from oligocount.settings import Settings
from publish import builders
from publish.dicom_source import write_pet_series

SETTINGS = load_settings()


def write_case(folder: Path, settings: Settings = SETTINGS, **parts: object) -> Path:
    """FOLDER/case, whose assessment is that of its lesions; FOLDER/pet holds the series."""
    grid = builders.geometry()
    study = parts.pop("study", None) or write_pet_series(folder / "pet", grid)
    result = builders.result(grid, study=study, **parts)
    lesions = tuple(
        replace(
            each,
            finding=replace(each.finding, longest_diameter_mm=each.lesion.longest_diameter_mm),
        )
        for each in result.lesions
    )
    assessment = assess([each.finding for each in lesions], result.facts, settings)
    result = replace(result, lesions=lesions, assessment=assessment)
    publish.write(folder / "case", result, dump_settings(settings), settings.publish)
    return folder / "case"
