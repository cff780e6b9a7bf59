"""The case function of a real batch: one patient, from files to a case folder."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from oligocount import intake, publish
from oligocount.assess import facts_from
from oligocount.cohort.estimate import refuse_oversized
from oligocount.config import dump_settings, load_settings
from oligocount.domain.study import Images, Study
from oligocount.inputs import Choice, load_tools
from oligocount.run import Tools, run_study
from oligocount.settings import Settings


def run_case(job: dict[str, Any], out: Path, enter: Callable[[str], None]) -> None:
    """The case stands in `out`.

    Raises OligocountError for an input or a model that cannot be used.
    """
    settings = _settings(job["settings_file"])
    choice = Choice(
        lesions=job["lesions"],
        organs=job["organs"],
        device=job["device"],
        trusted=job["trusted"],
    )
    tools = _tools(job["settings_file"], choice)

    def read() -> tuple[Study, Images]:
        study = intake.scan(Path(job["input"]), settings.intake, case_id=job["case_id"])
        refuse_oversized(study, settings.intake, job["memory_mib"])
        return study, intake.load(study, settings.intake)

    facts = facts_from(job["clinical"])
    result = run_study(read, tools, facts=facts, settings=settings, enter=enter)
    enter("publish")
    publish.write(out, result, dump_settings(settings), settings.publish)


@functools.cache
def _settings(file: str) -> Settings:
    return load_settings(Path(file))


@functools.cache  # weights are read once a process, and serve every case after
def _tools(settings_file: str, choice: Choice) -> Tools:
    return load_tools(_settings(settings_file), choice)
