"""One lock for all that changes what is known of a subject."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection


def hold_subject(digest: str) -> None:
    """Wait until nobody else changes what is known of a subject, and keep it so until the transaction ends.

    The end of a run, a submission and a decision each read what the others write. Whoever takes this first, before
    any row, sees all that was committed and cannot wait crosswise.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a subject is held for a transaction; begin one first")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_key(digest)])


def hold_subjects(digests: Iterable[str]) -> None:
    """Hold several subjects, in the order of their digests: whoever holds several takes them in this order."""
    if not connection.in_atomic_block:
        raise RuntimeError("subjects are held for a transaction; begin one first")
    keys = ",".join(str(_key(digest)) for digest in sorted(set(digests)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS held (key)", [f"{{{keys}}}"])


def _key(digest: str) -> int:
    """PostgreSQL names such locks by 64 bits with a sign."""
    return int(digest[:16], 16) - 2**63
