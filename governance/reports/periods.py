"""Months, quarters and runs of days, as the organisation's calendar counts them."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_QUARTER = re.compile(r"(\d{4})-Q([1-4])", re.ASCII)
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})", re.ASCII)
EARLIEST, LATEST = 2000, 2999
LONGEST = dt.timedelta(days=366)


class PeriodKind(models.TextChoices):
    MONTH = "month", _("Month")
    QUARTER = "quarter", _("Quarter")
    DAYS = "days", _("Days")


class PeriodMalformed(ValueError):
    """Not a period; the message says how one is written."""


@dataclass(frozen=True)
class Period:
    """From the beginning of a first day to the end of a last one, in a time zone. ``label`` names it: 2026-11,
    2026-Q4 or 2026-11-01..2026-11-15.
    """

    kind: str
    label: str
    first_day: dt.date
    last_day: dt.date
    time_zone: str

    @property
    def begins_at(self) -> dt.datetime:
        """The moment at which the first day begins, in UTC."""
        return beginning_of(self.first_day, self.time_zone)

    @property
    def ends_at(self) -> dt.datetime:
        """The moment at which the last day is over, in UTC."""
        return beginning_of(self.last_day + dt.timedelta(days=1), self.time_zone)

    def has_ended(self, *, at: dt.datetime) -> bool:
        return self.ends_at <= at

    def as_of(self, *, at: dt.datetime) -> dt.datetime:
        """The moment that a report of it speaks of when it is read at ``at``."""
        return min(self.ends_at, at)

    def following(self) -> Period:
        """The month or quarter after it."""
        return period_of(self.kind, self.last_day + dt.timedelta(days=1), self.time_zone)

    def due_at(self, *, days: int, hour: int) -> dt.datetime:
        """The moment, in UTC, at which a report of it is due: an hour of the day, some days after its last."""
        day = self.last_day + dt.timedelta(days=1 + days)
        local = dt.datetime.combine(day, dt.time(hour), zoneinfo.ZoneInfo(self.time_zone))
        return local.astimezone(dt.UTC)

    def as_json(self) -> dict[str, str]:
        return {
            "kind": self.kind,
            "label": self.label,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "begins_at": self.begins_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "time_zone": self.time_zone,
        }


def beginning_of(day: dt.date, time_zone: str) -> dt.datetime:
    """The moment, in UTC, at which a day begins. Where clocks go forward at midnight that is the moment they do."""
    local = dt.datetime.combine(day, dt.time(), zoneinfo.ZoneInfo(time_zone))
    return local.astimezone(dt.UTC)


def period_of(kind: str, day: dt.date, time_zone: str) -> Period:
    """The month or quarter that a day is in."""
    if kind == PeriodKind.QUARTER:
        quarter = (day.month - 1) // 3 + 1
        return read_period(f"{day.year:04}-Q{quarter}", time_zone=time_zone)
    return read_period(f"{day.year:04}-{day.month:02}", time_zone=time_zone)


def last_ended(kind: str, *, at: dt.datetime, time_zone: str) -> Period:
    """The newest month or quarter that has ended by ``at``."""
    today = at.astimezone(zoneinfo.ZoneInfo(time_zone)).date()
    current = period_of(kind, today, time_zone)
    return period_of(kind, current.first_day - dt.timedelta(days=1), time_zone)


def read_period(text: str, *, time_zone: str) -> Period:
    """A period from its label.

    Raises:
        PeriodMalformed: it is written in no known way, or there is no such time.
    """
    try:
        kind, first, last = _bounds(text.strip())
    except ValueError as wrong:
        raise PeriodMalformed(
            "write a period as 2026-11 (a month), 2026-Q4 (a quarter) or 2026-11-01..2026-11-15 (days, 366 at most)"
        ) from wrong
    return Period(kind=kind, label=text.strip(), first_day=first, last_day=last, time_zone=time_zone)


def _bounds(text: str) -> tuple[str, dt.date, dt.date]:
    if found := _MONTH.fullmatch(text):
        year, month = int(found[1]), int(found[2])
        kind, first, months = PeriodKind.MONTH, dt.date(year, month, 1), 1
    elif found := _QUARTER.fullmatch(text):
        kind, first, months = PeriodKind.QUARTER, dt.date(int(found[1]), 3 * int(found[2]) - 2, 1), 3
    elif found := _DAYS.fullmatch(text):
        first, last = dt.date.fromisoformat(found[1]), dt.date.fromisoformat(found[2])
        if not first <= last < first + LONGEST:
            raise ValueError("no run of days")
        return PeriodKind.DAYS.value, _sane(first), _sane(last)
    else:
        raise ValueError("no period")
    _sane(first)
    after = first.month - 1 + months
    return kind.value, first, dt.date(first.year + after // 12, after % 12 + 1, 1) - dt.timedelta(days=1)


def _sane(day: dt.date) -> dt.date:
    if not EARLIEST <= day.year <= LATEST:
        raise ValueError("no year of a report")
    return day
