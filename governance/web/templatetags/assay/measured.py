"""What was measured and when: figures with their intervals, sizes, dates."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from governance.web.templatetags import figures

library = template.Library()


def estimate(kind: str, value: object, low: object, high: object, n: object, limit: object) -> SafeString:
    if figures.measured(value) is None:
        words = figures.not_measured() if n in (None, "") else f"{figures.not_measured()}, {figures.sample(n)}"
        return format_html('<span class="figure quiet">{}</span>', words)
    bounds = figures.interval(kind, low, high)
    return format_html(
        '<span class="figure"><span class="nowrap"><b>{}</b>{}{},</span> <span class="nowrap">{}</span></span>',
        figures.figure(kind, value, limit=limit),
        " " if bounds else ", ",
        bounds or gettext("interval not measured"),
        figures.sample(n),
    )


@library.simple_tag
def rate(value: object, low: object = None, high: object = None, n: object = None, limit: object = None) -> SafeString:
    """A share with its interval and n. ``limit`` adds decimals where rounding would put it on the other side."""
    return estimate("rate", value, low, high, n, limit)


@library.simple_tag
def ratio(value: object, low: object = None, high: object = None, n: object = None, limit: object = None) -> SafeString:
    return estimate("ratio", value, low, high, n, limit)


@library.simple_tag
def times(value: object, low: object = None, high: object = None) -> SafeString:
    """How many times as much, with the interval; for figures that rest on two groups and have no n of their own."""
    bounds = figures.interval("ratio", low, high)
    return format_html('<span class="figure"><b>{}</b> {}</span>', figures.ratio(value), bounds)


@library.simple_tag
def points(
    value: object, low: object = None, high: object = None, n: object = None, limit: object = None
) -> SafeString:
    """A difference of two shares."""
    return estimate("points", value, low, high, n, limit)


@library.simple_tag
def share(value: object, places: int = 1) -> str:
    """A share that needs no interval, such as how complete a card is."""
    return figures.share(value, places=places)


@library.simple_tag
def count(value: object, places: int = 0) -> str:
    """A number with the reader's separators."""
    return figures.number(value, places=places)


@library.simple_tag
def duration(seconds: object) -> str:
    return figures.duration(seconds)


@library.simple_tag(name="bytes")
def size(value: object) -> str:
    return figures.size(value)


@library.simple_tag
def when(value: object, time: bool = False, otherwise: object = "") -> SafeString | str:
    """A date in words; with ``time`` the hour in the reader's zone as well; ``otherwise`` where there is none."""
    found = figures.moment(value)
    if found is None:
        return conditional_escape(str(otherwise) or gettext("not known"))
    text = figures.day(found)
    if time and isinstance(found, dt.datetime):
        text = f"{text}, {found:%H:%M}"
    return format_html('<time datetime="{}">{}</time>', found.isoformat(), text)


@library.simple_tag
def age(value: object, at: object = None, otherwise: object = "") -> SafeString | str:
    """How long before ``at`` (or now) something was, in one unit."""
    found = figures.moment(value)
    if not isinstance(found, dt.datetime):
        return conditional_escape(str(otherwise) or gettext("not known"))
    until = figures.moment(at)
    passed = (until if isinstance(until, dt.datetime) else timezone.now()) - found
    text = figures.duration(max(passed, dt.timedelta()), parts=1)
    return format_html('<time datetime="{}">{}</time>', found.isoformat(), text)
