"""Digests, long names and texts as they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from governance.web.templatetags.words import plain

library = template.Library()

_BREAKS = re.compile(r"(?<=\w[_.])(?=\w)")
SHORT_DIGEST = 8
LONGEST_DIGEST = 256


@library.simple_tag
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


@library.filter
def breakable(text: object) -> SafeString:
    """A long name that may go on in the next line after an underscore or a full stop, not in the middle of a word."""
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in _BREAKS.split(str(text))))


@library.filter
def unbroken(text: object) -> SafeString:
    """A short name with hyphens, such as 2026-11, that stays in one line."""
    return format_html('<span class="nowrap">{}</span>', text)


@library.filter
def numbered(text: object, first: int = 1) -> list[dict[str, object]]:
    """The lines of a text with their numbers."""
    lines = str(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [{"number": int(first) + place, "text": line} for place, line in enumerate(lines)]


@library.filter
def under(cells: Iterable[object], columns: Iterable[object]) -> list[dict[str, object]]:
    """The cells of a table's row, each with its column."""
    return [{"value": cell, "column": column} for cell, column in zip(cells, columns, strict=False)]
