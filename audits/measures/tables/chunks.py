"""What every reader hands on: some rows, the wanted columns of them factorised."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from audits.measures.naming import quoted
from audits.measures.tables.refusals import (
    CellTooLong,
    ColumnNotFlat,
    NotANumber,
    NotUtf8,
    NulBytes,
    TooManyValues,
)

Codes = npt.NDArray[np.int64]

# A cell that names a group, a class or a decision. What is longer is free text, and the wrong column.
MAX_CELL = 1_000
# Different values of one column within one chunk; audits have narrower limits of their own.
MAX_VALUES = 1_000
# Different keys, such as of people or templates, within one chunk.
MAX_KEYS = 10_000_000

# What pandas, R and databases write where nothing is known. "None" is not among them: it can be a real answer.
MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "<na>", "\\n"})
# Every column of a table, whatever its names.
ALL = "all"
Texts = Sequence[str] | str

_WHOLE_FLOAT = re.compile(r"([+-]?[0-9]+)\.0+")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which columns of a table are read, and as what: see ``opening.open_table``."""

    columns: tuple[str, ...]
    numbers: tuple[str, ...]
    features: tuple[str, ...]
    present: tuple[str, ...]
    texts: Texts
    maybe: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def named_texts(self) -> tuple[str, ...]:
        """The columns of ``texts`` that are called by their names."""
        return () if self.texts == ALL else tuple(self.texts)

    @property
    def needed(self) -> list[str]:
        """What a table has to have, each once."""
        named = (*self.columns, *self.numbers, *self.features, *self.present, *self.named_texts)
        return list(dict.fromkeys(named))

    def most(self, name: str) -> int:
        """How many different values one of ``columns`` may have in a chunk."""
        return MAX_KEYS if name in self.keys else MAX_VALUES


@dataclass(frozen=True)
class Column:
    """One column of a chunk.

    ``codes`` has shape (rows,) and holds positions in ``values``; -1 stands for "missing". ``values`` are canonical
    (see ``canonical``) and all different.
    """

    values: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True)
class Chunk:
    """Some rows: ``columns`` factorised, ``numbers`` as floats with nan for "missing", ``texts`` cells as they are.

    ``texts`` are arrays of the file's own type (text in csv), with null where the file has none; a column that is all
    null in these rows of a json-lines file may be absent. ``features`` are columns of either sort, as their cells are.
    """

    rows: int
    columns: Mapping[str, Column]
    numbers: Mapping[str, npt.NDArray[np.float64]]
    texts: Mapping[str, pa.Array] = field(default_factory=dict)
    features: Mapping[str, Column | npt.NDArray[np.float64]] = field(default_factory=dict)


def canonical(cell: object, *, column: str) -> str | None:
    """One spelling for equal cells of different files, or None for a missing one.

    Surrounding blanks go; ``1``, ``1.0`` and a parquet 1.0 are ``1``; true and false are lower case whatever wrote
    them. Other texts stay as they are: ``White`` and ``white`` are two groups until the person who owns the table
    says otherwise.

    Raises:
        TableRejected: a nested cell, a NUL character, broken text, or a cell longer than ``MAX_CELL``.
    """
    if cell is None:
        return None
    if isinstance(cell, bytes):
        try:
            cell = cell.decode()
        except UnicodeDecodeError:
            raise NotUtf8(f"column {quoted(column)}") from None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if math.isnan(cell):
            return None
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, (list, dict, tuple, set)):
        raise ColumnNotFlat(column, "lists or objects")
    return _canonical_text(str(cell), column=column)


def _canonical_text(text: str, *, column: str) -> str | None:
    if len(text) > MAX_CELL:
        raise CellTooLong(column, len(text), MAX_CELL)
    if "\0" in text:
        raise NulBytes(f"column {quoted(column)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotUtf8(f"column {quoted(column)}") from None
    text = text.strip()
    folded = text.lower()
    if folded in MISSING:
        return None
    if folded in ("true", "false"):
        return folded
    whole = _WHOLE_FLOAT.fullmatch(text)
    return str(int(whole[1])) if whole else text


def factorised(raw: Sequence[Any], codes: Codes, *, column: str, most: int = MAX_VALUES) -> Column:
    """A column from a dictionary of raw cells and positions in it (-1: missing), its values made canonical."""
    if len(raw) > most:
        raise TooManyValues(column, most, [cell for cell in raw[:3]])
    positions: dict[str, int] = {}
    # one entry more than raw cells, so that the code -1 finds "missing" at the end
    renumbered = np.full(len(raw) + 1, -1, dtype=np.int64)
    for number, cell in enumerate(raw):
        text = canonical(cell, column=column)
        if text is not None:
            renumbered[number] = positions.setdefault(text, len(positions))
    return Column(tuple(positions), renumbered[codes])


def column_of_cells(cells: Iterable[Any], *, column: str, most: int = MAX_VALUES) -> Column:
    """A column from Python cells, one per row."""
    positions: dict[Any, int] = {}
    raw: list[Any] = []
    codes: list[int] = []
    for cell in cells:
        if cell is None:
            codes.append(-1)
            continue
        if isinstance(cell, (list, dict)):
            raise ColumnNotFlat(column, "lists or objects")
        # 1, 1.0 and True are one key to Python, and not one cell here
        key = (type(cell), cell)
        code = positions.get(key)
        if code is None:
            code = positions[key] = len(raw)
            raw.append(cell)
            if len(raw) > most:
                raise TooManyValues(column, most, raw)
        codes.append(code)
    return factorised(raw, np.asarray(codes, dtype=np.int64), column=column, most=most)


def numbers_of_cells(cells: Iterable[Any], *, column: str) -> npt.NDArray[np.float64]:
    """Floats from Python cells, one per row; nan where missing."""
    numbers = []
    for cell in cells:
        if cell is None or (isinstance(cell, str) and cell.strip().lower() in MISSING):
            numbers.append(math.nan)
            continue
        if isinstance(cell, (list, dict)):
            raise ColumnNotFlat(column, "lists or objects")
        try:
            numbers.append(float(cell))
        except (ValueError, OverflowError, TypeError):
            raise NotANumber(column, cell) from None
    return np.asarray(numbers, dtype=float)


def texts_of_cells(cells: Iterable[Any], *, column: str) -> npt.NDArray[np.object_]:
    """Texts from Python cells as they stand, one per row; None where there is nothing but blanks.

    Numbers and yes/no of parquet and JSON are spelled as in ``canonical``, so that an id is the same in every format.

    Raises:
        TableRejected: a nested cell, a NUL character or broken text.
    """
    texts = [_text_of(cell, column) for cell in cells]
    made = np.empty(len(texts), dtype=object)
    made[:] = texts
    return made


def _text_of(cell: Any, column: str) -> str | None:
    if not isinstance(cell, str):
        return canonical(cell, column=column)
    if "\0" in cell:
        raise NulBytes(f"column {quoted(column)}")
    try:
        cell.encode()
    except UnicodeEncodeError:
        raise NotUtf8(f"column {quoted(column)}") from None
    return cell if cell.strip() else None
