"""A file of clinical facts to `ClinicalFacts`."""

import functools
import json
from pathlib import Path
from typing import Any

import jsonschema

from oligocount.assess.patient import facts_from
from oligocount.domain.facts import ClinicalFacts
from oligocount.errors import ConfigError
from oligocount.plain_yaml import read_yaml
from oligocount.resources import shipped_folder

_TRACER = "tracer"  # stands in the same file, is no clinical fact


def read_facts(file: Path) -> ClinicalFacts:
    """The facts of a YAML or JSON file; one that is left out, null or `unknown` is not known.

    Raises ConfigError that names the file and the fact (configs/clinical.schema.json).
    """
    try:
        return check_facts(_read(file))
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error


def read_tracer_facts(file: Path) -> dict[str, Any]:
    """What the same file states about the tracer; empty where it states nothing.

    Raises ConfigError as `read_facts` does.
    """
    read_facts(file)
    return dict(_read(file).get(_TRACER) or {})


def _read(file: Path) -> Any:
    return read_yaml(file, ConfigError) or {}


def check_facts(told: Any) -> ClinicalFacts:
    """The facts of a document made of plain dictionaries and values.

    Raises ConfigError that names the fact (configs/clinical.schema.json).
    """
    problem = next(iter(_validator().iter_errors(told)), None)
    if problem is not None:
        where = ".".join(map(str, problem.absolute_path)) or "the document"
        raise ConfigError(f"{where}: {problem.message}")
    return facts_from({name: value for name, value in told.items() if name != _TRACER})


def fact_names() -> frozenset[str]:
    """Every clinical fact that can be told."""
    return frozenset(_schema()["properties"]) - {_TRACER}


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_schema())


def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(
        (shipped_folder("configs") / "clinical.schema.json").read_text("utf-8")
    )
    return schema
