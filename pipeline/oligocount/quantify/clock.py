"""When the tracer was injected and to when the activity is decay-corrected.

Published rules conflict; here is the order taken, and why. For (0054,1102) START:

0. (0018,9701) Decay Correction DateTime, where the header has it: it states the answer.
1. Series Date and Time, unless later than the earliest acquisition. PS3.3 C.8.9.1 makes it the
   reference; QIBA's first choice. Later than the acquisition means rewritten by processing.
2. The vendor's own record: GE (0009,100D), Siemens (0071,1022). QIBA's second choice. The IBSI
   manual would put GE's first; where both stand and agree the order does not matter, and where
   they disagree the doubt is told.
3. Acquisition time + time of mean count rate - (0054,1300) Frame Reference Time, where every
   slice gives the same answer and it is not after the earliest acquisition. QIBA's last choice,
   the IBSI manual's first: some GE models write the start of the bed here and others 0, so it
   is believed only where it agrees with itself (reference object 3_2 needs it before 4).
4. The earliest acquisition (QIBA's third choice; below 3 because slices may be missing).

Where 2 or 3 would move SUV against the one taken by more than the setting, a caveat tells it.

Injection: (0018,1078) Start DateTime before (0018,1072) Start Time, which has no date. A time
alone is put on the day of the reference, or on the day before when it would lie after it
(midnight). A date-time whose day cannot be right (shifted by de-identification) keeps its
clock time only, with a caveat. Longer than the set number of half-lives is refused.
"""

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from oligocount.domain.provenance import Caveat
from oligocount.domain.study import Tracer
from oligocount.errors import QuantificationError
from oligocount.quantify.step import Step
from oligocount.settings_quantify import ClockSettings

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_STATED = "decay correction date-time"
_SERIES_TIME = "series time"
_EARLIEST = "earliest acquisition time"
_SERIES = ("0008,0021", "0008,0031")
ACQUISITION_TAGS = ("0008,0022", "0008,0032")
FRAME_TAGS = ("0054,1300", "0018,1242")
_VENDOR = ("0009,100D", "0071,1022")
_START_DATE_TIME = ("0018,1078",)
_START_TIME = ("0018,1072",)


def decay_reference(tracer: Tracer, half_life_s: float, clock: ClockSettings) -> Step[datetime]:
    """The moment to which a series with decay correction START refers.

    Raises QuantificationError when no rule can be applied.
    """
    candidates = tuple(_candidates(tracer, half_life_s, clock))
    if not candidates:
        raise QuantificationError(
            "decay reference unknown: neither Series Time (0008,0031) nor Acquisition Time "
            "(0008,0032) can be used"
        )
    taken, others = candidates[0], candidates[1:]
    doubts = (_conflict(taken, other, half_life_s, clock) for other in others)
    caveats = (*taken.caveats, *(each for each in doubts if each), *_rewritten(tracer, taken))
    return replace(taken, caveats=caveats)


def injection(
    tracer: Tracer, reference: datetime, half_life_s: float, clock: ClockSettings
) -> Step[datetime]:
    """The injection that belongs to a scan whose decay reference is `reference`.

    Raises QuantificationError when no time is stated or none lies within the allowed uptake.
    """
    longest = timedelta(seconds=clock.max_uptake_half_lives * half_life_s)
    stated = tracer.injection
    if stated and timedelta(0) <= reference - stated <= longest:
        return Step(
            value=stated,
            rule="start date-time",
            tags=_START_DATE_TIME,
            caveats=_disagreement(tracer),
        )
    alone = tracer.injection_time or (stated.timetz() if stated else None)
    if alone is None:
        raise QuantificationError("injection time unknown: neither (0018,1078) nor (0018,1072)")
    found = _latest_before(reference, alone)
    if longest > _DAY or reference - found > longest:
        raise QuantificationError(
            f"injection at {stated or alone} does not fit the decay reference {reference}: "
            f"expected 0 to {longest / _HOUR:.1f} h between them, and a date where that is "
            "over a day"
        )
    return Step(
        value=found,
        rule=_rule_of_time(found, reference),
        tags=_START_TIME if tracer.injection_time else _START_DATE_TIME,
        caveats=_moved(stated, found),
    )


def earliest_acquisition(tracer: Tracer) -> datetime | None:
    """When the first slice was begun, as far as slices say."""
    return min((one.acquisition for one in tracer.slices if one.acquisition), default=None)


def mean_count_time_s(duration_s: float, half_life_s: float) -> float:
    """Seconds into a frame at which activity equals its mean: ln(x / (1 - exp(-x))) / lambda."""
    decay = math.log(2) / half_life_s
    exponent = decay * duration_s
    return math.log(exponent / -math.expm1(-exponent)) / decay if exponent > 0 else 0.0


