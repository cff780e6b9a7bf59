"""The evaluation kit: one case, then a cohort, from masks and, where there are any, result.json.

Lesion figures use matching.py; a lesion's size is that of the truth, so that sensitivity by size
does not depend on the prediction.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oligocount.domain.volume import LabelMap
from oligocount.errors import GeometryError
from oligocount.geometry.ball import ball_diameter_mm
from oligocount.learn.intervals import Interval, bootstrap, wilson
from oligocount.learn.matching import Matching, match_lesions
from oligocount.learn.overlap import VoxelScore, voxel_score

SIZE_EDGES_MM = (0.0, 6.0, 10.0, 20.0, math.inf)  # 6 and 10 mm are what the aims are stated for
MIN_IOU = 0.1
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionScore:
    """One true lesion: its size as the diameter of a sphere, where it is, whether it was found.

    `doubted`: found only when equivocal foci count too. `dice`: of its volume and that of the
    lesion that found it, None where none did.
    """

    label: int
    diameter_mm: float
    site: str | None
    found: bool
    touched: bool
    doubted: bool = False
    dice: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseScore:
    """All that is measured of one patient."""

    case_id: str
    voxels: VoxelScore
    lesions: tuple[LesionScore, ...]
    n_predicted: int
    n_false: int
    n_false_untouching: int
    n_false_doubts: int = 0
    agreement: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    verdicts: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def count_error(self) -> int:
        """Predicted minus true number of lesions."""
        return self.n_predicted - len(self.lesions)


def score_case(
    case_id: str,
    truth: LabelMap,
    predicted: LabelMap,
    *,
    true_record: Record | None = None,
    predicted_record: Record | None = None,
) -> CaseScore:
    """One patient's scores from instance maps on one grid.

    Records (result.json or truth.json) add site agreement of matched lesions, and verdicts. Foci
    that they call physiologic are left out; equivocal ones, which the reported count leaves out
    too, are told apart. Raises GeometryError for different grids.
    """
    if not truth.geometry.is_same_grid(predicted.geometry, tolerance_mm=0.1):
        raise GeometryError(f"{case_id}: truth and prediction lie on different grids")
    true_array = _without(truth, _foci(true_record, kind="physiologic"))
    with_doubts = _without(predicted, _foci(predicted_record, kind="physiologic"))
    doubts = _foci(predicted_record, status="equivocal")
    predicted_array = np.where(np.isin(with_doubts, doubts), 0, with_doubts)
    volume_ml = truth.geometry.voxel_volume_ml
    matching = match_lesions(true_array, predicted_array, min_iou=MIN_IOU)
    doubtful = match_lesions(true_array, with_doubts, min_iou=MIN_IOU)
    sites = {one["id"]: one.get("organ") for one in _lesions(true_record)}
    n_predicted = len(matching.pairs) + len(matching.false)
    return CaseScore(
        case_id=case_id,
        voxels=voxel_score(true_array > 0, predicted_array > 0, volume_ml),
        lesions=_lesion_scores(true_array, matching, doubtful, sites, volume_ml),
        n_predicted=n_predicted,
        n_false=len(matching.false),
        n_false_untouching=n_predicted - len(matching.touched_predicted),
        n_false_doubts=len(set(doubtful.false) & set(doubts)),
        agreement=_agreement(doubtful, true_record, predicted_record),
        verdicts=_verdicts(true_record, predicted_record),
    )


def summarise(cases: Sequence[CaseScore]) -> dict[str, Any]:
    """A cohort's figures with 95 % intervals, ready for JSON."""
    lesions = [one for case in cases for one in case.lesions]
    found, predicted = sum(one.found for one in lesions), sum(c.n_predicted for c in cases)
    exact = sum(case.count_error == 0 for case in cases)
    return {
        "rules": {"match": f"one to one, IoU >= {MIN_IOU:g}", "connectivity": 18},
        "n_cases": len(cases),
        "n_lesions": len(lesions),
        "sensitivity": _share(found, len(lesions)),
        "sensitivity_with_doubts": _share(
            sum(one.found or one.doubted for one in lesions), len(lesions)
        ),
        "sensitivity_touch": _share(sum(one.touched for one in lesions), len(lesions)),
        "precision": _share(found, predicted),
        "f1": _mean(cases, _f1),
        "false_per_case": _mean(cases, lambda some: _average([c.n_false for c in some])),
        "false_doubts_per_case": _mean(
            cases, lambda some: _average([c.n_false_doubts for c in some])
        ),
        "dice": _mean(cases, lambda some: _average([c.voxels.dice for c in some])),
        "dice_of_found": _mean(cases, _drawn),
        "false_positive_ml": _mean(
            cases, lambda some: _average([c.voxels.false_positive_ml for c in some])
        ),
        "false_negative_ml": _mean(
            cases, lambda some: _average([c.voxels.false_negative_ml for c in some])
        ),
        "count_exact": _share(exact, len(cases)),
        "count_error": _mean(cases, lambda some: _average([c.count_error for c in some])),
        "by_size_mm": {name: _found(some) for name, some in _by_size(lesions).items()},
        "by_site": {name: _found(some) for name, some in _by_site(lesions).items()},
        "agreement": _total_agreement(cases),
        "verdicts": _confusion(cases),
    }


