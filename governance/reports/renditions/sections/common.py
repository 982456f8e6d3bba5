"""What the sections of a report have alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from governance.reports.renditions import markup
from governance.web.templatetags import figures

Item = Mapping[str, Any]
IN_A_TABLE = 200
# How much of a reason, or of what stands in its place, is printed.
LONGEST_PRINTED = 400
END = "</section>\n"


def begin(number: int, title: str, *, key: str) -> str:
    return f'<section class="sheet" id="{key}"><h2>{number} {markup.text(title)}</h2>\n'


def note(sentence: str) -> str:
    return f'<p class="note">{markup.text(sentence)}</p>\n'


def left_to_annex(shown: int, total: int) -> str:
    """What a print leaves out, in a sentence; nothing where it leaves nothing out."""
    if shown >= total:
        return ""
    told = _("%(shown)s of %(total)s are printed; all of them stand in the full annex.")
    return note(told % {"shown": figures.number(shown), "total": figures.number(total)})


def subject(of: Item | None) -> str:
    """A version: its name and the beginning of its commit."""
    if not of:
        return markup.quiet("–")
    return f"{markup.name(of['id'])} {markup.code(of['revision'][:8])}"


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Rows by some hundreds: a table as long as the inventory would have to be read whole before it is shown."""
    waiting = iter(items)
    while rows := list(islice(waiting, IN_A_TABLE)):
        yield rows


def room_after(room: int | None, lines: int) -> tuple[int | None, bool]:
    """What is left of a budget after so many lines, and whether they fit."""
    if room is None:
        return None, True
    return room - lines, lines <= room


def cut(written: str, brief: bool) -> str:
    return written[:LONGEST_PRINTED] + "…" if brief and len(written) > LONGEST_PRINTED else written


def family_of(kind: str) -> str:
    return {"license": "licence", "ll144": "ll144"}.get(kind, "verdict")
