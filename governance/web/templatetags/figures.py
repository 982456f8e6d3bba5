"""Figures as text, in the reader's language: rates, ratios, sizes, durations, dates.

Presentation only. What is not a finite number was not measured, and says so; it is never shown as 0.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, gettext, ngettext, pgettext

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"
DASH: Final = "\N{EN DASH}"
# Beyond this a figure is a sign of trouble and not of size: it is shown in powers of ten.
LARGEST: Final = Decimal(10) ** 15
MORE_PLACES: Final = 3
# The month in a date declines in some languages; Django's "E" knows that, "M" is the short name.
DAY_FORMATS: Final = {"ru": "j E Y"}
DAY_FORMAT: Final = "j M Y"


def measured(value: object) -> Decimal | None:
    """The number in ``value``, or None where there is none: missing, NaN, infinite, or not a number at all."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):  # float(): an array's number prints its type as well
        return Decimal(repr(float(value))) if math.isfinite(value) else None
    return value if isinstance(value, Decimal) and value.is_finite() else None


def not_measured() -> str:
    return gettext("not measured")


def number(value: object, *, places: int = 0) -> str:
    """A number with the reader's separators, rounded half up to ``places``."""
    amount = measured(value)
    return not_measured() if amount is None else plain_number(amount, places)


def plain_number(amount: Decimal, places: int) -> str:
    if abs(amount) >= LARGEST:
        return f"{amount:.3E}".replace("E+", f"{NO_BREAK}×{NO_BREAK}10^").replace("-", MINUS)
    rounded = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    if rounded == 0:
        rounded = abs(rounded)  # no minus before a zero
    return str(number_format(rounded, decimal_pos=places, use_l10n=True, force_grouping=True)).replace("-", MINUS)


def apart(amount: Decimal, limit: Decimal | None, places: int) -> int:
    """The places that keep ``amount`` apart from ``limit``: 0.7996 must not read 0.80 beside a limit of 0.80."""
    if limit is None or amount == limit or max(abs(amount), abs(limit)) >= LARGEST:
        return places
    for more in range(places, places + MORE_PLACES):
        step = Decimal(1).scaleb(-more)
        if amount.quantize(step, rounding=ROUND_HALF_UP) != limit.quantize(step, rounding=ROUND_HALF_UP):
            return more
    return places + MORE_PLACES


def share(value: object, *, places: int = 1, limit: object = None, unit: bool = True) -> str:
    """A share in [0, 1] in per cent. A share that is not 0 or 1 does not read as 0 or 100 per cent either."""
    amount = measured(value)
    if amount is None:
        return not_measured()
    amount, edge = amount * 100, measured(limit)
    places = places if edge is None else apart(amount, edge * 100, places)
    sign, step = "", Decimal(1).scaleb(-places)
    if unit and 0 < amount < step / 2:
        sign, amount = "< ", step
    elif unit and 100 - step / 2 <= amount < 100:
        sign, amount = "> ", 100 - step
    text = sign.replace(" ", NO_BREAK) + plain_number(amount, places)
    return f"{text}{NO_BREAK}%" if unit else text


def points(value: object, *, places: int = 1, unit: bool = True) -> str:
    """A difference of two shares, in percentage points."""
    amount = measured(value)
    if amount is None:
        return not_measured()
    text = plain_number(amount * 100, places)
    if not unit:
        return text
    whole = amount * 100 == int(amount * 100) if abs(amount) < LARGEST else False
    plural = int(abs(amount * 100)) if whole else 2
    return ngettext("%(n)s point", "%(n)s points", plural) % {"n": text}


def ratio(value: object, *, places: int = 2, limit: object = None) -> str:
    amount = measured(value)
    if amount is None:
        return not_measured()
    return plain_number(amount, apart(amount, measured(limit), places))


def figure(kind: str, value: object, *, limit: object = None, unit: bool = True) -> str:
    """One figure of a ``kind``: rate, ratio, points or number."""
    if kind == "rate":
        return share(value, limit=limit, unit=unit)
    if kind == "points":
        return points(value, unit=unit)
    if kind == "ratio":
        return ratio(value, limit=limit)
    amount = measured(value)
    return number(value, places=0 if amount is None or amount == amount.to_integral_value() else 2)


def interval(kind: str, low: object, high: object) -> str:
    """An interval in brackets, without the unit; empty where an end is missing."""
    if measured(low) is None or measured(high) is None:
        return ""
    ends = {"low": figure(kind, low, unit=False), "high": figure(kind, high, unit=False)}
    if ends["low"].startswith(MINUS) or ends["high"].startswith(MINUS):
        return "[" + gettext("%(low)s to %(high)s") % ends + "]"
    return f"[{ends['low']}{DASH}{ends['high']}]"


