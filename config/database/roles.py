"""Two roles: the owner makes and changes tables, the application only uses them.

What must never change (ledger, decisions, published policies, versions) is protected twice: by triggers, which stop
the owner as well, and by rights that the application's role does not have. This module gives and takes those rights.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from config import embedded
from config.environment import servers, values

# Tables, views and sequences of schema public whose rights are not as they should be. A trigger's name says
# what its table is: see governance.ledger.protection.
DIFFERENCES = """
    WITH tables AS (
        SELECT c.oid, quote_ident(relname) AS name,
            NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'immutable_rows') AS may_update,
            NOT EXISTS (
                SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname IN ('immutable_rows', 'frozen_columns')
            ) AS may_delete
        FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
    )
    SELECT 'TABLE', name, may_update, may_delete FROM tables
    WHERE NOT has_table_privilege(%(role)s, oid, 'SELECT')
        OR NOT has_table_privilege(%(role)s, oid, 'INSERT')
        OR may_update <> has_table_privilege(%(role)s, oid, 'UPDATE')
        OR may_delete <> has_table_privilege(%(role)s, oid, 'DELETE')
        OR has_table_privilege(%(role)s, oid, 'TRUNCATE')
    UNION ALL
    SELECT 'SEQUENCE', quote_ident(relname), FALSE, FALSE FROM pg_class
    -- AND in SQL promises no order, and the second question may be asked of sequences only
    WHERE CASE WHEN relnamespace = 'public'::regnamespace AND relkind = 'S'
        THEN NOT has_sequence_privilege(%(role)s, oid, 'USAGE') ELSE FALSE END
"""


def application_role() -> str | None:
    """The role that the product signs in as where another one migrates; None where one role does both."""
    if settings.EMBEDDED:
        return embedded.APPLICATION
    if servers.owner_database() is None:
        return None
    return str(servers.database(values.text("DATABASE_URL"))["USER"])


def owns_tables(connection: BaseDatabaseWrapper, role: str) -> bool:
    """Whether a role may do all that the present one may: it is the same, a member of it, or a superuser."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(oid, current_user, 'MEMBER') FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
    return found is not None and bool(found[0])


def grant_application_role(connection: BaseDatabaseWrapper, role: str) -> None:
    """Let a role use all tables of schema public, but not change what is protected. Can be repeated at will.

    A table with a trigger ``immutable_rows`` can be read and added to; one with ``frozen_columns`` can be updated as
    well, as far as its trigger lets pass. No table can be emptied by TRUNCATE. A role that does not exist, or that
    may do all that the owner may, is left as it is.
    """
    if owns_tables(connection, role):
        return
    to = connection.ops.quote_name(role)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT has_schema_privilege(oid, 'public', 'USAGE') FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found is None:
            return
        if not found[0]:
            cursor.execute(f"GRANT USAGE ON SCHEMA public TO {to}")
        cursor.execute(DIFFERENCES, {"role": role})
        for kind, name, may_update, may_delete in cursor.fetchall():
            if kind == "SEQUENCE":
                cursor.execute(f"GRANT USAGE ON SEQUENCE public.{name} TO {to}")
                continue
            rights = ["SELECT", "INSERT", *["UPDATE"] * may_update, *["DELETE"] * may_delete]
            cursor.execute(f"REVOKE ALL ON public.{name} FROM {to}")
            cursor.execute(f"GRANT {', '.join(rights)} ON public.{name} TO {to}")


@contextmanager
def signed_in_as_owner(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Have a connection be the tables' owner for a while, to the same database."""
    before = connection.settings_dict
    as_owner = _owner_settings(before)
    if as_owner["USER"] == before["USER"] or connection.in_atomic_block:
        yield
        return
    connection.close()
    connection.settings_dict = as_owner
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


def _owner_settings(now: dict[str, Any]) -> dict[str, Any]:
    owner = servers.database(embedded.owner_url()) if settings.EMBEDDED else servers.owner_database()
    if owner is None:
        return now
    options = {name: value for name, value in now["OPTIONS"].items() if name != "pool"}
    address = {name: owner[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
    return {**now, **address, "OPTIONS": {**options, **owner["OPTIONS"]}}
