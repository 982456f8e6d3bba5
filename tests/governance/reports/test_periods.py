"""Where months, quarters and days begin and end, and when a report of them is due."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.reports.periods import PeriodMalformed, beginning_of, last_ended, period_of, read_period


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]  # the parts are those of a moment


def test_a_month_has_the_hours_that_its_time_zone_gives_it():
    march = read_period("2026-03", time_zone="Europe/Berlin")

    assert (march.begins_at, march.ends_at) == (utc(2026, 2, 28, 23), utc(2026, 3, 31, 22))
    assert march.ends_at - march.begins_at == dt.timedelta(days=31, hours=-1)
    assert march.following().label == "2026-04"
    assert read_period("2026-12", time_zone="UTC").following().first_day == dt.date(2027, 1, 1)
    assert read_period("2026-Q1", time_zone="Asia/Tokyo").begins_at == utc(2025, 12, 31, 15)
    assert read_period("2026-Q4", time_zone="UTC").last_day == dt.date(2026, 12, 31)
    assert read_period("2028-02", time_zone="UTC").last_day == dt.date(2028, 2, 29)


def test_a_day_whose_midnight_is_skipped_begins_when_clocks_go_forward():
    # In Beirut the night of 26 March 2023 went from 23:59:59 to 01:00.
    assert beginning_of(dt.date(2022, 3, 27), "Asia/Beirut") == utc(2022, 3, 26, 22)


def test_a_report_is_due_at_an_hour_of_the_day_also_when_clocks_change_in_that_night():
    # The clocks of Berlin went from 2 to 3 on 29 March 2026, and from 3 back to 2 on 25 October.
    days = read_period("2026-03-01..2026-03-28", time_zone="Europe/Berlin")

    assert days.due_at(days=0, hour=1) == utc(2026, 3, 29, 0)
    assert days.due_at(days=0, hour=3) == utc(2026, 3, 29, 1)
    assert days.due_at(days=0, hour=2) == utc(2026, 3, 29, 1)  # an hour that there is not: the moment of the change
    autumn = read_period("2026-10-01..2026-10-24", time_zone="Europe/Berlin")
    assert autumn.due_at(days=0, hour=2) == utc(2026, 10, 25, 0)  # an hour that there is twice: the first


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026", "2026-13", "2026-00", "2026-Q5", "2026-1", "1999-01", "9999-12", "2026-11-15..2026-11-01"),
        *("2026-01-01..2027-06-01", "2026-02-30..2026-03-01", "２０２６-11-01..2026-11-15x", "2026-11; DROP", "x" * 99),
        *("\u0662\u0660\u0662\u0666-11", "2026-Q\u0661", "２０２６-11"),
    ],
)
def test_what_is_no_period_is_refused_with_how_one_is_written(text: str):
    with pytest.raises(PeriodMalformed, match="2026-Q4"):
        read_period(text, time_zone="UTC")


@given(
    day=st.dates(dt.date(2001, 1, 1), dt.date(2099, 1, 1)),
    zone=st.sampled_from(["UTC", "America/New_York", "Asia/Gaza"]),
)
def test_periods_follow_each_other_without_a_gap_and_each_has_ended_when_the_next_begins(day: dt.date, zone: str):
    for kind in ("month", "quarter"):
        period = period_of(kind, day, zone)

        assert period.first_day <= day <= period.last_day
        assert period.following().begins_at == period.ends_at
        assert period.has_ended(at=period.ends_at)
        assert last_ended(kind, at=period.ends_at, time_zone=zone) == period
