"""Template tags of the product: ``{% load assay %}``.

Presentation only: they import nothing of other rooms and ask no database.

==================================  ===================================================================================
``{% status "pass" %}``             shape and word; ``family="licence"`` chooses the words, ``label="…"`` replaces them,
                                    ``boxed=True`` for the one beside a title
``{% tone value "gate" %}``         the class ``tone-…`` of a word; ``{% word value "lane" %}`` its label alone;
                                    ``{% mark value %}`` its shape alone; ``{% icon "note" %}`` any symbol of the sprite
``{% digest value %}``              eight characters on the screen, the whole when copied and on paper
``{% rate value low high n %}``     44.8 % [42.6–47.2], n 1,795; also ``ratio``, ``points``, ``count``
``{% when dt %}``                   23 Nov 2026; ``time=True`` adds 14:01
``{% age dt %}``                    how long ago, in one unit
``{% duration s %}``                4 min 12 s
``{% bytes n %}``                   16.1 GB
``{% hallmark in_force=… %}``       the four punches, only for an approval that is in force
``{% interval_chart rows %}``       estimates with intervals; ``{% gauge value low high n %}`` one of them in the small
``{% calibration_chart groups %}``  calibration curves; ``{% heat_table table %}`` where two attributes meet
``{% lineage nodes edges %}``       what it was made of and what was made of it
``{% requirement_groups reqs as groups %}``  requirements by consequence
``{% field form.name %}``           one field with label, help and error
``{% rooms as list %}``             the navigation
``{% product_name %}``              the product's name
``{{ name|breakable }}``            a long name that breaks after underscores, not in the middle of a word
==================================  ===================================================================================
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy

from . import charts, curves, drawings, figures, heat, severity
from .words import GROUPS, consequence_of, look_up, plain

_BREAKS = re.compile(r"(?<=\w[_.])(?=\w)")

register = template.Library()

SHORT_DIGEST = 8
LONGEST_DIGEST = 256
HALLMARK_STAGES = {"prototype": "PROT", "pilot": "PIL", "production": "PROD"}
# The rooms that a person walks through: key, name, the page's URL name. A room without a page is not shown.
ROOMS: tuple[tuple[str, str | Promise, str], ...] = (
    ("inbox", pgettext_lazy("room", "Inbox"), "portal:inbox"),
    ("catalogue", pgettext_lazy("room", "Catalogue"), "catalog:entries"),
    ("submissions", pgettext_lazy("room", "Submissions"), "reviews:submissions"),
    ("runs", pgettext_lazy("room", "Runs"), "evidence:runs"),
    ("use-cases", pgettext_lazy("room", "Use cases"), "catalog:use-cases"),
    ("licences", pgettext_lazy("room", "Licences"), "licensing:licences"),
    ("policies", pgettext_lazy("room", "Policies"), "policies:policies"),
    ("waivers", pgettext_lazy("room", "Waivers"), "policies:waivers"),
    ("reports", pgettext_lazy("room", "Reports"), "reports:editions"),
)
FLASH = {
    "debug": ("none", "note"),
    "info": ("wait", "note"),
    "success": ("pass", "pass"),
    "warning": ("warn", "warn"),
    "error": ("fail", "error"),
}


# --- words ---------------------------------------------------------------------------------------------------------


def svg(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of the sprite: pass fail warn open none wait run waived error unknown duty off note new look."""
    return svg(name)


@register.simple_tag
def mark(value: object, family: str = "") -> SafeString:
    return svg(look_up(value, family).icon)


@register.simple_tag
def status(value: object, family: str = "", label: object = "", boxed: bool = False) -> SafeString:
    """Shape and word of a verdict or state."""
    shown = look_up(value, family)
    return format_html(
        '<span class="status tone-{}{}">{}{}</span>',
        shown.tone,
        " status--boxed" if boxed else "",
        svg(shown.icon),
        label or shown.label,
    )


@register.simple_tag
def tone(value: object, family: str = "") -> str:
    return f"tone-{look_up(value, family).tone}"


@register.simple_tag
def word(value: object, family: str = "") -> str:
    return str(look_up(value, family).label)


@register.filter
def flash_tone(level: str) -> str:
    return f"tone-{FLASH.get(level, FLASH['info'])[0]}"


@register.simple_tag
def flash_icon(level: str) -> SafeString:
    return svg(FLASH.get(level, FLASH["info"])[1])


@register.simple_tag
def requirement_groups(requirements: Iterable[object]) -> list[dict[str, Any]]:
    """Requirements by consequence, those that close the gate first; empty groups are left out."""
    sorted_out: dict[str, list[object]] = {key: [] for key, _word, _title in GROUPS}
    for requirement in requirements or ():
        key = consequence_of(charts.read(requirement, "status"), charts.read(requirement, "severity"))
        sorted_out[key].append(requirement)
    # What somebody answers for is no part of what folds up.
    sorted_out["holds"].sort(key=lambda one: plain(charts.read(one, "status")).lower() != "waived")
    return [
        {"key": key, "word": group, "title": title, "requirements": sorted_out[key]}
        for key, group, title in GROUPS
        if sorted_out[key]
    ]


# --- figures -------------------------------------------------------------------------------------------------------


@register.simple_tag
def digest(value: object, full: bool = False) -> SafeString:
    """A digest or commit: the start on the screen, the whole in what is copied, found and printed."""
    text = plain(value)[:LONGEST_DIGEST]
    if not text:
        return format_html('<span class="quiet">{}</span>', gettext("not known"))
    if full:
        return format_html('<code class="digest digest--full">{}</code>', text)
    algorithm, colon, rest = text.rpartition(":")
    start = algorithm + colon + rest[:SHORT_DIGEST]
    if len(rest) <= SHORT_DIGEST:
        return format_html('<code class="digest">{}</code>', text)
    return format_html(
        '<code class="digest" title="{}">{}<span class="digest__rest" aria-hidden="true">{}</span></code>',
        text,
        start,
        rest[SHORT_DIGEST:],
    )


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


@register.simple_tag
def rate(value: object, low: object = None, high: object = None, n: object = None, limit: object = None) -> SafeString:
    """A share with its interval and n. ``limit`` adds decimals where rounding would put it on the other side."""
    return estimate("rate", value, low, high, n, limit)


@register.simple_tag
def ratio(value: object, low: object = None, high: object = None, n: object = None, limit: object = None) -> SafeString:
    return estimate("ratio", value, low, high, n, limit)


@register.simple_tag
def times(value: object, low: object = None, high: object = None) -> SafeString:
    """How many times as much, with the interval; for figures that rest on two groups and have no n of their own."""
    bounds = figures.interval("ratio", low, high)
    return format_html('<span class="figure"><b>{}</b> {}</span>', figures.ratio(value), bounds)


@register.simple_tag
def points(
    value: object, low: object = None, high: object = None, n: object = None, limit: object = None
) -> SafeString:
    """A difference of two shares."""
    return estimate("points", value, low, high, n, limit)


@register.simple_tag
def share(value: object, places: int = 1) -> str:
    """A share that needs no interval, such as how complete a card is."""
    return figures.share(value, places=places)


@register.simple_tag
def count(value: object, places: int = 0) -> str:
    """A number with the reader's separators."""
    return figures.number(value, places=places)


@register.simple_tag
def duration(seconds: object) -> str:
    return figures.duration(seconds)


@register.simple_tag(name="bytes")
def size(value: object) -> str:
    return figures.size(value)


@register.simple_tag
def when(value: object, time: bool = False, otherwise: object = "") -> SafeString | str:
    """A date in words; with ``time`` the hour in the reader's zone as well; ``otherwise`` where there is none."""
    found = figures.moment(value)
    if found is None:
        return conditional_escape(str(otherwise) or gettext("not known"))
    text = figures.day(found)
    if time and isinstance(found, dt.datetime):
        text = f"{text}, {found:%H:%M}"
    return format_html('<time datetime="{}">{}</time>', found.isoformat(), text)


@register.simple_tag
def age(value: object, at: object = None, otherwise: object = "") -> SafeString | str:
    """How long before ``at`` (or now) something was, in one unit."""
    found = figures.moment(value)
    if not isinstance(found, dt.datetime):
        return conditional_escape(str(otherwise) or gettext("not known"))
    until = figures.moment(at)
    passed = (until if isinstance(until, dt.datetime) else timezone.now()) - found
    text = figures.duration(max(passed, dt.timedelta()), parts=1)
    return format_html('<time datetime="{}">{}</time>', found.isoformat(), text)


# --- charts, drawings ----------------------------------------------------------------------------------------------


@register.inclusion_tag("components/interval_chart.html")
def interval_chart(
    rows: Iterable[object],
    title: object = "",
    sub: object = "",
    kind: str = "rate",
    floor: object = None,
    ceiling: object = None,
    reference: object = None,
    top: object = None,
    min_group: int = charts.MIN_GROUP,
    hide_below: int = charts.HIDE_BELOW,
    group_label: object = "",
    value_label: object = "",
    plain: bool = False,
) -> dict[str, Any]:
    """Estimates with intervals, one row per group; see ``components/interval_chart.html``."""
    chart = charts.interval_chart(
        rows or (),
        kind=kind,
        floor=floor,
        ceiling=ceiling,
        reference=reference,
        top=top,
        min_group=min_group,
        hide_below=hide_below,
    )
    labels = {"group_label": group_label, "value_label": value_label}
    return {"chart": chart, "title": title, "sub": sub, "plain": plain, **labels}


@register.inclusion_tag("components/calibration_chart.html")
def calibration_chart(
    groups: Iterable[object], title: object = "", min_group: int = charts.MIN_GROUP, plain: bool = False
) -> dict[str, Any]:
    """Calibration curves, one panel for each group; see ``components/calibration_chart.html``."""
    listed = list(groups or ())
    drawn = curves.panels(listed, min_group=min_group)
    left_out = len(listed) - len(drawn)
    half = figures.number(0.5, places=1)
    return {"panels": drawn, "title": title, "left_out": left_out, "half": half, "plain": plain}


@register.inclusion_tag("components/severity_curves.html")
def severity_curves(
    rows: Iterable[object],
    title: object = "",
    limit: float | None = None,
    top: float = 1.0,
    row_label: object = "",
    plain: bool = False,
) -> dict[str, Any]:
    """How a share changes with severity, one panel for each row; see ``components/severity_curves.html``."""
    return {
        "curves": severity.curves(rows or (), limit=limit, top=top),
        "title": title,
        "limit": limit,
        "top_shown": figures.share(top, places=0),
        "half_shown": figures.share(top / 2, places=0 if top >= 0.2 else 1),
        "row_label": row_label or gettext("Group"),
        "plain": plain,
    }


@register.inclusion_tag("components/heat.html")
def heat_table(table: Any, min_group: int = charts.MIN_GROUP, plain: bool = False) -> dict[str, Any]:
    """Where two attributes meet; ``table`` has title, cells, down and across. See ``components/heat.html``."""
    drawn = heat.heat(table.cells, table.down, table.across, min_group=min_group)
    return {"heat": drawn, "title": table.title, "plain": plain}


@register.inclusion_tag("components/gauge.html")
def gauge(
    value: object,
    low: object = None,
    high: object = None,
    n: object = None,
    kind: str = "ratio",
    floor: object = None,
    ceiling: object = None,
    verdict: object = "",
) -> dict[str, Any]:
    """One estimate in the small, for the row of a requirement."""
    drawn = charts.gauge(kind=kind, value=value, low=low, high=high, n=n, floor=floor, ceiling=ceiling, verdict=verdict)
    return {"gauge": drawn}


