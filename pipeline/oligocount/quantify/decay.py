"""From injected to present activity: the three ways of (0054,1102) Decay Correction.

START: all slices refer to one moment (`clock`); the dose decays from injection to it.
ADMIN: slices refer to the injection; the dose stays.
NONE: each slice is what was measured: it is brought from its mean over the frame back to the
injection, exp(lambda (t_acq - t_inj)) x lambda T / (1 - exp(-lambda T)) (Vacha et al., SUV manual).
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import SliceTiming, Tracer
from oligocount.errors import MissingTag
from oligocount.quantify.clock import (
    ACQUISITION_TAGS,
    FRAME_TAGS,
    decay_reference,
    injection,
    mean_count_time_s,
)
from oligocount.quantify.step import Step
from oligocount.settings_quantify import ClockSettings

_CORRECTION = "0054,1102"


def decay_factors(
    tracer: Tracer, half_life: Step[float], clock: ClockSettings
) -> Step[tuple[float, ...]]:
    """By what `activity / injected dose` is multiplied: one factor, or one a slice of the tracer.

    Raises MissingTag or QuantificationError where times do not allow it.
    """
    kind = tracer.decay_correction
    if kind == "ADMIN":
        return Step(value=(1.0,), rule="ADMIN", tags=(_CORRECTION,), caveats=_flags(tracer))
    if kind == "START":
        return _to_start(tracer, half_life, clock)
    if kind == "NONE":
        return _to_each_slice(tracer, half_life, clock)
    raise MissingTag(f"(0054,1102) Decay Correction: found {kind!r}, expected START, ADMIN or NONE")


def _to_start(
    tracer: Tracer, half_life: Step[float], clock: ClockSettings
) -> Step[tuple[float, ...]]:
    reference = decay_reference(tracer, half_life.value, clock)
    injected = injection(tracer, reference.value, half_life.value, clock)
    factor = _growth(reference.value - injected.value, half_life.value)
    return Step(
        value=(factor,),
        rule=f"START/{reference.rule}/{injected.rule}",
        tags=(_CORRECTION, *half_life.tags, *reference.tags, *injected.tags),
        caveats=(*half_life.caveats, *reference.caveats, *injected.caveats, *_flags(tracer)),
    )


def _to_each_slice(
    tracer: Tracer, half_life: Step[float], clock: ClockSettings
) -> Step[tuple[float, ...]]:
    starts = _frame_starts(tracer.slices)
    injected = injection(tracer, min(starts), half_life.value, clock)
    factors = tuple(
        _growth(at - injected.value, half_life.value) * _over_frame(one, half_life.value)
        for at, one in zip(starts, tracer.slices, strict=True)
    )
    return Step(
        value=factors[:1] if max(factors) - min(factors) < 1e-9 else factors,
        rule=f"NONE/acquisition times/{injected.rule}",
        tags=(_CORRECTION, *half_life.tags, *ACQUISITION_TAGS, FRAME_TAGS[1], *injected.tags),
        caveats=(*half_life.caveats, *injected.caveats, *_flags(tracer)),
    )


def _frame_starts(slices: Sequence[SliceTiming]) -> list[datetime]:
    """When each slice's frame began.

    GE writes one acquisition time in all beds; then (0054,1300) Frame Reference Time, whatever
    it is counted from, says how much later than the first each bed began.
    """
    starts = [one.acquisition for one in slices if one.acquisition is not None]
    if not starts or len(starts) < len(slices):
        raise MissingTag(
            "(0008,0032) Acquisition Time: absent in some slices; decay correction NONE needs it"
        )
    references = [one.reference_s for one in slices if one.reference_s is not None]
    if len(set(starts)) > 1 or len(references) < len(slices):
        return starts
    return [starts[0] + timedelta(seconds=each - min(references)) for each in references]


def _growth(elapsed: timedelta, half_life_s: float) -> float:
    return math.exp(math.log(2) / half_life_s * elapsed.total_seconds())


def _over_frame(one: SliceTiming, half_life_s: float) -> float:
    if not one.duration_s or one.duration_s < 0:
        raise MissingTag(
            "(0018,1242) Actual Frame Duration: absent; decay correction NONE needs it"
        )
    mean = timedelta(seconds=mean_count_time_s(one.duration_s, half_life_s))
    return _growth(mean, half_life_s)


def _flags(tracer: Tracer) -> tuple[Caveat, ...]:
    """(0028,0051) Corrected Image should say DECY exactly where (0054,1102) is not NONE."""
    if not tracer.corrections or (tracer.decay_correction != "NONE") == (
        "DECY" in tracer.corrections
    ):
        return ()
    text = (
        f"(0054,1102) Decay Correction is {tracer.decay_correction} but (0028,0051) Corrected "
        f"Image says {', '.join(tracer.corrections)}; the first was followed"
    )
    return (Caveat(code="DECAY_FLAGS_CONFLICT", text=text),)
