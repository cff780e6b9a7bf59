"""What changes where an ambiguous rule is read the other way, or a variant is asked instead."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from oligocount import count, decide
from oligocount.decide import Definition, Library
from oligocount.domain.census import Census, Scenarios
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.lesion import Finding, Status
from oligocount.settings import CountSettings

Changes = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternatives:
    """Named alternatives that change something, and the flags that changed verdicts raise."""

    changes: Mapping[str, str | Changes] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


def read_otherwise(
    findings: Sequence[Finding],
    facts: ClinicalFacts,
    settings: CountSettings,
    *,
    scenarios: Scenarios,
    library: Library,
) -> Alternatives:
    """Every policy and variant that changes a verdict or a study, with what it changes.

    A counting policy also tells the symbols that it changes. A variant with a policy's name
    is told under that name, one without is a definition of its own: one value.
    """
    answers = _Answers(library, facts, scenarios)
    changes: dict[str, dict[str, str | int]] = {}
    flags: list[str] = []
    for each in count.alternatives(findings, facts, settings):
        other = count.count(findings, facts, each.settings)
        verdicts = answers.changed_in(other.all, only=each.only)
        if verdicts:
            flags.append(each.flag)
            changes[each.name] = verdicts | _changed_symbols(scenarios.base, other.base)
    changes |= _equivocal_settled(findings, facts, settings, answers)
    own: dict[str, str] = {}
    for variant in library.variants:
        answer = answers.changed_by(variant)
        if answer is None:
            continue
        if variant.policy is None:
            own[variant.id] = answer
        else:
            changes.setdefault(variant.policy, {})[str(variant.variant_of)] = answer
            flags += [variant.flag] if variant.flag else []
    return Alternatives(changes={**changes, **own}, flags=tuple(dict.fromkeys(flags)))


class _Answers:
    """What every definition and study says now, to compare others with."""

    def __init__(self, library: Library, facts: ClinicalFacts, scenarios: Scenarios) -> None:
        self._library = library
        self._facts = facts
        self._scenarios = scenarios
        self._asked = (*library.definitions, *library.studies)
        self._now = {each.id: self._bits(each, scenarios.all) for each in self._asked}

    def changed_in(
        self, censuses: Sequence[Census], only: str | None = None
    ) -> dict[str, str | int]:
        """Answers that other readings of the patient change, by definition."""
        found = {}
        for each in self._asked:
            if only not in (None, each.id):
                continue
            bits = self._bits(each, censuses)
            if bits != self._now[each.id] and _word(each, bits) != _word(each, self._now[each.id]):
                found[each.id] = _word(each, bits)
        return dict(found)

    def changed_by(self, variant: Definition) -> str | None:
        """The variant's answer where it is not its parent's."""
        parent = self._library.parent_of(variant)
        bits = self._bits(variant, self._scenarios.all)
        answer = _word(parent, bits)
        return None if answer == _word(parent, self._now[parent.id]) else answer

    def _bits(self, definition: Definition, censuses: Sequence[Census]) -> int:
        return decide.possible_in_any(definition, censuses, self._facts)


def _word(definition: Definition, bits: int) -> str:
    if definition.is_study:
        return decide.study_result_of(bits).value
    return decide.decision_of(bits).value


def _changed_symbols(now: Census, other: Census) -> dict[str, str | int]:
    return {
        symbol: getattr(other, symbol.lower())
        for symbol in "VSRNOM"
        if getattr(other, symbol.lower()) != getattr(now, symbol.lower())
    }


def _equivocal_settled(
    findings: Sequence[Finding],
    facts: ClinicalFacts,
    settings: CountSettings,
    answers: _Answers,
) -> dict[str, dict[str, str | int]]:
    """A12: all equivocal lesions taken for benign, and all for malignant."""
    if not any(each.status is Status.EQUIVOCAL for each in findings):
        return {}
    readings = {
        "A12_equivocal_benign": Status.BENIGN,
        "A12_equivocal_malignant": Status.MALIGNANT,
    }
    told = {
        name: answers.changed_in(count.count(_settled(findings, status), facts, settings).all)
        for name, status in readings.items()
    }
    return {name: found for name, found in told.items() if found}


def _settled(findings: Sequence[Finding], status: Status) -> tuple[Finding, ...]:
    return tuple(_settle(findings, status))


def _settle(findings: Sequence[Finding], status: Status) -> Iterator[Finding]:
    for each in findings:
        yield replace(each, status=status) if each.status is Status.EQUIVOCAL else each
