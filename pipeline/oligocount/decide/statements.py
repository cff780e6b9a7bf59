"""The 13 statements as notes: data in configs/statements.yaml, checked against facts and counts."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from oligocount.decide.criteria import all_true, any_true
from oligocount.decide.dose import bed_gy, bed_of_eqd2_gy, eqd2_gy
from oligocount.decide.follow_up import follow_up_dates
from oligocount.domain.census import Census
from oligocount.domain.facts import ClinicalFacts
from oligocount.domain.report import StatementNote
from oligocount.errors import ConfigError
from oligocount.plain_yaml import read_shipped_yaml
from oligocount.resources import shipped_folder

_Known = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One note: told as `text` when a set of conditions holds, as `unknown` when it may."""

    flag: str
    text: str
    when: tuple[Mapping[str, Any], ...]
    unknown: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of the consensus with its evidence quality and agreement."""

    n: int
    topic: str
    quality: str
    agreement_percent: int
    rules: tuple[Rule, ...]
    always: bool = False
    values: Mapping[str, float] = field(default_factory=dict)


@functools.cache
def read_statements() -> tuple[Statement, ...]:
    """The shipped statements, in order."""
    file = shipped_folder("configs") / "statements.yaml"
    document = read_shipped_yaml(file)
    return tuple(map(_statement, document["statements"]))


def statement_notes(
    census: Census,
    facts: ClinicalFacts,
    *,
    is_metachronous: bool | None,
    class_known: bool,
    several_verdicts: bool,
) -> tuple[StatementNote, ...]:
    """What the statements say of this patient. Without distant disease only the work-up speaks."""
    known = {
        **facts.other,
        **_derived(census),
        "is_metachronous": is_metachronous,
        "class_known": class_known,
        "several_verdicts": several_verdicts,
    }
    told = []
    for statement in read_statements():
        if census.distant or statement.always:
            told += [_note(statement, flag, text) for flag, text in _notes(statement, known)]
    return tuple(told)


def _statement(document: Mapping[str, Any]) -> Statement:
    rules = tuple(
        Rule(
            flag=each["flag"],
            text=each["text"],
            when=tuple(each["when"]),
            unknown=each.get("unknown"),
        )
        for each in document["notes"]
    )
    return Statement(
        n=document["n"],
        topic=document["topic"],
        quality=document["quality"],
        agreement_percent=document["agreement_percent"],
        rules=rules,
        always=document.get("always", False),
        values=document.get("values", {}),
    )


def _derived(census: Census) -> dict[str, Any]:
    organs = set(census.organs)
    is_alone = census.distant == census.n
    return {
        "single_lesion": census.n == 1,
        "single_organ_up_to_3": is_alone and census.o == 1 and census.n <= 3,
        "lung_only": is_alone and organs == {"lung"} and not census.s,
        "has_organ_lesion": census.v > 0,
        "has_brain": census.brain > 0,
        "has_bone": "bone" in organs,
        "only_nonregional_nodes": census.v == 0 and census.s > 0,
        "only_adjoining_nodes": census.has_only_adjoining_nodes,
    }


def _notes(statement: Statement, known: _Known) -> Iterator[tuple[str, str]]:
    values = {**statement.values, **_doses(statement.values)}
    for rule in statement.rules:
        holds = any_true([_holds(conditions, known) for conditions in rule.when])
        if holds:
            yield rule.flag, rule.text.format(**values)
        elif holds is None and rule.unknown:
            yield f"unknown_{rule.flag}", rule.unknown.format(**values)
    if "alpha_beta_gy" in statement.values:
        yield from _dose_notes(statement.values, known)
    if "horizon_years" in statement.values:
        yield from _calendar(statement.values, known)


def _holds(conditions: Mapping[str, Any], known: _Known) -> bool | None:
    return all_true([_meets(known.get(name), wanted) for name, wanted in conditions.items()])


def _meets(fact: Any, wanted: Any) -> bool | None:
    if fact is None:
        return None
    if not isinstance(wanted, Mapping):
        return bool(fact == wanted)
    return bool(fact <= wanted["max"] if "max" in wanted else fact > wanted["above"])


def _note(statement: Statement, flag: str, text: str) -> StatementNote:
    return StatementNote(
        n=statement.n,
        flag=flag,
        text=text,
        quality=statement.quality,
        agreement_percent=statement.agreement_percent,
    )


def _doses(values: Mapping[str, float]) -> dict[str, str]:
    """Biologically effective doses of the statement's own numbers."""
    if "alpha_beta_gy" not in values:
        return {}
    ratio, fractions = values["alpha_beta_gy"], int(values["context_fractions"])
    doses = {
        "primary_bed_min_gy": bed_of_eqd2_gy(values["primary_eqd2_min_gy"], alpha_beta_gy=ratio),
        "primary_bed_max_gy": bed_of_eqd2_gy(values["primary_eqd2_max_gy"], alpha_beta_gy=ratio),
        "small_bed_gy": bed_gy(values["small_dose_gy"], fractions, alpha_beta_gy=ratio),
        "large_bed_gy": bed_gy(values["large_dose_gy"], fractions, alpha_beta_gy=ratio),
    }
    return {name: f"{dose:.1f}" for name, dose in doses.items()}


def _dose_notes(values: Mapping[str, float], known: _Known) -> Iterator[tuple[str, str]]:
    """Prescribed and earlier doses, where they are stated."""
    for target in ("primary", "metastasis"):
        dose = _prescribed(known, target)
        if dose is None:
            continue
        bed = bed_gy(*dose, alpha_beta_gy=values["alpha_beta_gy"])
        eqd2 = eqd2_gy(*dose, alpha_beta_gy=values["alpha_beta_gy"])
        text = (
            f"Stated for the {target}: {dose[0]:g} Gy in {dose[1]} fractions is "
            f"BED10 {bed:.1f} Gy, EQD2 {eqd2:.1f} Gy."
        )
        yield f"{target}_dose_stated", text
        low, high = values["primary_eqd2_min_gy"], values["primary_eqd2_max_gy"]
        if target == "primary" and not low <= eqd2 <= high:
            yield "primary_dose_outside_range", f"EQD2 {eqd2:.1f} Gy, range {low:g} to {high:g} Gy."
    earlier, now = _prescribed(known, "earlier"), _prescribed(known, "metastasis")
    if earlier:
        ratio = values["late_alpha_beta_gy"]
        total = sum(eqd2_gy(*each, alpha_beta_gy=ratio) for each in (earlier, now) if each)
        text = f"Re-irradiation: EQD2 adds up to {total:.1f} Gy in late-reacting tissue (α/β 3)."
        yield "reirradiation", text


def _prescribed(known: _Known, target: str) -> tuple[float, int] | None:
    total, fractions = known.get(f"{target}_dose_gy"), known.get(f"{target}_fractions")
    if total is None or fractions is None:
        return None
    return float(total), int(fractions)


def _calendar(schedule: Mapping[str, float], known: _Known) -> Iterator[tuple[str, str]]:
    told = known.get("reference_date")
    if told is None:
        return
    try:
        start = told if isinstance(told, date) else date.fromisoformat(str(told))
    except ValueError as error:
        raise ConfigError(
            f"reference_date: expected a date (2026-01-31), found {told!r}"
        ) from error
    dates = ", ".join(each.isoformat() for each in follow_up_dates(start, schedule))
    yield "follow_up_calendar", f"Visits: {dates}."
