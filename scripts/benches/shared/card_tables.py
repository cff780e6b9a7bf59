"""The tables of the accuracy card, one segmenter beside the other, as markdown."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from oligocount.learn.calibrate import reliability
from oligocount.learn.evaluate import CaseScore, LesionScore, summarise
from oligocount.learn.intervals import wilson
from oligocount.learn.overlap import VoxelScore

OPPOSITE = {"OLIGO", "NOT_OLIGO"}
Case = Mapping[str, Any]
_FIGURES = {
    "sensitivity": "lesions found",
    "sensitivity_with_doubts": "found, doubts too",
    "sensitivity_touch": "touched at all",
    "precision": "precision",
    "false_per_case": "false lesions a case",
    "false_doubts_per_case": "false doubts a case",
    "dice": "Dice",
    "dice_of_found": "Dice of each lesion found",
}
_AGREED = {
    "organ": "organ right",
    "nodal_class": "regional or not right",
    "station": "station right",
    "side": "side right",
}
_VISIBLE_MM = ((6, 10), (10, 20), (20, np.inf), (10, np.inf))
_TOLD = 12  # causes named


def print_card(cases: Sequence[Case], names: Sequence[str]) -> None:
    """Every table; the first name is ours."""
    found = {name: [one[name] for one in cases] for name in names}
    some = [summarise([restored(one["score"]) for one in held]) for held in found.values()]
    print(f"| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    for key, title in _FIGURES.items():
        _row(title, [_said(one[key]) for one in some])
    for title, key in (("found, {} mm", "by_size_mm"), ("found, {}", "by_site")):
        for part in some[0][key]:
            _row(title.format(part), [_said(one[key].get(part)) for one in some])
    for low, high in _VISIBLE_MM:
        title = f"found, SUVmax 2 x around, {low}-{high} mm"
        _row(title, [share(_seen(held, low, high)) for held in found.values()])
    for key, title in _AGREED.items():
        _row(title, [_said(one["agreement"].get(key)) for one in some])
    _counts(list(found.values()))
    _verdicts(list(found.values()))
    _reader_load(list(found.values()))
    ours = found[names[0]]
    for key in ("false", "missed"):
        told = Counter(f"{cause} ({what})" for case in ours for what, cause, *_ in case[key])
        print(f"\n{key}: " + ", ".join(f"{n} {cause}" for cause, n in told.most_common(_TOLD)))
    _calibration(ours)


def _seen(cases: Sequence[Case], low_mm: float, high_mm: float) -> list[bool]:
    """Whether each lesion of that size that stands out was found."""
    return [
        one["found"]
        for case in cases
        for one in case["score"]["lesions"]
        if one["label"] in case["visible"] and low_mm <= one["diameter_mm"] < high_mm
    ]


def _counts(found: Sequence[Sequence[Case]]) -> None:
    """How far the distant count lies from the truth, and whether its ranges hold it."""
    holds: dict[str, Callable[[Case], bool]] = {
        "distant count exact": lambda one: one["n"] == one["n_true"],
        "distant count off by one at most": lambda one: abs(one["n"] - one["n_true"]) <= 1,
        "true count within doubts (N_low to N_high)": lambda one: (
            one["n_low"] <= one["n_true"] <= one["n_high"]
        ),
    }
    for title, is_so in holds.items():
        _row(title, [share([is_so(one) for one in some]) for some in found])
    ranges = [[one for one in some if one["over_settings"]] for some in found]
    title = "true count within the range over settings"
    _row(title, [share([one["over_settings"][0] <= one["n_true"] <= one["over_settings"][1]
                        for one in some]) for some in ranges])  # fmt: skip
    title = "true count within both together"
    _row(title, [share([min(one["over_settings"][0], one["n_low"]) <= one["n_true"]
                        <= max(one["over_settings"][1], one["n_high"]) for one in some])
                 for some in ranges])  # fmt: skip
    errors = [[one["n"] - one["n_true"] for one in some] for some in found]
    _row("count error, mean (absolute)",
         [f"{np.mean(some):+.2f} ({np.mean(np.abs(some)):.2f})" for some in errors])  # fmt: skip


def _verdicts(found: Sequence[Sequence[Case]]) -> None:
    """For each definition: how often same, opposite, open; and the confusion of each."""
    for name in found[0][0]["score"]["verdicts"]:
        pairs = [[one["score"]["verdicts"][name] for one in some] for some in found]
        for title, holds in (
            ("same", lambda true, said: true == said),
            ("opposite", lambda true, said: {true, said} == OPPOSITE),
            ("INDETERMINATE", lambda _true, said: said == "INDETERMINATE"),
        ):
            _row(f"{name} {title}", [share([holds(*pair) for pair in some]) for some in pairs])
        told = [Counter(f"{true} → {said}" for true, said in some) for some in pairs]
        _row(f"{name} truth → told", [_listed(one) for one in told])


def _listed(told: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in sorted(told.items()))


def _reader_load(found: Sequence[Sequence[Case]]) -> None:
    """What a reader would have to look at in a case: median and most."""
    for title in found[0][0]["to_look_at"]:
        loads = [[one["to_look_at"][title] for one in some] for some in found]
        _row(f"{title}, median (most)", [f"{np.median(one):g} ({max(one)})" for one in loads])


def _calibration(cases: Sequence[Case]) -> None:
    chances = [one for case in cases for one in case["chances"]]
    if not chances:
        return
    print("\n| chance told | share that is a lesion | foci |\n|---|---|---|")
    for one in reliability([p for p, _ in chances], [bool(hit) for _, hit in chances]):
        print(f"| {one['predicted']:.2f} | {one['observed']:.2f} | {one['n']} |")


def share(holds: Sequence[bool]) -> str:
    """A proportion with its 95 % interval."""
    return _said({"value": np.mean(holds), "ci95": wilson(sum(holds), len(holds)),
                  "hits": sum(holds), "of": len(holds)} if holds else None)  # fmt: skip


def _said(one: Mapping[str, Any] | None) -> str:
    if one is None or one["value"] is None:
        return "-"
    interval = f" ({one['ci95'][0]:.2f} to {one['ci95'][1]:.2f})" if one.get("ci95") else ""
    return f"{one['value']:.2f}{interval}" + (f" {one['hits']}/{one['of']}" if "of" in one else "")


def _row(title: str, cells: Sequence[str]) -> None:
    print(f"| {title:<42} | " + " | ".join(f"{cell:<30}" for cell in cells) + " |")


def restored(told: Mapping[str, Any]) -> CaseScore:
    """A score from its plain form."""
    return CaseScore(
        **{
            **told,
            "voxels": VoxelScore(**told["voxels"]),
            "lesions": tuple(LesionScore(**one) for one in told["lesions"]),
        }
    )
