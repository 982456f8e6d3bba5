"""A report as one HTML file: no scripts, its style sheet inside, light and dark on the screen, A4 on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from governance.reports.renditions import markup, selection
from governance.reports.renditions import wording as words
from governance.reports.renditions.sections import closing, front, in_full, records
from governance.reports.renditions.source import Source
from governance.reports.shapes import LANGUAGES

END = "</main></body></html>\n"
CSS = Path(settings.BASE_DIR) / "static" / "css"
_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
_TOKEN = re.compile(r"(--[\w-]+):\s*([^;]+);")


def complete(source: Source, *, language: str) -> Iterator[str]:
    """The whole report, sections 0 to 8, as pieces of text. Memory does not grow with it."""
    # Words are looked up while pieces are made, so the language is set for each of them.
    yield from _in(language, source, lambda: _complete(source))


def brief(source: Source, *, language: str, chosen: selection.Selection) -> Iterator[str]:
    """What is printed: sections 0, 1 and 4 to 7, then in full only what changed, failed, expired or was waived."""
    yield from _in(language, source, lambda: _brief(source, chosen))


def _complete(source: Source) -> Iterator[str]:
    document = source.document
    yield _head(source, for_print=False)
    yield from front.cover(source, brief=False)
    yield from front.summary(document, most=None)
    yield from in_full.inventory(document)
    yield from in_full.versions(document, chosen=None)
    yield from records.decisions(document, lines=None)
    yield from records.exceptions(document, lines=None)
    yield from records.not_checked(document, lines=None)
    yield from closing.control_matrix(document)
    yield from closing.reproduction(document)
    yield END


def _brief(source: Source, chosen: selection.Selection) -> Iterator[str]:
    document, budget = source.document, chosen.budget
    yield _head(source, for_print=True)
    yield from front.cover(source, brief=True)
    yield from front.summary(document, most=budget.differences)
    yield from records.decisions(document, lines=budget.decisions)
    yield from records.exceptions(document, lines=budget.exceptions)
    yield from records.not_checked(document, lines=budget.not_checked)
    yield from closing.control_matrix(document)
    yield from in_full.versions(document, chosen=chosen)
    yield END


def _in(language: str, source: Source, made: Any) -> Iterator[str]:
    """Make pieces in a language and in the report's time zone, and leave the caller's untouched between them."""
    if language not in LANGUAGES:
        raise ValueError(f"reports are drawn in {' and '.join(LANGUAGES)}, not in {language!r}")
    pieces = made()
    while True:
        with translation.override(language), timezone.override(source.document.cover["period"]["time_zone"]):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _head(source: Source, *, for_print: bool) -> str:
    told = source.document.cover
    title = f"{_('Model audit report')}, {words.period_title(told['period'])}"
    running = f"{told['product']} · {told['period']['label']} · {_('Edition %(n)s') % {'n': told['edition']}}"
    heads = running_heads(running, f"sha256 {source.sha256[:32]}…")
    return head(title, style=(print_style() if for_print else screen_style()) + heads, nav=not for_print)


def head(title: str, *, style: str, nav: bool = False) -> str:
    """The beginning of a page that stands alone, up to its ``main``."""
    return (
        f'<!doctype html>\n<html lang="{translation.get_language()}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{markup.text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{_contents() if nav else ''}<main>\n"
    )


def _contents() -> str:
    parts = [
        ("summary", _("Summary")),
        ("inventory", _("Inventory")),
        ("versions", _("Versions in full")),
        ("decisions", _("Decisions")),
        ("exceptions", _("Exceptions")),
        ("not-checked", _("What was not checked")),
        ("control-matrix", _("Control matrix")),
        ("reproduction", _("How to make it again")),
    ]
    links = "".join(f'<li><a href="#{key}">{markup.text(title)}</a></li>' for key, title in parts)
    return f'<nav aria-label="{markup.text(_("Sections"))}"><ol>{links}</ol></nav>\n'


def running_heads(left: str, right: str) -> str:
    """What stands on every printed page. The words are the product's own; what CSS could misread is left out."""
    told = [re.sub(r"[^\w .,:·…/–-]", "", words_) for words_ in (left, right)]
    return (
        f'\n@page {{ @top-left {{ content: "{told[0]}"; }} @bottom-left {{ content: "{told[1]}"; }}'
        ' @bottom-right { content: counter(page) " / " counter(pages); } }'
        "\n@page :first { @top-left { content: none; } }\n"
    )


@cache
def screen_style() -> str:
    """The style sheet with the product's tokens, so that a file that is kept looks the same in ten years."""
    return f"\n{_plain(CSS / 'tokens.css')}\n{_plain(CSS / 'report.css')}"


@cache
def print_style() -> str:
    """The same for paper: the tokens of the light theme set in, which spares the printing process most of its time."""
    tokens = dict(_TOKEN.findall(_plain(CSS / "tokens.css").split("@media", 1)[0]))
    sheet = _plain(CSS / "report.css")
    for _round in range(3):
        sheet = _VARIABLE.sub(lambda found: tokens.get(found[1], "inherit").strip(), sheet)
    return f"\n{sheet}"


def _plain(path: Path) -> str:
    """A style sheet without comments."""
    return re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL).strip()
