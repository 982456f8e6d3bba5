"""By when a round of a review is to be decided. The table is printed in docs/reviews.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from governance.catalog.models import Tier

# The lanes of a high or critical use case look at the same time, and what waits there most often mends something that
# runs already: it gets the shorter wait. The lower tiers are looked at beside other work.
WORKING_DAYS: Mapping[str, int] = {Tier.MINIMAL: 10, Tier.LIMITED: 10, Tier.HIGH: 5, Tier.CRITICAL: 5}
SATURDAY = 5


def due_at(*, tier: str, entered: dt.datetime) -> dt.datetime:
    """The end of the working days that a tier gives, counted from the moment a round begins.

    Monday to Friday in UTC; no table of holidays. A round that begins at the weekend begins on Monday at 0:00.

    >>> due_at(tier="high", entered=dt.datetime(2026, 3, 5, 12, tzinfo=dt.UTC)).isoformat()
    '2026-03-12T12:00:00+00:00'
    """
    moment = entered.astimezone(dt.UTC)
    if moment.weekday() >= SATURDAY:
        monday = moment + dt.timedelta(days=7 - moment.weekday())
        moment = monday.replace(hour=0, minute=0, second=0, microsecond=0)
    left = WORKING_DAYS[tier]
    while left:
        moment += dt.timedelta(days=1)
        left -= moment.weekday() < SATURDAY
    return moment