def _candidates(
    tracer: Tracer, half_life_s: float, clock: ClockSettings
) -> Iterable[Step[datetime]]:
    tolerance = timedelta(seconds=clock.tolerance_s)
    earliest = earliest_acquisition(tracer)
    start = tracer.series_start
    if tracer.decay_reference:
        yield Step(value=tracer.decay_reference, rule=_STATED, tags=("0018,9701",))
    if start and (earliest is None or start <= earliest + tolerance):
        yield Step(value=start, rule=_SERIES_TIME, tags=_SERIES)
    if tracer.vendor_reference:
        yield _vendor(tracer.vendor_reference, start or earliest)
    computed = _back_computed(tracer, half_life_s, tolerance)
    if computed and earliest and computed <= earliest + tolerance:
        yield Step(
            value=computed, rule="frame reference time", tags=(*ACQUISITION_TAGS, *FRAME_TAGS)
        )
    if earliest:
        yield Step(value=earliest, rule=_EARLIEST, tags=ACQUISITION_TAGS)


def _vendor(stated: datetime, public: datetime | None) -> Step[datetime]:
    """The vendor's time; de-identification may have left its date behind, never its clock."""
    if public is None or abs(stated - public) < _DAY:
        return Step(value=stated, rule="vendor decay time", tags=_VENDOR)
    days = [datetime.combine(public.date(), stated.timetz()) + n * _DAY for n in (-1, 0, 1)]
    nearest = min(days, key=lambda day: abs(day - public))
    return Step(value=nearest, rule="vendor decay time on the public date", tags=_VENDOR)


def _back_computed(tracer: Tracer, half_life_s: float, tolerance: timedelta) -> datetime | None:
    """Acquisition + mean count time - frame reference time, where all slices agree."""
    found = []
    for one in tracer.slices:
        if one.acquisition is None or not one.duration_s or not one.reference_s:
            return None
        mean_s = mean_count_time_s(one.duration_s, half_life_s)
        found.append(one.acquisition + timedelta(seconds=mean_s - one.reference_s))
    return min(found) if found and max(found) - min(found) <= tolerance else None


def _conflict(
    taken: Step[datetime], other: Step[datetime], half_life_s: float, clock: ClockSettings
) -> Caveat | None:
    if other.rule == _EARLIEST:  # later slices may be all that is left: no witness
        return None
    seconds = (other.value - taken.value).total_seconds()
    percent = 100 * math.expm1(math.log(2) / half_life_s * seconds)
    if abs(percent) <= clock.conflict_percent:
        return None
    text = (
        f"decay reference by {taken.rule}: {taken.value:%H:%M:%S}; by {other.rule}: "
        f"{other.value:%H:%M:%S}, which would change SUV by {percent:+.1f} %"
    )
    return Caveat(code="DECAY_REFERENCE_CONFLICT", text=text)


def _rewritten(tracer: Tracer, taken: Step[datetime]) -> tuple[Caveat, ...]:
    earliest = earliest_acquisition(tracer)
    start = tracer.series_start
    if not start or not earliest or start <= earliest or taken.rule in (_STATED, _SERIES_TIME):
        return ()
    text = (
        f"series time {start:%H:%M:%S} is later than the acquisition at {earliest:%H:%M:%S}: "
        f"rewritten by processing; decay reference by {taken.rule}"
    )
    return (Caveat(code="SERIES_TIME_REWRITTEN", text=text),)


def _latest_before(reference: datetime, clock_time: time) -> datetime:
    same_day = datetime.combine(reference.date(), clock_time.replace(tzinfo=UTC))
    return same_day if same_day <= reference else same_day - _DAY


def _rule_of_time(found: datetime, reference: datetime) -> str:
    is_same_day = found.date() == reference.date()
    return "start time" if is_same_day else "start time, day before (midnight)"


def _moved(stated: datetime | None, found: datetime) -> tuple[Caveat, ...]:
    if stated is None:
        return ()
    text = (
        f"(0018,1078) puts the injection at {stated}, which does not fit the scan; its clock "
        f"time on the scan's own date was used: {found}"
    )
    return (Caveat(code="INJECTION_DATE_SHIFTED", text=text),)


def _disagreement(tracer: Tracer) -> tuple[Caveat, ...]:
    stated, clock_time = tracer.injection, tracer.injection_time
    if stated is None or clock_time is None or stated.timetz() == clock_time:
        return ()
    text = (
        f"injection at {stated:%H:%M:%S} by (0018,1078) and {clock_time:%H:%M:%S} by "
        "(0018,1072); the first was used"
    )
    return (Caveat(code="INJECTION_TIME_CONFLICT", text=text),)
