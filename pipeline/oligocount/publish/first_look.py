"""What a reader sees first: the answers side by side, and the lesions that would change them."""

from collections.abc import Mapping, Sequence
from typing import Any

from oligocount.domain.report import Decision

COLUMNS = (Decision.NOT_OLIGO.value, Decision.INDETERMINATE.value, Decision.OLIGO.value)


def answer_rows(verdicts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a definition with a cell a decision of COLUMNS, from the worst to the best.

    `cells` is None where an answer is none of the columns: it is then told in words.
    """
    return [{"name": name, **each, "cells": _cells(each)} for name, each in verdicts.items()]


def first_lesions(
    document: Mapping[str, Any], lesions: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The lesions that decide, in the order to look at them, each with what it changes.

    `flips` holds pairs: the other lesions that would have to be read otherwise together with
    this one, and the decisions that follow by definition. Each of `others` is a set of its own.
    """
    known = {each["id"]: each for each in lesions}
    return [
        {**known[number], "flips": _flips(number, document["decision_critical_sets"])}
        for number in document["decision_critical_lesions"]
        if number in known
    ]


def _flips(number: int, sets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the sets with this lesion change; those that change the same stand together."""
    found: list[dict[str, Any]] = []
    for each in sets:
        if number not in each["lesions"]:
            continue
        others = [other for other in each["lesions"] if other != number]
        same = next((one for one in found if others and one["to"] == each["flips"]), None)
        if same and same["others"]:
            same["others"].append(others)
        else:
            found.append({"others": [others] if others else [], "to": each["flips"]})
    return found


def _cells(verdict: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    ends = [verdict["worst"], verdict["best"]]
    if any(each not in COLUMNS for each in (*ends, verdict["decision"])):
        return None
    low, high = sorted(COLUMNS.index(each) for each in ends)
    is_open = low != high
    return [
        {
            "decision": name,
            "is_answer": name == verdict["decision"],
            "is_worst": is_open and name == verdict["worst"],
            "is_best": is_open and name == verdict["best"],
            "reach": "".join(
                side
                for side, reaches in (("l", low < n <= high), ("r", low <= n < high))
                if reaches
            ),
        }
        for n, name in enumerate(COLUMNS)
    ]
