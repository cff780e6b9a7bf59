"""Oligometastasis from staging scans: lesions, stations, counts, verdicts, and their doubt.

>>> import oligocount
>>> settings = oligocount.load_settings()
>>> settings.count.synchronous_max_months
6.0

The eligibility engine alone, plain dictionaries in and out (configs/patients.schema.json):

>>> patient = {
...     "id": "A",
...     "histology": "SCC",
...     "lesions": [{"site": "liver", "lobe": "right"}, {"site": "liver", "lobe": "right"}],
... }
>>> (answer,) = oligocount.assess_document({"cases": [patient]}, settings)
>>> answer["counts"]["N"], answer["verdicts"]["CN2025"]["decision"]
(2, 'OLIGO')

`oligocount.assess.assess` takes findings and `ClinicalFacts` as types instead; a fact that nobody
stated is None:

>>> facts = oligocount.ClinicalFacts()
>>> facts.histology is None
True
>>> from oligocount.assess import assess
>>> assessment = assess((), facts, settings)
>>> {verdict.decision.value for verdict in assessment.verdicts}
{'NOT_M1'}

`run_folder(path)` takes one patient's DICOM folder or .zip to a `Result`; `run_study` takes
whatever reads a study, and the tools (organ mapper, segmenter) of your choice. Every refusal is an
`OligocountError`:

>>> from pathlib import Path
>>> try:
...     oligocount.run_folder(Path("no such scan"))
... except oligocount.OligocountError as error:
...     print(type(error).__name__)
InputError
"""

import importlib
from typing import Any

from oligocount.errors import OligocountError
from oligocount.version import __version__

_HOMES = {  # imported on first use: networks take seconds, `oligocount --help` must not
    "ClinicalFacts": "oligocount.domain.facts",
    "Result": "oligocount.domain.result",
    "Settings": "oligocount.settings",
    "assess_document": "oligocount.assess",
    "load_settings": "oligocount.config",
    "run_folder": "oligocount.inputs",
    "run_study": "oligocount.run",
}

__all__ = ["OligocountError", "__version__", *_HOMES]  # noqa: PLE0604 - names are strings


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'oligocount' has no attribute {name!r}")
