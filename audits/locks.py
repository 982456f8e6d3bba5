"""One lock for all that changes what is known of a subject."""

from __future__ import annotations

from django.db import connection


def hold_subject(digest: str) -> None:
    """Wait until nobody else changes what is known of a subject, and keep it so until the transaction ends.

    The end of a run, a submission and a decision each read what the others write. Whoever takes this first, before
    any row, sees all that was committed and cannot wait crosswise.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a subject is held for a transaction; begin one first")
    key = int(digest[:16], 16) - 2**63  # PostgreSQL names such locks by 64 bits with a sign
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
