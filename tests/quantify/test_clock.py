"""Which of several times is the decay reference, and which day the injection was."""

import dataclasses
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oligocount.domain.study import SliceTiming, Tracer
from oligocount.errors import QuantificationError
from oligocount.quantify.clock import decay_reference, injection, mean_count_time_s
from oligocount.settings_quantify import ClockSettings
from quantify.builders import a_tracer, at

F18_S = 6586.2
CLOCK = ClockSettings(tolerance_s=2.0, max_uptake_half_lives=6.0, conflict_percent=1.0)
MEAN_S = 149.605  # of a frame of 300 s


def beds(*frames: tuple[str, float | None]) -> tuple[SliceTiming, ...]:
    return tuple(
        SliceTiming(acquisition=at(clock), duration_s=300.0, reference_s=reference)
        for clock, reference in frames
    )


def found(tracer: Tracer) -> tuple[str, str, list[str]]:
    step = decay_reference(tracer, F18_S, CLOCK)
    return f"{step.value:%H:%M:%S}", step.rule, [one.code for one in step.caveats]


GOOD = beds(("10:17", 120 + MEAN_S), ("10:22", 420 + MEAN_S))  # both lead back to 10:15
GE = beds(("10:15", 0.0), ("10:15", 303.0))  # counted to the start of the bed
TRUTH_TABLE = [
    # stated    series    vendor    slices   -> reference, rule, doubts
    (None, "10:15", None, GOOD, "10:15:00", "series time", []),
    (None, "10:15", None, GE, "10:15:00", "series time", []),
    (None, "10:15", "10:15", GE, "10:15:00", "series time", []),
    (None, "10:15", "10:05", GE, "10:15:00", "series time", ["DECAY_REFERENCE_CONFLICT"]),
    (None, "10:05", None, GOOD, "10:05:00", "series time", ["DECAY_REFERENCE_CONFLICT"]),
    (None, "10:45", "10:15", GOOD, "10:15:00", "vendor decay time", ["SERIES_TIME_REWRITTEN"]),
    (None, "10:45", None, GOOD, "10:15:00", "frame reference time", ["SERIES_TIME_REWRITTEN"]),
    (None, "10:45", None, GE, "10:15:00", "earliest acquisition time", ["SERIES_TIME_REWRITTEN"]),
    (None, None, None, GE, "10:15:00", "earliest acquisition time", []),
    (None, None, None, GOOD, "10:15:00", "frame reference time", []),
    (None, "10:15", None, (), "10:15:00", "series time", []),
    ("10:10", "10:45", None, GOOD, "10:10:00", "decay correction date-time",
     ["DECAY_REFERENCE_CONFLICT"]),
    ("10:15", "10:45", None, GOOD, "10:15:00", "decay correction date-time", []),
]  # fmt: skip


@pytest.mark.parametrize("row", TRUTH_TABLE, ids=range(len(TRUTH_TABLE)))
def test_the_decay_reference_follows_the_published_order(row: tuple) -> None:
    stated, series, vendor, slices, clock, rule, doubts = row
    tracer = a_tracer(
        decay_reference=stated and at(stated),
        series_start=series and at(series),
        vendor_reference=vendor and at(vendor),
        slices=slices,
    )
    assert found(tracer) == (clock, rule, doubts)


def test_without_any_time_there_is_no_reference() -> None:
    with pytest.raises(QuantificationError, match="0008,0031"):
        decay_reference(a_tracer(series_start=None, slices=()), F18_S, CLOCK)


def test_a_series_time_rounded_up_by_a_second_is_not_taken_for_rewritten() -> None:
    tracer = a_tracer(series_start=at("10:15:01"), slices=beds(("10:15", None)))
    assert found(tracer) == ("10:15:01", "series time", [])


def test_frame_reference_times_that_disagree_between_beds_are_not_believed() -> None:
    slices = beds(("10:17", 270.0), ("10:22", 270.0))
    assert found(a_tracer(series_start=None, slices=slices))[1] == "earliest acquisition time"


def test_a_frame_reference_time_that_leads_past_the_acquisition_is_not_believed() -> None:
    slices = beds(("10:15", 10.0))
    assert found(a_tracer(series_start=None, slices=slices))[1] == "earliest acquisition time"