def _foci(record: Record | None, **said: str) -> list[int]:
    """The ids of foci of which the record says so."""
    return [
        one["id"]
        for one in _lesions(record)
        if all(one.get(key) == value for key, value in said.items())
    ]


def _without(labels: LabelMap, left_out: Sequence[int]) -> np.ndarray:
    return np.where(np.isin(labels.array, left_out), 0, labels.array)


def _lesions(record: Record | None) -> list[Record]:
    return list(record.get("lesions", ())) if record else []


def _lesion_scores(
    array: np.ndarray,
    matching: Matching,
    doubtful: Matching,
    sites: Mapping[int, str | None],
    volume_ml: float,
) -> tuple[LesionScore, ...]:
    sizes = np.bincount(array.ravel())
    found = {label for label, _ in matching.pairs}
    seen = {label for label, _ in doubtful.pairs}
    return tuple(
        LesionScore(
            label=label,
            diameter_mm=ball_diameter_mm(sizes[label] * volume_ml),
            site=sites.get(label),
            found=label in found,
            touched=label in matching.touched_truth,
            doubted=label in seen and label not in found,
            dice=matching.dice.get(label),
        )
        for label in sorted([*found, *matching.missed])
    )


_AGREED: dict[str, Callable[[Record], Any]] = {
    "organ": lambda one: one.get("organ"),
    "side": lambda one: one.get("side"),
    "station": lambda one: (one.get("station") or {}).get("ajcc8"),
    "nodal_class": lambda one: one.get("nodal_class"),
}


def _agreement(
    matching: Matching, true_record: Record | None, predicted_record: Record | None
) -> dict[str, tuple[int, int]]:
    """For each part of the site: (agreeing, compared) matched lesions whose truth states it.

    A side counts where both state one: a liver has none in one vocabulary and a right in another.
    """
    truth = {one["id"]: one for one in _lesions(true_record)}
    said = {one["id"]: one for one in _lesions(predicted_record)}
    both = [(truth[t], said[p]) for t, p in matching.pairs if t in truth and p in said]
    out = {}
    for name, value in _AGREED.items():
        told = [(value(t), value(p)) for t, p in both if value(t) is not None]
        known = [pair for pair in told if name != "side" or pair[1] is not None]
        out[name] = (sum(a == b for a, b in known), len(known))
    return out


def _verdicts(
    true_record: Record | None, predicted_record: Record | None
) -> dict[str, tuple[str, str]]:
    truth = (true_record or {}).get("verdicts", {})
    said = (predicted_record or {}).get("verdicts", {})
    return {
        name: (str(truth[name].get("decision")), str(said[name].get("decision")))
        for name in truth
        if name in said
    }


def _share(hits: int, trials: int) -> dict[str, Any]:
    value = hits / trials if trials else None
    return {"value": value, "ci95": wilson(hits, trials), "hits": hits, "of": trials}


def _mean(cases: Sequence[CaseScore], statistic: Any) -> dict[str, Any]:
    interval: Interval | None = bootstrap(cases, statistic)
    return {"value": statistic(cases), "ci95": interval}


def _average(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _f1(cases: Sequence[CaseScore]) -> float | None:
    found = sum(one.found for case in cases for one in case.lesions)
    total = sum(len(case.lesions) + case.n_predicted for case in cases)
    return 2 * found / total if total else None


def _drawn(cases: Sequence[CaseScore]) -> float | None:
    """How well the lesions that are found are drawn, each for itself."""
    return _average([one.dice for case in cases for one in case.lesions])


def _found(lesions: Sequence[LesionScore]) -> dict[str, Any]:
    return _share(sum(one.found for one in lesions), len(lesions))


def _by_size(lesions: Sequence[LesionScore]) -> dict[str, list[LesionScore]]:
    return {
        f"{low:g}-{high:g}": [one for one in lesions if low <= one.diameter_mm < high]
        for low, high in itertools.pairwise(SIZE_EDGES_MM)
    }


def _by_site(lesions: Sequence[LesionScore]) -> dict[str, list[LesionScore]]:
    sites = sorted({one.site for one in lesions if one.site})
    return {site: [one for one in lesions if one.site == site] for site in sites}


def _total_agreement(cases: Sequence[CaseScore]) -> dict[str, Any]:
    hits: Counter[str] = Counter()
    trials: Counter[str] = Counter()
    for case in cases:
        for name, (hit, compared) in case.agreement.items():
            hits[name] += hit
            trials[name] += compared
    return {name: _share(hits[name], trials[name]) for name in trials}


def _confusion(cases: Sequence[CaseScore]) -> dict[str, dict[str, int]]:
    """For each definition: how often "truth -> said" occurred."""
    out: dict[str, Counter[str]] = {}
    for case in cases:
        for name, (truth, said) in case.verdicts.items():
            out.setdefault(name, Counter())[f"{truth} -> {said}"] += 1
    return {name: dict(sorted(counter.items())) for name, counter in out.items()}
