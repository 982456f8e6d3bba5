"""Tokens: what opens, what does not, and what it costs."""

from __future__ import annotations

import datetime as dt
import zlib

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from governance.ledger.models import Event
from governance.people import tokens
from governance.people.models import Role, Token
from governance.people.queries import standing
from governance.people.rules import PeopleRefused
from governance.people.services import accounts
from governance.people.services.tokens import issue_token, revoke_token
from tests.factories import NOON, TeamFactory, UserFactory, member

pytestmark = pytest.mark.django_db
TEAMS = "/api/v1/teams/"


def issued(user=None, *, at=None, scopes=("catalog:read",), days=30):
    return issue_token(
        user=user or member(None, "viewer"), name="ci", scopes=scopes, days=days, by=None, at=at or timezone.now()
    )


def ask(secret, **headers):
    return APIClient().get(TEAMS, headers={"Authorization": f"Bearer {secret}", **headers})


def with_new_checksum(body):
    return f"{body}_{zlib.crc32(body.encode()):08x}"


def test_a_token_opens_what_its_scope_names():
    _token, secret = issued()

    assert ask(secret).status_code == 200


def test_only_the_digest_of_a_token_is_kept():
    token, secret = issued()

    kept = Token.objects.filter(pk=token.pk).values().get()

    body = secret.split("_", 2)[2]
    assert not [name for name, value in kept.items() if body[:20] in str(value)]
    assert not [event for event in Event.objects.values() if body[:20] in str(event)]


def test_a_token_has_the_form_that_secret_scanners_find():
    _prefix, secret = tokens.make()

    assert tokens.FORM.fullmatch(secret)
    assert len(secret) == 4 + 8 + 1 + 43 + 1 + 8


def test_a_mistyped_token_is_refused_without_asking_the_database():
    _token, secret = issued()
    wrong = secret[:20] + ("a" if secret[20] != "a" else "b") + secret[21:]

    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = ask(wrong)

    assert answer.status_code == 401
    assert not asked.captured_queries


def test_a_right_prefix_with_another_secret_opens_nothing():
    _token, secret = issued()
    _prefix, other = tokens.make()
    forged = with_new_checksum(secret[:13] + other[13:].rpartition("_")[0])

    answer = ask(forged)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="assay"'
    assert answer["Content-Type"] == "application/problem+json"


def test_an_expired_token_opens_nothing():
    _token, secret = issued(at=timezone.now() - dt.timedelta(days=31))

    assert ask(secret).status_code == 401


def test_a_token_opens_until_the_moment_it_ends_and_not_in_it():
    _token, secret = issued(at=NOON, days=1)
    end = NOON + dt.timedelta(days=1)

    assert tokens.find(secret, at=end - dt.timedelta(microseconds=1)) is not None
    assert tokens.find(secret, at=end) is None


def test_a_revoked_token_opens_nothing():
    token, secret = issued()

    revoke_token(token=token, by=token.user, at=timezone.now())

    assert ask(secret).status_code == 401


def test_fault_v16_the_token_of_a_person_who_was_switched_off_opens_nothing():
    user = member(None, "viewer")
    _token, secret = issued(user)

    accounts.deactivate(user=user, by=None, at=timezone.now())
    accounts.reactivate(user=user, by=None, at=timezone.now())

    assert ask(secret).status_code == 401


def test_a_scope_that_the_token_lacks_is_named():
    _token, secret = issued(scopes=("gate:read",))

    answer = ask(secret)

    assert answer.status_code == 403
    assert answer.json()["code"] == "scope_missing"
    assert answer.json()["scope"] == "catalog:read"


def test_no_token_is_401_and_says_how_to_send_one():
    answer = APIClient().get(TEAMS)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "asy_x", "Bearer asy_", "bearer \xff", "Bearer a b c"]
)
def test_headers_that_hold_no_token_are_401(header):
    assert APIClient().get(TEAMS, headers={"Authorization": header}).status_code == 401


def test_a_session_of_the_portal_is_no_token():
    client = APIClient()
    client.force_login(member(None, "admin"), backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(TEAMS).status_code == 401


def test_one_query_brings_the_token_its_owner_and_the_roles(django_assert_num_queries):
    team = TeamFactory()
    user = member(team, "reviewer:ethics", "submitter")
    _token, secret = issued(user)

    with django_assert_num_queries(1):
        found = tokens.find(secret, at=timezone.now())
        held = standing(found.user)

    assert held.roles == {(team.pk, "reviewer", "ethics"), (team.pk, "submitter", "")}


def test_a_person_without_roles_has_a_token_that_sees_nothing():
    _token, secret = issued(UserFactory())

    found = tokens.find(secret, at=timezone.now())

    assert found is not None
    assert standing(found.user).roles == frozenset()


def test_the_use_of_a_token_is_noted_once_a_minute(django_assert_num_queries):
    token, _secret = issued(at=NOON)

    tokens.note_use(token, ip="192.0.2.1", at=NOON)
    token.refresh_from_db()
    with django_assert_num_queries(0):
        tokens.note_use(token, ip="192.0.2.2", at=NOON + dt.timedelta(seconds=59))
    tokens.note_use(token, ip="192.0.2.3", at=NOON + dt.timedelta(seconds=61))

    token.refresh_from_db()
    assert token.last_used_ip == "192.0.2.3"
    assert token.last_used_at == NOON + dt.timedelta(seconds=61)


def test_a_server_on_a_socket_knows_no_address_and_notes_the_time_alone():
    token, _secret = issued(at=NOON)

    tokens.note_use(token, ip="", at=NOON)

    token.refresh_from_db()
    assert (token.last_used_at, token.last_used_ip) == (NOON, None)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"scopes": []}, "needs a scope"),
        ({"scopes": ["gate:open"]}, "no scope 'gate:open'"),
        ({"days": 0}, "from 1 to 365 days"),
        ({"days": 366}, "from 1 to 365 days"),
        ({"name": "\0"}, "Name the token"),
        ({"name": ""}, "Name the token"),
    ],
)
def test_a_token_that_breaks_a_rule_is_not_made(change, why):
    wanted = {"name": "ci", "scopes": ["gate:read"], "days": 1, **change}

    with pytest.raises(PeopleRefused, match=why):
        issue_token(user=UserFactory(), by=None, at=NOON, **wanted)

    assert not Token.objects.exists()


def test_nobody_makes_or_revokes_a_token_of_somebody_else():
    other = member(TeamFactory(), Role.ADMIN)
    token, _secret = issued()

    with pytest.raises(PeopleRefused):
        issue_token(user=token.user, name="x", scopes=["gate:read"], days=1, by=other, at=NOON)
    with pytest.raises(PeopleRefused):
        revoke_token(token=token, by=other, at=NOON)

    token.refresh_from_db()
    assert token.revoked_at is None


def test_an_administrator_of_the_organisation_revokes_anybodys_token():
    token, secret = issued()

    revoke_token(token=token, by=member(None, "admin"), at=timezone.now())

    assert ask(secret).status_code == 401


@given(st.text(max_size=80))
def test_no_text_crashes_the_reading_of_a_token(text):
    assert tokens.find(text, at=NOON) is None