def sample(n: object) -> str:
    """How many rows a figure rests on."""
    if measured(n) is None:
        return gettext("n not known")
    return f"n{NO_BREAK}{number(n)}"


def size(value: object) -> str:
    """Bytes in the units of the file lists on the Hub, steps of a thousand."""
    amount = measured(value)
    if amount is None:
        return gettext("not known")
    units = [
        pgettext("unit", "B"),
        pgettext("unit", "kB"),
        pgettext("unit", "MB"),
        pgettext("unit", "GB"),
        pgettext("unit", "TB"),
    ]
    step = 0
    # 999,950 B would round to 1,000.0 kB
    while step + 1 < len(units) and abs(amount) >= (1000 if step == 0 else Decimal("999.95")):
        amount, step = amount / 1000, step + 1
    places = 1 if step and abs(amount) < Decimal("99.95") else 0
    return f"{plain_number(amount, places)}{NO_BREAK}{units[step]}"


def duration(value: object, *, parts: int = 2) -> str:
    """Seconds (or a timedelta) in the largest honest unit; up to nine of it are followed by the next smaller one.

    >>> [duration(s) for s in (0.008, 2.44, 252, 1200, 90000, 259200)]
    ['8 ms', '2.4 s', '4 min 12 s', '20 min', '1 day 1 h', '3 days']
    """
    if isinstance(value, dt.timedelta):
        value = value.total_seconds()
    amount = measured(value)
    if amount is None:
        return not_measured()
    sign, seconds = (MINUS if amount < 0 else ""), abs(amount)
    return sign + (brief(seconds) if round(seconds) < 60 else long(int(round(seconds)), parts))


def brief(seconds: Decimal) -> str:
    """Less than a minute."""
    if 0 < seconds < Decimal("0.9995"):
        thousandths = seconds * 1000
        if thousandths < Decimal("0.05"):
            return f"<{NO_BREAK}{plain_number(Decimal('0.1'), 1)}{NO_BREAK}{pgettext('unit', 'ms')}"
        return f"{plain_number(thousandths, 0 if thousandths >= 1 else 1)}{NO_BREAK}{pgettext('unit', 'ms')}"
    exact = seconds == seconds.to_integral_value()
    return f"{plain_number(seconds, 1 if seconds < 10 and not exact else 0)}{NO_BREAK}{pgettext('unit', 's')}"


def long(seconds: int, parts: int) -> str:
    """A minute and more: the two largest units, the second one only where the first counts less than ten."""
    for index, span in enumerate((86400, 3600, 60)):
        smaller = (3600, 60, 1)[index]
        two = parts > 1 and seconds < 10 * span
        rounded = (seconds + smaller // 2) // smaller * smaller if two else (seconds + span // 2) // span * span
        if rounded < span:
            continue
        count, rest = divmod(rounded, span)
        text = counted(index, count)
        return f"{text} {counted(index + 1, rest // smaller)}" if two and rest else text
    return counted(2, 1)


def counted(index: int, count: int) -> str:
    if index == 0:
        return (ngettext("%(n)s day", "%(n)s days", count) % {"n": number(count)}).replace(" ", NO_BREAK)
    unit = (pgettext("unit", "h"), pgettext("unit", "min"), pgettext("unit", "s"))[index - 1]
    return f"{number(count)}{NO_BREAK}{unit}"


def moment(value: object) -> dt.datetime | dt.date | None:
    """A date or a time from what a model or a stored document holds; a time is in the reader's zone."""
    if isinstance(value, str):
        try:
            # a day alone is a day everywhere: taken for its midnight in UTC it would be the day before in New York
            value = parse_date(value) or parse_datetime(value)
        except ValueError:
            return None
    if isinstance(value, dt.datetime):
        aware = value if timezone.is_aware(value) else value.replace(tzinfo=dt.UTC)
        try:
            return timezone.localtime(aware)
        except (OverflowError, ValueError):
            return aware
    return value if isinstance(value, dt.date) else None


def day(value: dt.date) -> str:
    """A date in words: 23 Nov 2026."""
    language = (get_language() or "en").split("-")[0]
    return str(date_format(value, DAY_FORMATS.get(language, DAY_FORMAT), use_l10n=False)).replace(" ", NO_BREAK)
