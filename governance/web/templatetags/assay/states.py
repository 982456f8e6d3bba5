"""Verdicts and states as shape and word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from governance.web.templatetags import charts
from governance.web.templatetags.words import GROUPS, consequence_of, look_up, plain

library = template.Library()

FLASH = {
    "debug": ("none", "note"),
    "info": ("wait", "note"),
    "success": ("pass", "pass"),
    "warning": ("warn", "warn"),
    "error": ("fail", "error"),
}


def svg(name: str) -> SafeString:
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>', name)


@library.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of the sprite: pass fail warn open none wait run waived error unknown duty off note new look."""
    return svg(name)


@library.simple_tag
def mark(value: object, family: str = "") -> SafeString:
    return svg(look_up(value, family).icon)


@library.simple_tag
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


@library.simple_tag
def tone(value: object, family: str = "") -> str:
    return f"tone-{look_up(value, family).tone}"


@library.simple_tag
def word(value: object, family: str = "") -> str:
    return str(look_up(value, family).label)


@library.filter
def flash_tone(level: str) -> str:
    return f"tone-{FLASH.get(level, FLASH['info'])[0]}"


@library.simple_tag
def flash_icon(level: str) -> SafeString:
    return svg(FLASH.get(level, FLASH["info"])[1])


@library.simple_tag
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
