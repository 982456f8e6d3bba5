"""Tables that are opened in a spreadsheet by somebody who trusts us more than the cells in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

# What a spreadsheet takes for a formula, at the beginning of a cell.
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide signs are meant

_NO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"


def defused(cell: object) -> str:
    """A cell that a spreadsheet shows and does not run: an apostrophe before what it would take for a formula.

    Numbers stay as they are, negative ones too; None is an empty cell.

    >>> defused("=1+1"), defused(-0.5), defused(None), defused(" @x")
    ("'=1+1", '-0.5', '', "' @x")
    """
    if cell is None:
        return ""
    if isinstance(cell, (bool, int, float)):
        return str(cell).lower() if isinstance(cell, bool) else str(cell)
    text = str(cell)
    # blanks and signs of no width before a formula do not keep it from being one
    bare = text.lstrip().lstrip(_NO_WIDTH)
    return "'" + text if text.startswith(_BEGINS_FORMULA) or bare.startswith(_BEGINS_FORMULA) else text


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A csv file, every cell defused, lines ended by CR LF (RFC 4180)."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([defused(name) for name in head])
    writer.writerows([defused(cell) for cell in row] for row in rows)
    return written.getvalue()
