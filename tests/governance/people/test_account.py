"""One's own account."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from governance.ledger.models import Event
from governance.people.models import Scope, Token
from governance.people.services.tokens import issue_token
from tests.factories import UserFactory, member
from tests.governance.people.clients import PASSWORD, browser, with_password

pytestmark = pytest.mark.django_db
ACCOUNT, TOKENS, CHANGE = "/account/", "/account/tokens/", "/account/password/"
NEW = "another-long-phrase-9"


@pytest.fixture
def user():
    return with_password(member(None, "viewer", name="Ada"))


def make(client, **changes):
    return client.post(TOKENS, {"name": "ci", "scopes": ["catalog:read"], "days": "30", **changes})


def secret_in(page):
    found = re.search(r"asy_\w{8}_[\w-]{43}_\w{8}", page)
    return found[0] if found else None


def test_strangers_have_no_account():
    for path in (ACCOUNT, TOKENS, CHANGE, f"{TOKENS}1/revoke/"):
        answer = Client().post(path)

        assert answer["Location"] == f"/sign-in/?next={path}"


def test_name_language_and_time_zone_are_saved_and_used_at_once(user):
    client = browser(user)

    client.post(ACCOUNT, {"name": "Ada L.", "language": "ru", "time_zone": "Europe/Berlin"})

    user.refresh_from_db()
    assert (user.name, user.language, user.time_zone) == ("Ada L.", "ru", "Europe/Berlin")
    page = client.get(ACCOUNT).content.decode()
    assert '<html lang="ru"' in page
    assert "Europe/Berlin" in page


@pytest.mark.parametrize(
    "change", [{"language": "xx"}, {"time_zone": "Mars/Base"}, {"name": ""}, {"name": "a\0"}, {"name": "x" * 151}]
)
def test_what_cannot_be_kept_is_refused_and_what_was_written_stays(user, change):
    form = {"name": "Somebody else", "language": "en", "time_zone": "UTC", **change}

    answer = browser(user).post(ACCOUNT, form)

    assert answer.status_code == 422
    user.refresh_from_db()
    assert user.name == "Ada"


def test_nothing_else_of_an_account_can_be_sent_along(user):
    form = {"name": "Ada", "language": "en", "time_zone": "UTC", "is_superuser": "1", "email": "x@example.org"}

    browser(user).post(ACCOUNT, form)

    user.refresh_from_db()
    assert (user.is_superuser, user.email != "x@example.org") == (False, True)


# --- password --------------------------------------------------------------------------------------------------------


def test_a_new_password_keeps_this_browser_and_signs_the_others_out(user):
    here, there = browser(user), browser(user)

    answer = here.post(CHANGE, {"old": PASSWORD, "password": NEW, "again": NEW})

    assert answer.status_code == 302
    assert here.get(ACCOUNT).status_code == 200
    assert there.get(ACCOUNT).status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert Event.objects.get().verb == "person.password_changed"


@pytest.mark.parametrize(
    "form",
    [
        {"old": "wrong", "password": NEW, "again": NEW},
        {"old": PASSWORD, "password": NEW, "again": NEW + "x"},
        {"old": PASSWORD, "password": "short", "again": "short"},
        {"old": PASSWORD},
        {},
    ],
)
def test_a_password_is_not_changed_by_a_wrong_form(user, form):
    answer = browser(user).post(CHANGE, form)

    assert answer.status_code == 422
    assert NEW not in answer.content.decode()
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_works(user):
    client = browser(user)

    page = make(client)

    secret = secret_in(page.content.decode())
    assert "no-store" in page["Cache-Control"]
    assert APIClient().get("/api/v1/teams/", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert secret_in(client.get(ACCOUNT).content.decode()) is None


@pytest.mark.parametrize(
    "change",
    [{"scopes": []}, {"scopes": ["gate:open"]}, {"days": "366"}, {"days": "1000000"}, {"name": ""}, {"name": "<b>"}],
)
def test_a_token_that_breaks_a_rule_is_not_made(user, change):
    answer = make(browser(user), **change)

    assert answer.status_code == 422
    assert not Token.objects.exists()


def test_a_token_is_revoked_by_its_owner_and_nobody_else(user):
    token, _secret = issue_token(user=user, name="ci", scopes=["gate:read"], days=1, by=None, at=timezone.now())
    revoke = f"{TOKENS}{token.pk}/revoke/"

    assert browser(UserFactory()).post(revoke).status_code == 404
    assert browser(user).get(revoke).status_code == 405
    answer = browser(user).post(revoke, follow=True)

    assert "ci opens nothing from now on." in answer.content.decode()
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_the_page_names_ones_roles_and_tokens_and_costs_no_more_for_many(user, django_assert_max_num_queries):
    for _ in range(5):
        issue_token(user=user, name="ci", scopes=Scope.values, days=1, by=None, at=timezone.now())

    client = browser(user)

    with django_assert_max_num_queries(7):
        page = client.get(ACCOUNT).content.decode()

    assert page.count("asy_") == 5
    assert "the whole organisation" in page


def test_no_two_fields_of_the_page_share_an_id(user):
    ids = re.findall(r'\sid="([^"]+)"', browser(user).get(ACCOUNT).content.decode())

    assert len(ids) == len(set(ids))
