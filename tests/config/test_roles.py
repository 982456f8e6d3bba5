"""The application's role uses the tables and cannot change what is protected; shown signed in as that role."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from config import embedded
from config.database import roles

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not settings.EMBEDDED, reason="DATABASE_URL is set: its roles are its administrator's"),
]
TABLES = {
    "kept": "CREATE TRIGGER immutable_rows BEFORE UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION assay_refuse_change()",
    "partly_kept": "CREATE TRIGGER frozen_columns BEFORE UPDATE ON {} FOR EACH ROW "
    "EXECUTE FUNCTION assay_refuse_frozen('{{note}}')",
    '"odd Name"': "SELECT 1",
}


@pytest.fixture
def tables() -> Iterator[None]:
    """Three tables that nobody has given rights on: one immutable, one with frozen columns, one plain."""
    with connection.cursor() as cursor:
        for name, protection in TABLES.items():
            cursor.execute(f"CREATE TABLE {name} (id bigserial PRIMARY KEY, note text)")
            cursor.execute(protection.format(name))
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {', '.join(TABLES)}")


def refused(application: psycopg.Connection[Any], statement: str) -> bool:
    """Whether the right is lacking; a trigger's refusal is another error and does not count."""
    try:
        application.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def test_the_application_is_no_superuser_and_makes_no_databases(application):
    row = application.execute(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()

    assert row == (False, False, False, False)
    assert refused(application, "CREATE TABLE mine (id int)")


@pytest.mark.parametrize(
    ("table", "may"),
    [
        ("kept", {"INSERT", "SELECT"}),
        ("partly_kept", {"INSERT", "SELECT", "UPDATE"}),
        ('"odd Name"', {"INSERT", "SELECT", "UPDATE", "DELETE"}),
    ],
)
def test_rights_follow_the_protection_of_a_table(tables, application, table, may):
    statements = {
        "INSERT": f"INSERT INTO {table} (note) VALUES ('a')",  # noqa: S608
        "SELECT": f"SELECT * FROM {table}",  # noqa: S608
        "UPDATE": f"UPDATE {table} SET note = 'b' WHERE false",  # noqa: S608
        "DELETE": f"DELETE FROM {table} WHERE false",  # noqa: S608
        "TRUNCATE": f"TRUNCATE {table}",
    }
    assert all(refused(application, statement) for statement in statements.values())

    roles.grant_application_role(connection, embedded.APPLICATION)

    assert {right for right, statement in statements.items() if not refused(application, statement)} == may


def test_a_right_that_was_given_by_hand_is_taken_back(tables, application):
    roles.grant_application_role(connection, embedded.APPLICATION)
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT ALL ON kept TO {embedded.APPLICATION}")
        cursor.execute(f"GRANT UPDATE (note) ON kept TO {embedded.APPLICATION}")

    roles.grant_application_role(connection, embedded.APPLICATION)

    assert refused(application, "UPDATE kept SET note = 'b' WHERE false")
    assert refused(application, "TRUNCATE kept")


def test_rights_that_are_right_cost_no_change(tables, django_assert_num_queries):
    roles.grant_application_role(connection, embedded.APPLICATION)

    with django_assert_num_queries(5) as asked:  # BEGIN, three questions, COMMIT
        roles.grant_application_role(connection, embedded.APPLICATION)

    assert not [query for query in asked.captured_queries if query["sql"].startswith(("GRANT", "REVOKE"))]


def test_the_owner_and_unknown_roles_are_left_as_they_are(tables):
    for role in (embedded.keeper.OWNER, "nobody-of-that-name"):
        roles.grant_application_role(connection, role)

    with connection.cursor() as cursor:
        cursor.execute("UPDATE partly_kept SET note = 'b'")
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 'kept' AND relacl IS NOT NULL")
        assert cursor.fetchone() == (0,)


def test_all_tables_of_the_product_are_open_to_the_application_after_migrating(application):
    """The test database was made by ``migrate``, so the receiver of post_migrate has been at work."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, has_table_privilege(%s, oid, 'SELECT, INSERT'), has_table_privilege(%s, oid, 'TRUNCATE'),"
            " has_table_privilege(%s, oid, 'UPDATE'), has_table_privilege(%s, oid, 'DELETE') FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
            [embedded.APPLICATION] * 4,
        )
        rights = {name: tuple(found) for name, *found in cursor.fetchall()}

    assert rights["ledger_event"] == (True, False, False, False)
    assert rights["catalog_version"] == (True, False, False, False)
    assert rights["people_user"] == (True, False, True, True)
    assert all(found[0] and not found[1] for found in rights.values())


def test_the_application_cannot_rewrite_the_ledger(application):
    for statement in ("UPDATE ledger_event SET actor = 'x'", "DELETE FROM ledger_event", "TRUNCATE ledger_event"):
        assert refused(application, statement)


@pytest.fixture
def _signed_in_as_application() -> Iterator[None]:
    """The product's own connection signed in as in production; the tests' is the owner."""
    before = connection.settings_dict
    connection.close()
    connection.settings_dict = {**before, "USER": embedded.APPLICATION}
    yield
    connection.close()
    connection.settings_dict = before


@pytest.mark.usefixtures("_signed_in_as_application")
def test_migrating_as_the_owner_leaves_the_connection_as_it_was():
    seen = []
    with roles.signed_in_as_owner(connection), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        seen.append(cursor.fetchone())
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        seen.append(cursor.fetchone())

    name = connection.settings_dict["NAME"]
    assert seen == [(embedded.keeper.OWNER, name), (embedded.APPLICATION, name)]


@pytest.mark.usefixtures("_signed_in_as_application")
def test_migrate_makes_tables_though_the_application_cannot():
    call_command("migrate", "sessions", "zero", verbosity=0)
    call_command("migrate", verbosity=0)

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, has_table_privilege('django_session', 'SELECT, INSERT')")
        assert cursor.fetchone() == (embedded.APPLICATION, True)


def test_a_role_that_is_also_the_owner_is_told_how_to_get_a_second_lock(monkeypatch):
    monkeypatch.setattr(roles, "application_role", lambda: None)
    said = io.StringIO()

    call_command("migrate", verbosity=0, stderr=said)

    assert said.getvalue().count("protected rows are kept by triggers alone") == 1
    assert "MIGRATION_DATABASE_URL" in said.getvalue()


def test_migrating_again_with_two_roles_says_nothing():
    said = io.StringIO()

    call_command("migrate", verbosity=0, stderr=said)

    assert said.getvalue() == ""
