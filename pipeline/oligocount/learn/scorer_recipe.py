"""From training samples to a scorer in a bundle: rows of candidates, a fit, a calibration."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from oligocount.errors import InputError
from oligocount.inference.scorer import Scorer, load_scorer
from oligocount.learn.calibrate import reliability
from oligocount.learn.candidate_rows import (
    CandidateRows,
    FindSpots,
    MapOrgans,
    RowSettings,
    candidate_rows,
    read_rows,
    write_rows,
)
from oligocount.learn.export import copy_bundle, write_scorer
from oligocount.learn.forest_training import MoreSettings
from oligocount.learn.planting import PlantSettings
from oligocount.learn.samples import read_sample
from oligocount.learn.scorer_further import further
from oligocount.learn.scorer_training import (
    ScorerSettings,
    calibrated,
    fit_scorer,
    scorer_config,
)
from oligocount.segment.spots import FEATURES
from oligocount.segment.strain import in_large_muscle

_LOG = logging.getLogger(__name__)
_CALIBRATED_ON = 7  # every 7th patient is kept from the fit


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerTools:
    """How organs are drawn and spots found while rows are made."""

    map_organs: MapOrgans
    find: FindSpots


def prepare_rows(
    samples: Path,
    rows: Path,
    tools: ScorerTools,
    *,
    views: int = 1,
    seed: int = 0,
    settings: RowSettings | None = None,
) -> None:
    """`rows` holds a file for each sample and view; those there are kept.

    Patients that will calibrate are seen whole and without planted lesions: a probability has to
    hold for as many lesions among as many spots as patients have.

    Raises InputError for a folder without samples.
    """
    files = sorted(samples.glob("*.npz"))
    if not files:
        raise InputError(f"{samples}: no training samples (*.npz)")
    learns = settings or RowSettings()
    calibrates = replace(learns, crop=0.0, plant=PlantSettings(mean_count=0.0))
    for view in range(views):
        for number, file in enumerate(files):
            out = rows / f"{file.stem}_{view}.npz"
            if out.is_file():
                continue
            rng = np.random.default_rng((seed, number, view))
            seen = calibrates if _is_kept(number) else learns
            found = candidate_rows(read_sample(file), tools.map_organs, tools.find, rng, seen)
            write_rows(found, out)
            _LOG.info("%s: %d candidates, %d lesions", out.name, len(found.rows),
                      int(found.is_lesion.sum()))  # fmt: skip


def train_scorer(
    rows: Path,
    start: Path,
    out: Path,
    *,
    version: str,
    min_probability: float,
    settings: ScorerSettings | None = None,
    more: MoreSettings | None = None,
) -> dict[str, Any]:
    """The bundle `start` lies in `out` with a scorer fitted to the rows; returns its figures.

    With `more` it is the scorer of `start` with trees that correct it. Every seventh patient is
    kept from the fit and calibrates it. Raises InputError for too few patients, or no scorer there.
    """
    chosen = settings or ScorerSettings()
    files = sorted(rows.glob("*.npz"))
    patients = sorted({file.stem.rsplit("_", 1)[0] for file in files})
    kept = {name for number, name in enumerate(patients) if _is_kept(number)}
    if not kept:
        raise InputError(f"{rows}: {len(patients)} patient(s), and a scorer needs 8 or more")
    split = [file.stem.rsplit("_", 1)[0] in kept for file in files]
    learn = read_rows([f for f, held in zip(files, split, strict=True) if not held])
    check = read_rows([f for f, held in zip(files, split, strict=True) if held])
    for part in (learn, check):
        if part.is_lesion.all() or not part.is_lesion.any():
            raise InputError(
                f"{rows}: a scorer needs lesions and other spots in 8 patients or more"
            )
    learn = _with_less_strain(learn, chosen)
    scorer = (
        fit_scorer(learn.rows, learn.is_lesion, FEATURES, chosen)
        if more is None
        else _learned_on(start, learn, more)
    )
    columns = [FEATURES.index(name) for name in scorer.features]
    logits = scorer.logits(taken(check.rows, columns))
    scorer = calibrated(scorer, logits, check.is_lesion.tolist(), min_probability=min_probability)
    figures = _figures(scorer, learn, check, columns)
    copy_bundle(start, out)
    definition = scorer_config(len(scorer.features), chosen)
    write_scorer(out, scorer, definition, version=version, more=figures)
    return figures


def _learned_on(start: Path, learn: CandidateRows, settings: MoreSettings) -> Scorer:
    """The scorer of a bundle, with trees more. Raises InputError where it has none."""
    old = load_scorer(start)
    if old is None:
        raise InputError(f"{start}: it holds no scorer that could learn on")
    names = (*old.features, *(name for name in FEATURES if name not in old.features))
    columns = [FEATURES.index(name) for name in names]
    return further(old, taken(learn.rows, columns), learn.is_lesion, names, settings)


def _with_less_strain(rows: CandidateRows, settings: ScorerSettings) -> CandidateRows:
    """The rows with a share of the large spots in muscle that are no lesion.

    Phantoms strain their muscles far more often than patients: a scorer that sees it all learns
    that what is large and warm in a thigh is no tumour.
    """
    strain = in_large_muscle(rows.rows, settings.strain_min_ml) & ~rows.is_lesion
    chance = np.random.default_rng(settings.seed).random(len(strain))
    kept = ~strain | (chance < settings.strain_share)
    return replace(rows, rows=rows.rows[kept], is_lesion=rows.is_lesion[kept])


def _is_kept(number: int) -> bool:
    return number % _CALIBRATED_ON == _CALIBRATED_ON // 2


def taken(rows: NDArray[np.float32], columns: Sequence[int]) -> NDArray[np.float32]:
    """Some columns of the rows, in one piece of memory."""
    return np.ascontiguousarray(rows[:, list(columns)])


def _figures(
    scorer: Scorer, learn: CandidateRows, check: CandidateRows, columns: Sequence[int]
) -> dict[str, Any]:
    chances = scorer.chances(taken(check.rows, columns))
    return {
        "learned_from": {"candidates": len(learn.rows), "lesions": int(learn.is_lesion.sum())},
        "calibrated_on": {"candidates": len(check.rows), "lesions": int(check.is_lesion.sum())},
        "reliability": reliability(chances.tolist(), check.is_lesion.tolist()),
    }
