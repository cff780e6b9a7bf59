"""Rigid registration of MR into the frame of the PET/CT: Mattes mutual information.

A coarse search over positions and pitches (`register_search`) gives several starts; each is refined
(`register_refine`), and the best is refined again from disturbed starts; the move is the middle of
those runs that agree (`register_repeat`). Nothing is believed where they scatter, where too little
information is shared, or where a rival is nearly as good: another place, or the MR turned over.
"""

import numpy as np
from numpy.typing import NDArray

from oligocount.domain.registration import Move, MoveSource, Registration
from oligocount.domain.volume import Geometry, Unit, Volume
from oligocount.geometry.affine import axial_grid, regrid
from oligocount.geometry.resample import resample_volume
from oligocount.quantify.register_refine import refined
from oligocount.quantify.register_repeat import Agreement, agreed, repeated
from oligocount.quantify.register_rivals import rivalry, turn_deg, turned_over
from oligocount.quantify.register_search import (
    Pair,
    Probe,
    foreground,
    nudges,
    search,
)
from oligocount.settings_quantify import RegisterSettings

_AIR_HU = -1000.0


def register(
    mr: Volume, onto: Volume, settings: RegisterSettings, *, around: Geometry | None = None
) -> Registration:
    """The rigid move of `mr` into the frame of `onto`, or a refusal with its reason.

    `onto` is a CT in HU or a PET in SUV; `around` is the box of it in which the MR must lie (the
    head, the liver); without it the whole of `onto` is searched.
    """
    pair = make_pair(mr, onto, around, settings)
    probe = Probe(pair, settings, settings.search_samples)
    starts = search(pair, probe, settings)
    if not starts:
        return _refused("nowhere do the two images overlap enough")
    judge = Probe(pair, settings, settings.judge_samples)
    tried = [refined(pair, one.matrix, settings, quick=True) for one in starts]
    rough = max(tried, key=lambda each: judge.score(each.matrix))
    first = refined(pair, rough.matrix, settings)
    agreement = agreed(pair, repeated(pair, first, settings), judge, settings)
    rivals = [*tried, *turned_over(pair, probe, agreement.fit, settings)]
    rival = rivalry(pair, agreement.fit, rivals, judge, settings)
    return _judged(pair, agreement, rival, settings)


def better_beside(mr: Volume, onto: Volume, settings: RegisterSettings) -> float:
    """How much better the images agree some centimetres beside where `mr` stands: 1 is no better.

    `onto` may be another MR. A look at the image content of what claims one frame of reference;
    nan where they hardly overlap or share too little information anywhere near.
    """
    probe = Probe(make_pair(mr, onto, None, settings), settings, settings.judge_samples)
    here = probe.score(np.eye(4))
    beside = max(
        probe.start(np.eye(3), shift).score
        for step in (1, 2)
        for shift in nudges(step * settings.search_step_mm)
    )
    if not np.isfinite(here) or beside < settings.min_information:
        return float("nan")
    return beside / max(here, 1e-6)


def make_pair(
    mr: Volume, onto: Volume, around: Geometry | None, settings: RegisterSettings
) -> Pair:
    """Both images on isotropic grids, intensities tamed."""
    step = (settings.spacing_mm,) * 3
    small = resample_volume(mr, regrid(mr.geometry, step), outside=0.0)
    outside = _AIR_HU if onto.unit is Unit.HU else 0.0
    grid = axial_grid(around or onto.geometry, step)
    large = resample_volume(onto, grid, outside=outside)
    return Pair(
        mr=Volume(array=_tamed(small, settings), unit=mr.unit, geometry=small.geometry),
        onto=Volume(array=_tamed(large, settings), unit=onto.unit, geometry=grid),
        mask=foreground(small.array, settings, spacing_mm=settings.spacing_mm),
    )


def _tamed(image: Volume, settings: RegisterSettings) -> NDArray[np.floating]:
    """CT in its window, PET by its logarithm, MR up to its bright end."""
    array = image.array
    if image.unit is Unit.HU:
        return np.clip(array, settings.window_hu[0], settings.window_hu[1])
    if image.unit in (Unit.ARBITRARY, Unit.ADC):
        top = float(np.percentile(array[array > 0], 99)) if (array > 0).any() else 1.0
        return np.clip(array, 0, top)
    logarithm: NDArray[np.floating] = np.log1p(np.clip(array, 0, settings.max_suv))
    return logarithm


def _judged(
    pair: Pair, agreement: Agreement, rival: float, settings: RegisterSettings
) -> Registration:
    best, spread_mm = agreement.fit, agreement.spread_mm
    is_pet = pair.onto.unit is not Unit.HU
    most_mm = settings.max_spread_pet_mm if is_pet else settings.max_spread_mm
    information, overlap = -best.cost, pair.overlap(best.matrix)
    angle_deg = turn_deg(best.matrix[:3, :3])
    reason = ""
    if overlap < settings.min_overlap:
        reason = f"only {overlap:.0%} of the MR lies within the other image"
    elif information < settings.min_information:
        reason = f"the images share too little information ({information:.2f})"
    elif angle_deg > settings.max_turn_deg:
        reason = f"the MR would have to be turned by {angle_deg:.0f} degrees"
    elif rival > settings.max_rivalry:
        reason = f"another place or the MR turned over fits {rival:.0%} as well"
    elif spread_mm > most_mm:
        reason = f"repeated runs end up to {spread_mm:.1f} mm apart"
    told = (
        f"information {information:.2f}, repeated within {spread_mm:.1f} mm, overlap {overlap:.0%}"
    )
    move = None
    if not reason:
        move = Move(
            matrix=best.matrix,
            source=MoveSource.REGISTERED,
            uncertainty_mm=settings.least_uncertainty_mm,
            repeats=tuple(one.matrix for one in agreement.runs if np.isfinite(one.cost)),
        )
    return Registration(
        move=move,
        information=information,
        spread_mm=spread_mm,
        overlap=overlap,
        rivalry=rival,
        reason=reason or told,
    )


def _refused(reason: str) -> Registration:
    return Registration(
        move=None, information=0.0, spread_mm=float("inf"), overlap=0.0, rivalry=0.0, reason=reason
    )
