"""What a user names — folders, models — as what `run_study` takes."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from oligocount import intake
from oligocount.anatomy.choose import load_organ_mapper
from oligocount.config import load_settings
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.result import Result
from oligocount.domain.study import Images, Study
from oligocount.run import Tools, run_study
from oligocount.segment.choose import load_segmenter
from oligocount.settings import Settings

Reader = Callable[[], tuple[Study, Images]]


def run_folder(
    folder: Path, *, facts: ClinicalFacts | None = None, settings: Settings | None = None
) -> Result:
    """One patient's DICOM folder or .zip, with the shipped models, from files to verdicts.

    Raises OligocountError.
    """
    settings = settings or load_settings()
    return run_study(
        dicom_reader(folder, settings),
        load_tools(settings),
        facts=facts or ClinicalFacts(),
        settings=settings,
    )


def dicom_reader(
    source: Path, settings: Settings, *, pet_series: str | None = None, case_id: str | None = None
) -> Reader:
    """A reader of a folder or .zip of DICOM objects."""

    def read() -> tuple[Study, Images]:
        study = intake.scan(source, settings.intake, pet_series=pet_series, case_id=case_id)
        return study, intake.load(study, settings.intake)

    return read


def load_tools(
    settings: Settings,
    *,
    lesions: str | None = None,
    organs: str | None = None,
    device: str = "auto",
) -> Tools:
    """The organ mapper and the segmenter by name or folder; None means what the settings say.

    Raises ConfigError for an unknown name, ModelError for weights or a device.
    """
    return Tools(
        organ_mapper=load_organ_mapper(
            organs or settings.anatomy.provider, settings.anatomy, device
        ),
        segmenter=load_segmenter(lesions or settings.segment.segmenter, settings.segment, device),
    )


def with_language(settings: Settings, language: str | None) -> Settings:
    """The settings with the report in another language; None leaves it."""
    if language is None:
        return settings
    changed = dataclasses.replace(settings.publish, language=language)
    return dataclasses.replace(settings, publish=changed)
