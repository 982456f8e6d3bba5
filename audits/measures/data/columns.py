"""What each column of a table is: number, category, text, a name for rows, nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from audits.measures.tables.arrow import FALSE, MINUS_ONE, as_numpy, positions
from audits.measures.tables.loading import Loaded

Codes = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]

# A column reads as text from so many characters on average, if most of its cells differ.
TEXT_LENGTH = 25
# A column with as good as one value per row names rows; one with more values than this is no small set of classes.
ID_SHARE = 0.99
MANY_VALUES = 100
MIN_ROWS = 30
# Characters that composing leaves as they are and that join no other: Latin, Cyrillic, punctuation, kana, Han, Hangul.
COMPOSED = (
    r"\x{0}-\x{2ff}\x{400}-\x{482}\x{48a}-\x{52f}\x{2010}-\x{2027}\x{2030}-\x{205e}\x{3041}-\x{3096}"
    r"\x{30a1}-\x{30fa}\x{4e00}-\x{9fff}\x{ac00}-\x{d7a3}"
)


@dataclass(frozen=True)
class Column:
    """One column with its cells as canonical texts, and what it looks like."""

    name: str
    texts: pa.Array
    numbers: Array | None

    @cached_property
    def encoded(self) -> tuple[pa.Array, Codes]:
        """Different cells (``normalised``), sorted, and each row's position among them; -1 for missing."""
        array = normalised(self.texts).dictionary_encode()
        codes = as_numpy(pc.fill_null(array.indices.cast(pa.int64()), MINUS_ONE))
        # sorted, so that nothing depends on the order of rows; the code -1 finds the last place
        order = as_numpy(pc.array_sort_indices(array.dictionary)).astype(np.int64)
        place = np.full(order.size + 1, -1, dtype=np.int64)
        place[order] = np.arange(order.size)
        return array.dictionary.take(positions(order)), place[codes]

    @property
    def cells(self) -> pa.Array:
        """Different cells, sorted."""
        return self.encoded[0]

    @cached_property
    def values(self) -> list[str]:
        """Different cells, sorted, as Python's texts."""
        return list(self.cells.to_pylist())

    @property
    def codes(self) -> Codes:
        return self.encoded[1]

    @property
    def rows(self) -> int:
        return len(self.texts)

    @property
    def missing(self) -> int:
        return int(self.texts.null_count)

    @property
    def present(self) -> int:
        return self.rows - self.missing

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """Rows of each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    @cached_property
    def mean_length(self) -> float:
        found = pc.mean(pc.utf8_length(self.texts)).as_py()
        return 0.0 if found is None else float(found)

    @property
    def is_empty(self) -> bool:
        return self.present == 0

    @property
    def is_constant(self) -> bool:
        return len(self.values) == 1 and self.missing == 0

    @property
    def is_text(self) -> bool:
        return self.numbers is None and self.mean_length >= TEXT_LENGTH and 2 * len(self.values) > self.present > 0

    @property
    def is_id_like(self) -> bool:
        """As good as every row has a value of its own, and the values are no measurements and no sentences."""
        if self.present < MIN_ROWS or len(self.values) < ID_SHARE * self.present or self.is_text:
            return False
        if self.numbers is None:
            # titles and answers that repeat now and then have blanks, codes have none
            blanks = pc.sum(pc.match_substring(self.texts, " ")).as_py() or 0
            return bool(len(self.values) == self.present or 2 * blanks <= self.present)
        known = self.numbers[~np.isnan(self.numbers)]
        # a double beyond 2**63 is always whole, and never a number of something
        return bool(((known == np.floor(known)) & (np.abs(known) < 2.0**63)).all())

    @property
    def kind(self) -> str:
        if self.is_empty:
            return "empty"
        if self.is_constant:
            return "constant"
        if self.is_id_like:
            return "id"
        if self.is_text:
            return "text"
        return "number" if self.numbers is not None else "category"

    def as_row(self) -> dict[str, Any]:
        """The column as a row of the document."""
        return {
            "column": self.name,
            "kind": self.kind,
            "rows": self.rows,
            "missing": self.missing,
            "values": len(self.values),
        }


def columns_of(table: Loaded) -> dict[str, Column]:
    """All columns of a table, by name."""
    return {name: Column(name, table.texts(name), table.numbers(name)) for name in table.names}


def normalised(texts: pa.Array) -> pa.Array:
    """Texts that people would call equal made equal: composed characters (NFC), every run of blanks one blank."""
    # most texts need neither, and looking costs far less than writing them anew
    loose = pc.match_substring_regex(texts, f"[^{COMPOSED}]")
    composed = _changed(texts, loose, lambda some: pc.utf8_normalize(some, form="NFC"))
    uneven = pc.match_substring_regex(composed, r"[\t\n\f\r]|  ")
    return _changed(composed, uneven, lambda some: pc.replace_substring_regex(some, r"\s+", " "))


def _changed(texts: pa.Array, which: pa.Array, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Texts with some of them changed; null is none of them."""
    chosen = pc.fill_null(which, FALSE)
    return pc.replace_with_mask(texts, chosen, change(texts.filter(chosen))) if pc.any(chosen).as_py() else texts


def combined(columns: list[Column]) -> tuple[Codes, int]:
    """Rows with equal cells in all of the columns get equal numbers; shape (rows,), and how many numbers there are.

    Exact, not a hash: columns are joined two by two and renumbered. Missing cells are equal to each other.
    """
    joined = np.zeros(columns[0].rows, dtype=np.int64)
    groups = 1
    for column in columns:
        # both factors are at most the number of rows plus one, far from the end of 64 bits
        keys, joined = np.unique(joined * (len(column.values) + 1) + column.codes + 1, return_inverse=True)
        groups = keys.size
        if groups == column.rows:
            break
    return joined.astype(np.int64), groups
