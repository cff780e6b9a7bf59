"""Visits of statement 13, by the calendar."""

from datetime import date

from oligocount.decide.follow_up import follow_up_dates

SCHEDULE = {
    "early_months": 3,
    "early_years": 2,
    "middle_months": 6,
    "middle_years": 5,
    "late_months": 12,
    "horizon_years": 7,
}


def test_every_three_months_for_five_years_then_every_year() -> None:
    dates = follow_up_dates(date(2026, 1, 15), SCHEDULE)
    assert dates[:4] == (
        date(2026, 4, 15),
        date(2026, 7, 15),
        date(2026, 10, 15),
        date(2027, 1, 15),
    )
    assert dates[19] == date(2031, 1, 15)  # five years
    assert dates[20:] == (date(2032, 1, 15), date(2033, 1, 15))


def test_a_day_that_a_month_lacks_becomes_its_last() -> None:
    dates = follow_up_dates(date(2025, 11, 30), SCHEDULE)
    assert dates[0] == date(2026, 2, 28)
    assert dates[1] == date(2026, 5, 30)
    assert follow_up_dates(date(2027, 11, 30), SCHEDULE)[0] == date(2028, 2, 29)


def test_december_is_followed_by_the_next_year() -> None:
    assert follow_up_dates(date(2026, 9, 1), SCHEDULE)[0] == date(2026, 12, 1)
    assert follow_up_dates(date(2026, 9, 1), SCHEDULE)[1] == date(2027, 3, 1)
