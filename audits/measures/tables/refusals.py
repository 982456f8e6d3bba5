"""What can be wrong with a table. Each refusal has a ``code`` for programs and says how to mend it."""

from __future__ import annotations

from collections.abc import Sequence

from audits.measures.naming import listed, quoted
from audits.measures.refusals import Refusal


class TableRejected(Refusal):
    """The table cannot be read or cannot support the audit; the message says how to mend it."""

    code = "table_rejected"


class NotATable(TableRejected):
    code = "not_a_table"


class NotAFile(TableRejected):
    code = "not_a_file"


class EmptyTable(TableRejected):
    code = "empty_table"


class ColumnMissing(TableRejected):
    code = "column_missing"

    def __init__(self, missing: Sequence[str], existing: Sequence[str]) -> None:
        word = "column" if len(missing) == 1 else "columns"
        super().__init__(f"the table has no {word} {listed(missing)}; it has {listed(existing)}")


class DuplicateColumn(TableRejected):
    code = "duplicate_column"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the column name {quoted(name)} occurs more than once; rename one, so that it is clear which is meant"
        )


class ColumnNotFlat(TableRejected):
    code = "column_not_flat"

    def __init__(self, name: str, found: str) -> None:
        super().__init__(f"column {quoted(name)} holds {found}; one text, number or yes/no per row is needed")


class NotUtf8(TableRejected):
    code = "not_utf8"

    def __init__(self, where: str, *, found: str = "") -> None:
        super().__init__(f"{where} is not UTF-8{found}; save the table as UTF-8 and upload it again")


class NulBytes(TableRejected):
    code = "nul_bytes"

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} holds NUL bytes; that is a binary, damaged or UTF-16 file: export it as UTF-8 text or parquet"
        )


class RaggedRow(TableRejected):
    code = "ragged_row"

    def __init__(self, row: int, expected: int, found: int) -> None:
        super().__init__(
            f"row {row} has {found} cells where the header has {expected}; quote cells that hold the separator"
        )


class UnclosedQuote(TableRejected):
    code = "unclosed_quote"

    def __init__(self, row: int, lines: int) -> None:
        super().__init__(
            f"row {row} has a quote that is not closed: what follows it, {lines:,} lines, would be read as one cell; "
            "close the quote or double it, or leave that column out"
        )


class RowTooLong(TableRejected):
    code = "row_too_long"

    def __init__(self, row: int, limit: int) -> None:
        super().__init__(
            f"row {row} does not end within {limit >> 20} MB; close its quotes, or leave the column of long texts out"
        )


class CellTooLong(TableRejected):
    code = "cell_too_long"

    def __init__(self, column: str, length: int, limit: int) -> None:
        super().__init__(
            f"a cell of column {quoted(column)} has {length} characters, more than {limit}; is it the right column?"
        )


class BadLine(TableRejected):
    code = "bad_json_line"

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line} is not one JSON object: {why}")


class NotANumber(TableRejected):
    code = "not_a_number"

    def __init__(self, column: str, found: object = None) -> None:
        said = "" if found is None else f" such as {quoted(found)}"
        super().__init__(f"column {quoted(column)} holds what is not a number{said}; it needs a number in every row")


class TooManyValues(TableRejected):
    """A column that should name a few groups or classes has a different value in nearly every row."""

    code = "too_many_values"

    def __init__(self, column: str, limit: int, examples: Sequence[object]) -> None:
        super().__init__(
            f"column {quoted(column)} has more than {limit} different values, such as {listed(examples[:3])}"
        )
        self.column = column
        self.limit = limit
        self.examples = tuple(examples[:3])


class TooLarge(TableRejected):
    code = "table_too_large"


class TooManyColumns(TableRejected):
    code = "too_many_columns"

    def __init__(self, found: int, limit: int) -> None:
        super().__init__(
            f"the table has {found:,} columns; at most {limit:,} are read at once: leave columns out, or audit them in"
            " parts"
        )


def require_encodable(name: str) -> None:
    """Refuse a column's name that no document can hold.

    Raises:
        NotUtf8: half of a surrogate pair, as an escape of JSON or a byte that is no UTF-8 on the command line leaves.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise NotUtf8(f"the column name {quoted(name)}") from None
