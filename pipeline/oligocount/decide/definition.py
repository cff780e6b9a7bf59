"""A definition of oligometastatic disease, as its file says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from oligocount.decide.criteria import Requirement
from oligocount.domain.facts import Histology


class DefinitionKind(Enum):
    """What a file describes."""

    DEFINITION = "definition"
    STUDY = "study"
    VARIANT = "variant"


class Serosal(Enum):
    """What a serosal nodule that is not diffuse does to a patient who passes otherwise."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way to fulfil a definition: all requirements hold."""

    name: str
    require: tuple[Requirement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Conditions of a study beside its numbers: they raise flags, they never change a result."""

    controlled_primary: bool = False
    primary_resected: bool = False
    all_treatable: bool = False
    genuine_only: bool = False
    treatment_naive: bool = False
    biopsy_proven: bool = False
    her2_negative: bool = False
    timing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A definition, a study's numeric block, or a variant of one.

    `branches` maps a histology to its branches; the key None serves every histology.
    """

    id: str
    kind: DefinitionKind
    title: str
    source: str
    require: tuple[Requirement, ...]
    branches: Mapping[Histology | None, tuple[Branch, ...]]
    exclusions: frozenset[str]
    solitary_serosal: Serosal
    covers_brain: bool = True
    covers_gastric_primary: bool = True
    eligibility: Eligibility = field(default_factory=Eligibility)
    variant_of: str | None = None
    policy: str | None = None
    flag: str | None = None

    @property
    def is_study(self) -> bool:
        """Whether its answers are told in the words of studies."""
        return self.kind is DefinitionKind.STUDY

    def groups(self, histology: Histology | None) -> tuple[tuple[Branch, ...], ...]:
        """The sets of branches that can apply: several where histology is open or mixed.

        An empty set of branches stands for a histology that the definition does not cover.
        """
        if None in self.branches:
            return (self.branches[None],)
        if histology in (Histology.SCC, Histology.AC):
            return (self.branches.get(histology, ()),)
        return tuple(self.branches.get(each, ()) for each in (Histology.SCC, Histology.AC))
