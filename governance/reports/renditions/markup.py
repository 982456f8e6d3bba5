"""Pieces of a report's HTML.

Written out and not by templates: a report of ten thousand versions has hundreds of thousands of rows, and a template
costs each of them ten times as much. Every function takes plain text and gives markup; what comes from a document is
escaped here and nowhere else, and names of other people's making are isolated (``<bdi>``), so that their direction
cannot turn what stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from governance.web.templatetags import charts, figures
from governance.web.templatetags.words import look_up

# Shapes that every printer has: colour is never the only sign.
MARKS = {"pass": "✓", "warn": "▲", "fail": "✕", "open": "◐", "wait": "○", "none": "–", "seal": "●"}
SHORT_DIGEST = 12
CHART_WIDTH, CHART_HEIGHT = 120, 14
LONGEST_TEXT = 4000
# More columns than a narrow screen has room for; of words, not even as many.
MOST_NARROW = 4


def text(value: object) -> str:
    """Words of ours."""
    return escape(str(value))


def name(value: object) -> str:
    """What others have written: a name, a reason, a category."""
    shown = str(value)
    if len(shown) > LONGEST_TEXT:
        shown = shown[: LONGEST_TEXT - 1] + "…"
    return f"<bdi>{escape(shown)}</bdi>"


def passage(clean: SafeString) -> str:
    """What a card says, of safe HTML; each block of it ends what turns the direction."""
    return (
        f'<div class="card" dir="auto">{clean}</div>\n'
        if clean
        else f"<p>{quiet(_('nothing that can be shown'))}</p>\n"
    )


def quiet(words: object) -> str:
    return f'<span class="quiet">{escape(str(words))}</span>'


def code(value: object) -> str:
    return f"<code>{escape(str(value))}</code>"


def digest(value: object) -> str:
    """The beginning of a digest; the whole stands in the document."""
    shown = str(value or "")
    return f'<code title="{escape(shown)}">{escape(shown[:SHORT_DIGEST])}</code>' if shown else quiet(_("none"))


def full_digest(value: object) -> str:
    return f'<code class="whole">{escape(str(value))}</code>' if value else quiet(_("none"))


def status(word: object, family: str = "") -> str:
    """A verdict or state: shape and word."""
    shown = look_up(word, family)
    return f'<span class="status {shown.tone}"><i>{MARKS.get(shown.tone, "–")}</i> {escape(str(shown.label))}</span>'


def word(value: object, family: str) -> str:
    return escape(str(look_up(value, family).label))


def day(value: object, *, time: bool = False) -> str:
    """A moment in words."""
    found = figures.moment(value)
    if found is None:
        return quiet(_("not known"))
    # the style sheet keeps it in one line, and lets a narrow column of a print break it between its words
    shown = figures.day(found).replace(figures.NO_BREAK, " ")
    if time and hasattr(found, "hour"):
        shown = f"{shown}, {found:%H:%M}"
    return f'<time datetime="{found.isoformat()}">{escape(shown)}</time>'


def person(reference: object) -> str:
    """A person as the ledger names them; the system where nobody acted."""
    if not reference:
        return text(_("the system"))
    return f"<code>{escape(str(reference)[:SHORT_DIGEST])}</code>"


def chart(
    scale: charts.Scale, value: object, low: object, high: object, *, tone: str = "", limit: object = None
) -> str:
    """One estimate with its interval on a scale that the rows of a table share: the same figures stand beside it."""
    amount = figures.measured(value)
    if amount is None:
        return ""
    parts = [f'<line x1="0.5" x2="0.5" y1="0" y2="{CHART_HEIGHT}" stroke="#8b8d86" stroke-width="1"/>']
    if figures.measured(limit) is not None:
        x = _x(scale, limit)
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="0" y2="{CHART_HEIGHT}" stroke="currentColor" stroke-width="1"'
            ' stroke-dasharray="3 2"/>'
        )
    if figures.measured(low) is not None and figures.measured(high) is not None:
        ends = f'x1="{_x(scale, low)}" x2="{_x(scale, high)}"'
        parts.append(f'<line {ends} y1="7" y2="7" stroke="currentColor" stroke-width="2.5"/>')
    x = _x(scale, value)
    if tone == "fail":
        parts.append(f'<path d="M{x} 2l5 5-5 5-5-5z" fill="currentColor"/>')
    elif tone in ("open", "none"):
        parts.append(f'<circle cx="{x}" cy="7" r="3.5" fill="none" stroke="currentColor" stroke-width="1.5"/>')
    else:
        parts.append(f'<circle cx="{x}" cy="7" r="3.5" fill="currentColor"/>')
    size = f'width="{CHART_WIDTH}" height="{CHART_HEIGHT}" viewBox="0 0 {CHART_WIDTH} {CHART_HEIGHT}"'
    return f'<svg class="{tone or "ink"}" {size} aria-hidden="true">{"".join(parts)}</svg>'


def _x(scale: charts.Scale, value: object) -> str:
    share = (float(value) - scale.start) / (scale.end - scale.start)  # type: ignore[arg-type]  # measured before
    return f"{min(max(share, 0.0), 1.0) * (CHART_WIDTH - 10) + 5:.1f}"


def table(caption: object, head: Sequence[str], rows: Iterable[Sequence[str]], *, kinds: str = "") -> str:
    """A table of cells that are markup already.

    Args:
        kinds: one letter for each column: ``t`` text, ``w`` text that is long, ``n`` number, ``c`` chart; the first is
            the row's heading.
    """
    kinds = kinds or "t" * len(head)
    # On a narrow screen such a table is moved within its frame, and not squeezed until its words break.
    is_wide = len(head) > MOST_NARROW or len(head) - kinds.count("n") >= MOST_NARROW
    classes = ["" if kind == "t" else f' class="{kind}"' for kind in kinds]
    made = [
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(str(caption))}">' if is_wide else "",
        f"<table{_sort(kinds)}><caption>{escape(str(caption))}</caption><thead><tr>",
        *(f'<th scope="col"{mark}>{escape(label)}</th>' for label, mark in zip(head, classes, strict=True)),
        "</tr></thead><tbody>",
    ]
    for row in rows:
        cells = "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(row[1:], classes[1:], strict=True))
        made.append(f'<tr><th scope="row"{classes[0]}>{row[0]}</th>{cells}</tr>')
    made.append("</tbody></table></div>\n" if is_wide else "</tbody></table>\n")
    return "".join(made)


def _sort(kinds: str) -> str:
    """The class of a table by how many of its columns have most to say: on paper those are given the most room."""
    known = {(1, len(kinds)): "one", (2, 3): "two", (2, 4): "two-of-four", (3, 4): "three-of-four"}
    sort = known.get((kinds.count("w"), len(kinds)))
    return f' class="{sort}"' if sort else ""


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Labels with values that are markup already."""
    return f"<dl>{''.join(f'<div><dt>{escape(label)}</dt><dd>{value}</dd></div>' for label, value in rows)}</dl>\n"
