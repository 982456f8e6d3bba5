"""One lock between changing the policies and letting something through under them."""

from __future__ import annotations

from django.db import connection

# A lock of two numbers, apart from those of single subjects, which have one, and from that of all subjects.
_POLICIES = (2, 0)


def hold_still() -> None:
    """Wait until nobody changes the policies, and let nobody until the transaction ends.

    It comes first in its transaction: who changes policies waits for rows that others hold.
    """
    _lock("pg_advisory_xact_lock_shared")


def try_hold_still() -> bool:
    """As ``hold_still``, in the middle of a transaction: it does not wait. Whether nobody changes the policies."""
    return bool(_lock("pg_try_advisory_xact_lock_shared"))


def hold_for_change() -> None:
    """Wait until nothing is being let through, and let nothing until the transaction ends. It comes first in it."""
    _lock("pg_advisory_xact_lock")


def _lock(function: str) -> object:
    if not connection.in_atomic_block:
        raise RuntimeError("policies are held for a transaction; begin one first")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", _POLICIES)
        return cursor.fetchone()[0]
