"""A cursor whose statements the server plans once for each connection, not once for each question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """As ``connection.cursor``, with the same counting and errors; a statement is known by its text.

    Parameters go to the server beside the statement, so where their type does not follow from it, it has to be cast.
    """
    if not settings.PREPARED_STATEMENTS:
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    connection.connection.prepare_threshold = 0  # Django's own cursors put parameters into the text and never prepare
    wrapped = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    plain: Any = psycopg.Cursor(connection.connection)
    with connection.wrap_database_errors, wrapped(plain) as cursor:
        yield cursor
