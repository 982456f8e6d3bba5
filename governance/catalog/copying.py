"""Rows into tables by PostgreSQL's COPY."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.db import connection, models
from psycopg import Copy


def copy_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Write rows; a JSON column takes its text. Columns left out are null, or the database's default.

    Raises:
        DataError, UnicodeError: a value that the database does not take.
        IntegrityError: a row that is there already, or that a constraint refuses.
    """
    with _copying(model, columns) as copy:
        for row in rows:
            copy.write_row(row)


def copy_lines(model: type[models.Model], columns: Sequence[str], lines: Iterable[str]) -> None:
    """The same with rows that are written already: ``as_copied`` values between tabs, and a line break at the end.

    Raises:
        DataError, UnicodeError, IntegrityError: as ``copy_rows``.
    """
    rest = iter(lines)
    with _copying(model, columns) as copy:
        while some := "".join(islice(rest, AT_ONCE)):
            copy.write(some)


AT_ONCE = 200  # lines sent together
NULL = "\\N"


def as_copied(text: str) -> str:
    """A text as COPY reads it."""
    return text.translate(_COPIED) if _MARKS.search(text) else text


_COPIED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_MARKS = re.compile(r"[\\\n\r\t]")


@contextmanager
def _copying(model: type[models.Model], columns: Sequence[str]) -> Iterator[Copy]:
    table, listed = model._meta.db_table, ", ".join(f'"{column}"' for column in columns)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{table}" ({listed}) FROM STDIN') as copy,
    ):
        yield copy


def next_ids(model: type[models.Model], number: int) -> list[int]:
    """Ids for rows that are to be written, so that other rows can point to them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, number],
        )
        return [row[0] for row in cursor.fetchall()]


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def as_json(value: Any) -> str:
    """A value as the text of a jsonb column, which holds anything but NUL."""
    text = _encode(value)
    return _encode(_without_nul(value)) if "\\u0000" in text else text


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(inner) for name, inner in value.items()}
    return [_without_nul(inner) for inner in value] if isinstance(value, list | tuple) else value
