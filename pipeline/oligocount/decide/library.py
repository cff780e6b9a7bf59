"""Protocol files (configs/protocols/*.yaml) to definitions, checked by a JSON Schema."""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from oligocount.decide.criteria import Requirement, organ_table, requirement
from oligocount.decide.definition import (
    Branch,
    Definition,
    DefinitionKind,
    Eligibility,
    Serosal,
)
from oligocount.decide.resolution import resolution_of
from oligocount.domain.census import Resolution
from oligocount.domain.facts import Histology
from oligocount.errors import ConfigError
from oligocount.plain_yaml import read_yaml
from oligocount.resources import shipped_folder

_SCHEMA = "protocol.schema.json"


@dataclass(frozen=True, kw_only=True)
class Library:
    """Definitions in the order of reporting, studies, and variants of either."""

    definitions: tuple[Definition, ...]
    studies: tuple[Definition, ...]
    variants: tuple[Definition, ...]

    @functools.cached_property
    def resolution(self) -> Resolution:
        """How finely the definitions that give a verdict look."""
        return resolution_of(self.definitions)

    def parent_of(self, variant: Definition) -> Definition:
        """The definition or study that a variant differs from."""
        return next(
            each for each in (*self.definitions, *self.studies) if each.id == variant.variant_of
        )


@functools.cache
def read_library(
    reported: tuple[str, ...],
    in_force: tuple[str, ...] = (),
    extra: tuple[Path, ...] = (),
) -> Library:
    """The shipped protocols and the user's `extra` files.

    `reported` names the definitions that give a verdict, in that order; those of `extra` are
    added. A variant whose policy is `in_force` takes the place of its parent.
    Raises ConfigError for a file that the schema refuses, a double id or an unknown name.
    """
    documents = _read_all(sorted((shipped_folder("configs") / "protocols").glob("*.yaml")))
    added = _read_all(extra)
    doubled = set(documents) & set(added)
    if doubled:
        raise ConfigError(f"protocol {min(doubled)}: this id is taken by a shipped protocol")
    documents |= added
    policies = {document.get("policy") for document in documents.values()} - {None}
    _refuse_unknown("policy", in_force, policies)
    _put_in_force(documents, frozenset(in_force))
    built = {name: _definition(document, documents) for name, document in documents.items()}
    named = {name for name, each in built.items() if each.kind is DefinitionKind.DEFINITION}
    _refuse_unknown("protocol", reported, named)
    order = dict.fromkeys((*reported, *(name for name in added if name in named)))
    return Library(
        definitions=tuple(built[name] for name in order),
        studies=_of_kind(built, DefinitionKind.STUDY),
        variants=tuple(
            each
            for each in _of_kind(built, DefinitionKind.VARIANT)
            if each.variant_of not in named or each.variant_of in order
        ),
    )


def _of_kind(built: Mapping[str, Definition], kind: DefinitionKind) -> tuple[Definition, ...]:
    return tuple(each for each in built.values() if each.kind is kind)


def _refuse_unknown(what: str, asked: Iterable[str], known: Iterable[str | None]) -> None:
    unknown = sorted(set(asked) - set(known))
    if unknown:
        listed = ", ".join(sorted(each for each in known if each))
        raise ConfigError(f"unknown {what} {unknown[0]!r}; known: {listed}")


def _read_all(files: Iterable[Path]) -> dict[str, dict[str, Any]]:
    documents: dict[str, dict[str, Any]] = {}
    for file in files:
        document = _read(file)
        if document["id"] in documents:
            raise ConfigError(f"{file}: the id {document['id']} is used by another protocol")
        documents[document["id"]] = document
    return documents


def _read(file: Path) -> dict[str, Any]:
    document = read_yaml(file, ConfigError)
    problem = next(iter(_validator().iter_errors(document)), None)
    if problem is not None:
        place = ".".join(map(str, problem.absolute_path)) or "the file"
        raise ConfigError(f"{file}: {place}: {problem.message}")
    checked: dict[str, Any] = document
    return checked


@functools.cache
def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads((shipped_folder("configs") / _SCHEMA).read_text("utf-8"))
    return jsonschema.Draft202012Validator(schema)


def _put_in_force(documents: dict[str, dict[str, Any]], in_force: frozenset[str]) -> None:
    for name, document in list(documents.items()):
        if document.get("policy") in in_force:
            parent = document["variant_of"]
            documents[parent] = _merged(documents[parent], document["replace"])
            del documents[name]


def _definition(
    document: Mapping[str, Any], documents: Mapping[str, Mapping[str, Any]]
) -> Definition:
    parent = document.get("variant_of")
    if parent is not None:
        if documents.get(parent, {}).get("kind") not in ("definition", "study"):
            raise ConfigError(f"protocol {document['id']}: no definition {parent!r} to vary")
        document = {**_merged(documents[parent], document["replace"]), **_own(document)}
    covers = document.get("covers", {})
    eligibility = dict(document.get("eligibility", {}))
    eligibility["timing"] = tuple(eligibility.get("timing", ()))
    return Definition(
        id=document["id"],
        kind=DefinitionKind(document["kind"]),
        title=document["title"],
        source=document["source"],
        require=_requirements(document.get("require", {})),
        branches=_branches(document),
        exclusions=frozenset(document["exclusions"]),
        solitary_serosal=Serosal(document["solitary_serosal"]),
        covers_brain=covers.get("brain", True),
        covers_gastric_primary=covers.get("gastric_primary", True),
        eligibility=Eligibility(**eligibility),
        variant_of=parent,
        policy=document.get("policy"),
        flag=document.get("flag"),
    )


def _own(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "replace"}


def _merged(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    """`base` overlaid by `top`; mappings merge, all else is replaced."""
    merged = dict(base)
    for key, value in top.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merged(base[key], value) if both else value
    return merged


def _branches(document: Mapping[str, Any]) -> dict[Histology | None, tuple[Branch, ...]]:
    if "by_histology" in document:
        groups = document["by_histology"].items()
        return {Histology(name): tuple(map(_branch, each)) for name, each in groups}
    everyone = document.get("any_of", [{"name": "all", "require": {}}])
    return {None: tuple(map(_branch, everyone))}


def _branch(document: Mapping[str, Any]) -> Branch:
    require = _requirements(document["require"])
    if "organ_table" in document:
        unlisted = False if document["unlisted_organ"] == "fail" else None
        require = (*require, organ_table(document["organ_table"], unlisted=unlisted))
    return Branch(name=document["name"], require=require)


def _requirements(limits: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """A limit of null is lifted: so a variant takes a limit of its parent away."""
    return tuple(requirement(name, limit) for name, limit in limits.items() if limit is not None)
