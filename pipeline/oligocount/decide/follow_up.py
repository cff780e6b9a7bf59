"""The follow-up calendar from a date (statement 13)."""

import calendar
from collections.abc import Iterator, Mapping
from datetime import date


def follow_up_dates(start: date, schedule: Mapping[str, float]) -> tuple[date, ...]:
    """The visits from `start` to the horizon, at the shorter interval where a range is given.

    A day that a month lacks becomes its last: one month after 31 January is 28 February.
    """
    return tuple(_months_later(start, months) for months in _months(schedule))


def _months(schedule: Mapping[str, float]) -> Iterator[int]:
    early_end = int(schedule["middle_years"]) * 12
    horizon = int(schedule["horizon_years"]) * 12
    month = int(schedule["early_months"])
    while month <= horizon:
        yield month
        is_late = month >= early_end
        month += int(schedule["late_months"] if is_late else schedule["early_months"])


def _months_later(start: date, months: int) -> date:
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last))