@register.inclusion_tag("components/lineage.html")
def lineage(nodes: Iterable[object], edges: Iterable[object], name: object = "") -> dict[str, Any]:
    """The drawing and its list; see ``components/lineage.html``."""
    return {"lineage": drawings.lineage(nodes or (), edges or ()), "name": name}


@register.simple_tag
def hallmark(
    *,
    in_force: object,
    stage: str = "",
    policy: object = "",
    number: object = "",
    granted_at: object = None,
    expires_at: object = None,
    by: object = "",
    small: bool = False,
) -> SafeString | str:
    """The four punches. Without ``in_force`` there is none: when the approval ends, the hallmark goes."""
    struck = figures.moment(granted_at)
    if not in_force or struck is None:
        return ""
    year, week, _day = struck.isocalendar()
    initials = "".join(part[0] for part in plain(policy).replace("_", "-").split("-") if part).upper()[:3]
    punches = {
        "struck": struck,
        "stage": stage,
        "stage_punch": HALLMARK_STAGES.get(plain(stage).lower(), plain(stage)[:4].upper()),
        "policy": policy,
        "policy_punch": "·".join(part for part in (initials, plain(number)[:3]) if part) or "–",
        "number": number,
        "date_punch": f"{year % 100:02d}·{week:02d}",
        "year": year,
        "week": week,
        "expires_at": expires_at,
        "by": by,
        "small": small,
    }
    return render_to_string("components/hallmark.html", punches)


@register.filter
def under(cells: Iterable[object], columns: Iterable[object]) -> list[dict[str, object]]:
    """The cells of a table's row, each with its column."""
    return [{"value": cell, "column": column} for cell, column in zip(cells, columns, strict=False)]


@register.filter
def breakable(text: object) -> SafeString:
    """A long name that may go on in the next line after an underscore or a full stop, not in the middle of a word."""
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in _BREAKS.split(str(text))))


@register.filter
def numbered(text: object, first: int = 1) -> list[dict[str, object]]:
    """The lines of a text with their numbers."""
    lines = str(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [{"number": int(first) + place, "text": line} for place, line in enumerate(lines)]


# --- forms, frame --------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, hint: object = "") -> dict[str, Any]:
    """A form's field with label, help and errors; see ``components/field.html``."""
    kind = getattr(bound.field.widget, "input_type", "")
    grouped = bool(bound.use_fieldset)
    attrs: dict[str, str | bool] = {}
    if not grouped and kind not in ("checkbox", "radio", "file", "hidden"):
        attrs["class"] = "input"
    return {
        "field": bound,
        "widget": bound.as_widget(attrs=attrs),
        "grouped": grouped,
        "single": kind == "checkbox" and not grouped,
        "hidden": bound.is_hidden,
        "hint": hint or bound.help_text,
    }


@register.simple_tag
def rooms() -> list[dict[str, Any]]:
    """The rooms that have a page: key, label, url."""
    found = []
    for key, label, name in ROOMS:
        try:
            found.append({"key": key, "label": label, "url": reverse(name)})
        except NoReverseMatch:  # an installation, or a build, without this room
            continue
    return found


@register.simple_tag
def product_name() -> str:
    return str(getattr(settings, "PRODUCT_NAME", "Assay"))


@register.filter
def person(user: object) -> str:
    """How a person is called: the full name, or what there is of a name."""
    full = getattr(user, "get_full_name", None)
    for text in (full() if callable(full) else "", getattr(user, "email", ""), user):
        if plain(text):
            return plain(text)
    return ""


@register.filter
def initials(user: object) -> str:
    """Up to two letters for the round mark of a person."""
    name = person(user).partition("@")[0]
    parts = [part for part in name.replace(".", " ").replace("-", " ").split() if part[0].isalnum()]
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper() or "?"


LANGUAGE_NAMES = {"en": "English", "ru": "Русский"}


@register.simple_tag
def languages() -> list[dict[str, str]]:
    """The languages of the product, each named in itself."""
    return [{"code": code, "name": LANGUAGE_NAMES.get(code, code)} for code, _name in settings.LANGUAGES]
