"""A file of edits to checked edits (configs/edits.schema.json)."""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from oligocount.errors import ConfigError
from oligocount.plain_yaml import read_yaml
from oligocount.resources import shipped_folder

VERBS = ("accept", "reject", "relabel", "merge", "split", "add", "mask")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit: what is done, to what, and with what. `number` counts from 1 in the file."""

    number: int
    verb: str
    told: Mapping[str, Any]

    @property
    def lesions(self) -> tuple[int, ...]:
        """The lesions that must exist for this edit."""
        target = self.told[self.verb]
        if self.verb in ("add", "mask"):
            return ()
        return tuple(target) if isinstance(target, list) else (target,)

    @property
    def draws(self) -> bool:
        """Whether voxels change so that the PET has to be measured again."""
        return self.verb in ("split", "add", "mask")

    @property
    def measures(self) -> bool:
        """Whether the PET is of use: a merged lesion is measured where there is one."""
        return self.draws or self.verb == "merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """Edits in order, by whom and when as given. A mask's path is seen from `folder`."""

    edits: tuple[Edit, ...]
    reader: str | None
    when: str | None
    folder: Path


def read_edits(file: Path) -> Edits:
    """The edits of a YAML or JSON file. Raises ConfigError that names the edit."""
    document = read_yaml(file, ConfigError)
    problem = next(iter(_validator().iter_errors(document)), None)
    if problem is not None:
        raise ConfigError(f"{file}: {_told(problem)}")
    edits = [
        Edit(number=number, verb=next(verb for verb in VERBS if verb in each), told=each)
        for number, each in enumerate(document["edits"], start=1)
    ]
    return Edits(
        edits=tuple(edits),
        reader=document.get("reader"),
        when=document.get("when"),
        folder=file.parent,
    )


def _told(problem: jsonschema.ValidationError) -> str:
    path = list(problem.absolute_path)
    if path[:1] == ["edits"] and len(path) > 1:
        verbs = ", ".join(VERBS)
        edit = problem.instance if len(path) == 2 else "one of its values"
        return f"edit {int(path[1]) + 1}: {edit}: is none of {verbs}, or a value is wrong"
    return f"{'.'.join(map(str, path)) or 'the file'}: {problem.message}"


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((shipped_folder("configs") / "edits.schema.json").read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)
