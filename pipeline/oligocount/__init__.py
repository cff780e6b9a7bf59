"""Oligometastasis from staging scans: lesions, stations, counts, verdicts, and their doubt.

>>> import oligocount
>>> settings = oligocount.load_settings()
>>> settings.count.synchronous_max_months
6.0

`run_folder(path)` takes one patient's DICOM folder to a `Result`; `run_study` takes whatever
reads a study, and the tools (organ mapper, segmenter) of your choice.
"""

import importlib
from typing import Any

from oligocount.errors import OligocountError
from oligocount.version import __version__

_HOMES = {  # imported on first use: networks take seconds, `oligocount --help` must not
    "ClinicalFacts": "oligocount.domain.facts",
    "Result": "oligocount.domain.result",
    "Settings": "oligocount.settings",
    "assess": "oligocount.assess",
    "load_settings": "oligocount.config",
    "run_folder": "oligocount.inputs",
    "run_study": "oligocount.run",
}

__all__ = ["OligocountError", "__version__", *_HOMES]  # noqa: PLE0604 - names are strings


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'oligocount' has no attribute {name!r}")
