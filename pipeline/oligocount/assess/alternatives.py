"""What changes where an ambiguous rule is read the other way, or a variant is asked instead."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from oligocount import count
from oligocount.assess.answers import Answers
from oligocount.domain.census import Census
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
    answers: Answers,
) -> Alternatives:
    """Every policy and variant that changes a verdict or a study, with what it changes.

    A counting policy also tells the symbols that it changes. A variant with a policy's name
    is told under that name, one without is a definition of its own: one value.
    """
    changes: dict[str, dict[str, str | int]] = {}
    flags: list[str] = []
    for each in count.alternatives(findings, facts, settings):
        readings = count.read_findings(findings, facts, each.settings)
        other = count.count(readings, facts, each.settings)
        verdicts = answers.changed_in(other.all, only=each.only)
        if verdicts:
            flags.append(each.flag)
            changes[each.name] = verdicts | _changed_symbols(answers.scenarios.base, other.base)
    changes |= _equivocal_settled(findings, facts, settings, answers)
    own: dict[str, str] = {}
    for variant in answers.library.variants:
        answer = answers.changed_by(variant)
        if answer is None:
            continue
        if variant.policy is None:
            own[variant.id] = answer
        else:
            changes.setdefault(variant.policy, {})[str(variant.variant_of)] = answer
            flags += [variant.flag] if variant.flag else []
    return Alternatives(changes={**changes, **own}, flags=tuple(dict.fromkeys(flags)))


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
    answers: Answers,
) -> dict[str, dict[str, str | int]]:
    """A12: all equivocal lesions taken for benign, and all for malignant."""
    if not any(each.status is Status.EQUIVOCAL for each in findings):
        return {}
    readings = {
        "A12_equivocal_benign": Status.BENIGN,
        "A12_equivocal_malignant": Status.MALIGNANT,
    }
    told = {}
    for name, status in readings.items():
        settled = count.read_findings(tuple(_settle(findings, status)), facts, settings)
        told[name] = answers.changed_in(count.count(settled, facts, settings).all)
    return {name: found for name, found in told.items() if found}


def _settle(findings: Sequence[Finding], status: Status) -> Iterator[Finding]:
    for each in findings:
        yield replace(each, status=status) if each.status is Status.EQUIVOCAL else each
