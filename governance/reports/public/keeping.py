"""How long a public summary stays: while the tool is in use and six months after. Pure functions of moments.

Compared with: Rules of the City of New York, title 6, section 5-303 (summary posted for at least six months after the
latest use). In use is what this product knows of: an approval for the version in the use case, at pilot or production,
that is in force. Whoever uses a tool without one has to keep the summary posted themselves.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable

KEPT_MONTHS = 6
Use = tuple[dt.datetime, dt.datetime]


def months_after(moment: dt.datetime, months: int) -> dt.datetime:
    """The same day and hour so many months later, or the last day of a month that is shorter.

    >>> months_after(dt.datetime(2026, 8, 31, 9), 6)
    datetime.datetime(2027, 2, 28, 9, 0)
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def last_use(uses: Iterable[Use], *, published_at: dt.datetime, at: dt.datetime) -> dt.datetime | None:
    """The end of the latest use that had begun by ``at``; None while one goes on. Never before the publication."""
    ends = [end for begin, end in uses if begin <= at]
    if any(end > at for end in ends):
        return None
    return max([published_at, *ends])


def kept_until(uses: Iterable[Use], *, published_at: dt.datetime, at: dt.datetime) -> dt.datetime | None:
    """The moment from which the summary need not be shown any more; None while the tool is in use."""
    last = last_use(uses, published_at=published_at, at=at)
    return None if last is None else months_after(last, KEPT_MONTHS)
