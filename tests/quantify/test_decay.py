"""The three decay corrections agree on one physical truth."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligocount.domain.study import SliceTiming
from oligocount.errors import MissingTag
from oligocount.quantify.decay import decay_factors
from oligocount.quantify.step import Step
from oligocount.settings_quantify import ClockSettings
from quantify.builders import a_tracer, at

CLOCK = ClockSettings(tolerance_s=2.0, max_uptake_half_lives=6.0, conflict_percent=1.0)
HALF_LIFE = Step(value=6586.2)
DECAY = math.log(2) / 6586.2


def frame(clock: str, reference_s: float | None = None, duration_s: float | None = 300.0):
    return SliceTiming(acquisition=at(clock), duration_s=duration_s, reference_s=reference_s)


@given(duration=st.floats(1.0, 3600.0))
def test_uncorrected_counts_are_integrated_over_their_frame(duration: float) -> None:
    """The mean over a frame, by numerical integration, times the factor, is what was injected."""
    tracer = a_tracer(decay_correction="NONE", slices=(frame("10:15", duration_s=duration),))
    (factor,) = decay_factors(tracer, HALF_LIFE, CLOCK).value
    steps = 2000
    times = [3600 + duration * (n + 0.5) / steps for n in range(steps)]
    mean = sum(math.exp(-DECAY * t) for t in times) / steps
    assert factor * mean == pytest.approx(1.0, rel=1e-5)


def test_corrected_to_injection_needs_no_time_at_all() -> None:
    bare = a_tracer(
        decay_correction="ADMIN", injection=None, injection_time=None, series_start=None, slices=()
    )
    assert decay_factors(bare, HALF_LIFE, CLOCK).value == (1.0,)


def test_ge_beds_with_one_acquisition_time_are_told_apart_by_their_reference_time() -> None:
    slices = (frame("10:15", 606.0), frame("10:15", 303.0), frame("10:15", 0.0))
    factors = decay_factors(
        a_tracer(decay_correction="NONE", slices=slices), HALF_LIFE, CLOCK
    ).value
    assert factors[0] / factors[2] == pytest.approx(math.exp(DECAY * 606))


@pytest.mark.parametrize("stated", [None, "", "DECY", "start"])
def test_an_unknown_decay_correction_is_refused(stated: str | None) -> None:
    with pytest.raises(MissingTag, match="0054,1102"):
        decay_factors(a_tracer(decay_correction=stated), HALF_LIFE, CLOCK)


@pytest.mark.parametrize(
    ("slices", "tag"),
    [((), "0008,0032"), ((frame("10:15"), SliceTiming(duration_s=300.0)), "0008,0032"),
     ((frame("10:15", duration_s=None),), "0018,1242"),
     ((frame("10:15", duration_s=0.0),), "0018,1242")],
)  # fmt: skip
def test_uncorrected_slices_without_their_times_are_refused(slices: tuple, tag: str) -> None:
    with pytest.raises(MissingTag, match=tag):
        decay_factors(a_tracer(decay_correction="NONE", slices=slices), HALF_LIFE, CLOCK)


@pytest.mark.parametrize(
    ("correction", "flags", "is_told"),
    [("START", ("DECY", "ATTN"), False), ("START", ("ATTN",), True), ("START", (), False),
     ("NONE", ("DECY",), True), ("NONE", ("ATTN",), False), ("ADMIN", ("ATTN",), True)],
)  # fmt: skip
def test_flags_that_contradict_the_decay_correction_are_told(
    correction: str, flags: tuple, is_told: bool
) -> None:
    tracer = a_tracer(decay_correction=correction, corrections=flags, slices=(frame("10:15"),))
    codes = [one.code for one in decay_factors(tracer, HALF_LIFE, CLOCK).caveats]
    assert codes == (["DECAY_FLAGS_CONFLICT"] if is_told else [])
