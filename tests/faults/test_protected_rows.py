"""Ledger, decisions, votes, published policies and versions cannot be changed, by whom ever."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from governance.catalog.models import LicenceText
from governance.reviews import comments
from tests.governance.licensing.graphs import statements
from tests.governance.world import World

pytestmark = pytest.mark.django_db(transaction=True)

# A column of each table that somebody may wish had another value.
PROTECTED = {
    "ledger_event": "verb = 'x'",
    "reviews_decision": "outcome = 'rejected'",
    "reviews_vote": "value = 2",
    "reviews_comment": "text = 'x'",
    "policies_policyversion": "text = ''",
    "catalog_version": "digest = repeat('0', 64)",
    "catalog_licencetext": "fingerprint = repeat('0', 64)",
}
# Statements on licences may be ended, and nothing else.
ENDED_ONLY = {
    "licensing_correction": "value = 'x'",
    "licensing_annotation": "text = 'x'",
    "licensing_override": "until = until + interval '1 day'",
    "licensing_textreview": "sha256 = repeat('0', 64)",
    "licensing_metduty": "note = 'x'",
}


@pytest.fixture
def filled(transactional_db: None) -> World:
    """Every protected table has a row."""
    world = World()
    approval = world.approved()
    comments.write(submission_id=approval.decision.submission_id, by=world.domain, text="Well done", at=world.at)
    LicenceText.objects.create(version=world.version, path="LICENSE", fingerprint="1" * 64, raw=b"words")
    with connection.cursor() as cursor:
        for table in PROTECTED:
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
            assert cursor.fetchone()[0], f"{table} is empty: the test would show nothing"
    return world


def deeds(table: str) -> list[str]:
    return [f"UPDATE {table} SET {PROTECTED[table]}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"]  # noqa: S608


@pytest.mark.parametrize("table", PROTECTED)
def test_the_application_has_no_right_to_change_what_is_protected(
    filled: World, application: psycopg.Connection[Any], table: str
) -> None:
    for deed in deeds(table):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(deed.encode())

    row = application.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608
    assert row is not None
    assert row[0] > 0


@pytest.mark.parametrize("table", PROTECTED)
def test_the_owner_is_refused_by_the_trigger(filled: World, table: str) -> None:
    for deed in deeds(table):
        with pytest.raises(DatabaseError, match="is refused"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(deed)


def test_an_approval_can_end_and_nothing_else_of_it_changes(filled: World) -> None:
    for change in ("expires_at = now() + interval '9 years'", "verdict = 'warn'", "stage = 'production'"):
        with pytest.raises(DatabaseError, match="only .* may change"), connection.cursor() as cursor:
            cursor.execute(f"UPDATE gates_approval SET {change}")  # noqa: S608
    with pytest.raises(DatabaseError, match="is refused"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM gates_approval")


@pytest.mark.parametrize("table", ENDED_ONLY)
def test_the_application_ends_a_statement_on_a_licence_and_does_nothing_else_to_it(
    transactional_db: None, application: psycopg.Connection[Any], table: str
) -> None:
    statements()

    for deed in (f"UPDATE {table} SET {ENDED_ONLY[table]}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
        with pytest.raises(psycopg.Error):
            application.execute(deed)
    assert application.execute(f"UPDATE {table} SET ended_at = now()").rowcount == 1  # noqa: S608