def test_a_vendor_date_left_behind_by_deidentification_keeps_its_clock_time() -> None:
    vendor = at("10:14").replace(year=1959)
    tracer = a_tracer(series_start=at("10:45"), vendor_reference=vendor, slices=GE)
    step = decay_reference(tracer, F18_S, CLOCK)
    assert (step.value, step.rule) == (at("10:14"), "vendor decay time on the public date")


def test_a_vendor_clock_just_before_midnight_goes_to_the_nearer_day() -> None:
    tracer = a_tracer(
        series_start=at("00:20", 6),
        vendor_reference=at("23:58").replace(year=1959),
        slices=(SliceTiming(acquisition=at("00:01", 6)),),
    )
    assert decay_reference(tracer, F18_S, CLOCK).value == at("23:58", 5)


def injected(**changes: object) -> tuple[datetime, str, list[str]]:
    reference = changes.pop("reference", at("10:15"))
    step = injection(a_tracer(**changes), reference, F18_S, CLOCK)
    return step.value, step.rule, [one.code for one in step.caveats]


def test_the_full_date_time_is_used_before_the_time() -> None:
    assert injected() == (at("09:15"), "start date-time", [])


def test_two_clock_times_that_differ_are_told() -> None:
    found = injected(injection_time=time(9, 25, tzinfo=UTC))
    assert found == (at("09:15"), "start date-time", ["INJECTION_TIME_CONFLICT"])


def test_a_time_alone_belongs_to_the_day_of_the_scan() -> None:
    assert injected(injection=None) == (at("09:15"), "start time", [])


def test_a_time_after_the_scan_belongs_to_the_day_before() -> None:
    value, rule, _ = injected(
        injection=None, injection_time=time(23, 30, tzinfo=UTC), reference=at("00:30", 6)
    )
    assert (value, rule) == (at("23:30", 5), "start time, day before (midnight)")


@pytest.mark.parametrize("clock", ["10:16", "22:00"])
def test_an_injection_that_leaves_no_plausible_uptake_time_is_refused(clock: str) -> None:
    """10:16 would be 24 h before the scan, 22:00 over 12 h: six half-lives are 11 h."""
    hour, minute = map(int, clock.split(":"))
    with pytest.raises(QuantificationError, match="does not fit"):
        injected(injection=None, injection_time=time(hour, minute, tzinfo=UTC))


def test_an_injection_date_that_cannot_be_right_keeps_its_clock_time_and_is_told() -> None:
    shifted = at("09:15").replace(year=1960)
    value, _, doubts = injected(injection=shifted, injection_time=None)
    assert (value, doubts) == (at("09:15"), ["INJECTION_DATE_SHIFTED"])


def test_a_time_without_a_date_is_refused_for_a_nuclide_of_days() -> None:
    with pytest.raises(QuantificationError, match="a date"):
        injection(a_tracer(injection=None), at("10:15"), 282276.0, CLOCK)


def test_no_injection_time_at_all_is_refused() -> None:
    with pytest.raises(QuantificationError, match="0018,1072"):
        injected(injection=None, injection_time=None)


@given(minutes=st.integers(0, 600), shift_days=st.integers(-40000, 20000))
def test_moving_the_whole_examination_in_time_moves_nothing_else(
    minutes: int, shift_days: int
) -> None:
    reference = at("10:15")
    shift = timedelta(days=shift_days)
    tracer = a_tracer(injection=reference - timedelta(minutes=minutes), injection_time=None)
    moved = dataclasses.replace(tracer, injection=tracer.injection + shift)
    one = injection(tracer, reference, F18_S, CLOCK)
    two = injection(moved, reference + shift, F18_S, CLOCK)
    assert two.value - one.value == shift


def test_the_mean_count_time_of_a_short_frame_is_its_middle_and_of_a_long_one_earlier() -> None:
    assert mean_count_time_s(0.0, F18_S) == 0
    assert mean_count_time_s(60.0, F18_S) == pytest.approx(30.0, abs=0.05)
    assert mean_count_time_s(603.0, F18_S) == pytest.approx(300.0, abs=0.2)  # IBSI object 3_2
    assert mean_count_time_s(3 * F18_S, F18_S) < 1.5 * F18_S
