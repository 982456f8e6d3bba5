"""Columns that may hold anything flat: numbers stay numbers, all else becomes categories.

A group or a class has few values, and a column with many of them is the wrong column. A feature may have as many as
there are rows; what it is, is decided from its cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.tables.arrow import NAN, NO_TEXT, as_numpy, strings
from audits.measures.tables.chunks import MISSING, Codes, Column, canonical
from audits.measures.tables.refusals import ColumnNotFlat

Floats = npt.NDArray[np.float64]
Feature = Column | Floats


def feature_of_dictionary(raw: Sequence[Any], codes: Codes, *, column: str) -> Feature:
    """A feature from a dictionary of raw cells and positions in it (-1: missing).

    Returns:
        Shape (rows,): floats with nan for "missing" where every cell is a number or missing; else categories.

    Raises:
        TableRejected: a nested cell, broken text, or a cell too long to be one value.
    """
    numbers = _numbers(raw)
    if numbers is not None:
        # the entry at the end is that of "missing"
        found: Floats = np.append(numbers, np.nan)[codes]
        return found
    positions: dict[str, int] = {}
    renumbered = np.full(len(raw) + 1, -1, dtype=np.int64)
    for number, cell in enumerate(raw):
        text = category(cell, column=column)
        if text is not None:
            renumbered[number] = positions.setdefault(text, len(positions))
    return Column(tuple(positions), renumbered[codes])


def feature_of_cells(cells: Iterable[Any], *, column: str) -> Feature:
    """A feature from Python cells, one per row."""
    positions: dict[tuple[type, Any], int] = {}
    codes = []
    for cell in cells:
        if isinstance(cell, (list, dict)):
            raise ColumnNotFlat(column, "lists or objects")
        # 1 and True are one key to Python, and not one cell here
        codes.append(-1 if cell is None else positions.setdefault((type(cell), cell), len(positions)))
    return feature_of_dictionary([cell for _, cell in positions], np.asarray(codes, dtype=np.int64), column=column)


def category(cell: object, *, column: str) -> str | None:
    """The one spelling of a cell of a categorical feature: ``1.50`` and ``1.5`` are equal among texts too."""
    text = canonical(cell, column=column)
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    # float() takes 1_000 and letters of other alphabets for digits; arrow, which reads whole columns, does not
    return canonical(number, column=column) if np.isfinite(number) and text.isascii() and "_" not in text else text


def category_of_number(number: float, *, column: str) -> str | None:
    """How a number is spelt in a column whose other cells are texts."""
    return category(repr(float(number)), column=column)


def _numbers(raw: Sequence[Any]) -> Floats | None:
    """All cells as floats, nan for missing and infinite ones; None where one of them is no number."""
    if any(isinstance(cell, (bool, bytes)) for cell in raw):
        return None
    try:
        texts = strings([cell if isinstance(cell, str) else str(cell) for cell in raw])
        texts = pc.utf8_trim_whitespace(texts)
        missing = pc.is_in(pc.utf8_lower(texts), value_set=strings(sorted(MISSING)))
        found = pc.if_else(missing, NO_TEXT, texts).cast(pa.float64())
    except (pa.ArrowException, UnicodeEncodeError, OverflowError):
        return None
    numbers = np.array(as_numpy(pc.fill_null(found, NAN)), dtype=float)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers
