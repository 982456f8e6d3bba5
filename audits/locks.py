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
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0), pg_advisory_xact_lock(%s)", [_ALL, _key(digest)])


def hold_subjects(digests: Iterable[str]) -> None:
    """Hold several subjects, in the order of their digests: whoever holds several takes them in this order."""
    if not connection.in_atomic_block:
        raise RuntimeError("subjects are held for a transaction; begin one first")
    keys = ",".join(str(_key(digest)) for digest in sorted(set(digests)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [_ALL])
        cursor.execute("SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS held (key)", [f"{{{keys}}}"])


def try_hold_subjects(digests: Iterable[str]) -> set[str]:
    """Hold those of several subjects that nobody else holds at this moment; which they are. It waits for none."""
    if not connection.in_atomic_block:
        raise RuntimeError("subjects are held for a transaction; begin one first")
    keys = {_key(digest): digest for digest in digests}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [_ALL])
        cursor.execute(
            "SELECT key, pg_try_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS asked (key)",
            [f"{{{','.join(map(str, sorted(keys)))}}}"],
        )
        return {keys[key] for key, is_held in cursor.fetchall() if is_held}


def hold_every_subject() -> None:
    """Wait until nobody holds any subject, and let nobody until the transaction ends.

    For what concerns thousands at once. It comes first in its transaction: nobody waits for it while holding a subject.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("subjects are held for a transaction; begin one first")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_ALL])


# Locks of two numbers are apart from those of one, by which single subjects are held.
_ALL = 1


def _key(digest: str) -> int:
    """PostgreSQL names such locks by 64 bits with a sign."""
    return int(digest[:16], 16) - 2**63
