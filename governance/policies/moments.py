"""Moments as facts name them, and what is said where facts cannot be read."""

from __future__ import annotations

import datetime as dt
from typing import Any

# Clocks of one database differ by the length of a transaction; what lies further ahead is a wrong time.
AHEAD_AT_MOST = dt.timedelta(minutes=5)


class FactsMalformed(ValueError):
    """The facts document is not what a policy can be judged on; ``path`` names the value."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the facts cannot be read at {path}")
        self.path = path


def utc(moment: dt.datetime | None) -> str | None:
    """ISO 8601 in UTC, to the microsecond, one spelling for one moment."""
    if moment is None:
        return None
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(value: Any) -> dt.datetime | None:
    """The moment that a fact names, or None where it names none: no text, no date, no time zone."""
    if not isinstance(value, str):
        return None
    try:
        read = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo is not None else None
