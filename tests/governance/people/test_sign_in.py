"""The sign-in page: one answer to every wrong pair, and a door that closes."""

from __future__ import annotations

import datetime as dt

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.people.services import accounts
from tests.factories import UserFactory, member
from tests.governance.people.clients import PASSWORD, browser, with_password

pytestmark = pytest.mark.django_db
SIGN_IN = "/sign-in/"


@pytest.fixture
def user():
    return with_password(UserFactory(email="ada@example.org", language="ru"))


def try_to(client, email="ada@example.org", password=PASSWORD, **more):
    return client.post(SIGN_IN, {"email": email, "password": password, **more})


def test_the_right_pair_opens_the_door_in_the_persons_language(user):
    client = Client()

    answer = try_to(client, email=" ADA@Example.org ")

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.cookies["assay_language"].value == "ru"
    assert client.get("/account/").status_code == 200


def test_a_language_chosen_at_the_door_stays(user):
    client = Client()
    client.post(reverse("set_language"), {"language": "en", "next": SIGN_IN})

    try_to(client)

    assert client.cookies["assay_language"].value == "en"
    assert 'lang="en"' in client.get("/account/").content.decode()


def test_the_next_person_at_a_browser_is_spoken_to_in_their_own_language(user):
    client = Client()
    with_password(UserFactory(email="bea@example.org", language="en"))
    try_to(client)

    client.post("/sign-out/")
    try_to(client, email="bea@example.org")

    assert client.cookies["assay_language"].value == "en"


def test_signing_in_changes_the_session(user):
    client = Client()
    client.get(SIGN_IN)
    client.session["x"] = 1
    before = client.session.session_key

    try_to(client)

    assert client.session.session_key != before


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("", ""), ("a\0b", "x"), ("x" * 5000, "y" * 5000)],
)
def test_every_wrong_pair_gets_the_same_answer(user, email, password):
    answer = try_to(Client(), email=email, password=password)

    assert answer.status_code == 401
    assert "E-mail or password is not right." in answer.content.decode()


def test_fault_v16_somebody_who_was_switched_off_is_out_at_once(user):
    client = browser(user)
    assert client.get("/account/").status_code == 200

    accounts.deactivate(user=user, by=None, at=timezone.now())

    assert client.get("/account/").status_code == 302
    assert try_to(Client()).status_code == 401


def test_a_service_does_not_sign_in():
    service = accounts.add_service(name="ci", at=timezone.now())

    assert try_to(Client(), email=service.email, password="!").status_code == 401


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "\\\\evil.example", "javascript:a"])
def test_nobody_is_sent_elsewhere_after_signing_in(user, elsewhere):
    assert try_to(Client(), next=elsewhere)["Location"] == "/"


def test_one_comes_back_to_the_page_that_was_asked_for(user):
    client = Client()
    page = client.get("/account/", follow=True).content.decode()

    assert 'name="next" value="/account/"' in page
    assert try_to(client, next="/account/")["Location"] == "/account/"


def test_signing_out_is_a_form_and_ends_the_session(user):
    client = browser(user)

    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")

    assert client.get("/account/").status_code == 302


def test_a_form_of_another_site_signs_nobody_in_or_out(user):
    client = browser(user, enforce_csrf_checks=True)

    assert try_to(client).status_code == 403
    assert client.post("/sign-out/").status_code == 403
    assert client.get("/account/").status_code == 200


def test_a_sign_in_of_megabytes_is_refused_and_kept_nowhere(user, settings):
    settings.AXES_ENABLED = True

    assert try_to(Client(), password="x" * 100_000).status_code == 413
    assert not AccessAttempt.objects.exists()


class TestThrottle:
    @pytest.fixture(autouse=True)
    def _on(self, settings, user):
        settings.AXES_ENABLED = True

    def fail(self, times, **more):
        return [try_to(Client(), password="wrong", **more) for _ in range(times)][-1]

    def test_the_tenth_wrong_try_closes_the_door_for_the_right_password_too(self):
        assert self.fail(9).status_code == 401

        closing = self.fail(1)

        assert closing.status_code == 429
        assert closing["Retry-After"] == "300"
        right = try_to(Client())
        assert right.status_code == 429
        assert "Too many tries." in right.content.decode()
        assert "Wait 5 min, then try again" in right.content.decode().replace("\N{NO-BREAK SPACE}", " ")

    def test_the_door_opens_after_five_minutes(self):
        self.fail(10)

        AccessAttempt.objects.update(attempt_time=timezone.now() - dt.timedelta(minutes=5, seconds=1))

        assert try_to(Client()).status_code == 302

    def test_whoever_goes_on_trying_does_not_keep_the_owner_out_for_longer(self):
        self.fail(10)
        closed_at = AccessAttempt.objects.get().attempt_time

        self.fail(3)

        assert AccessAttempt.objects.get().attempt_time == closed_at

    def test_other_addresses_and_browsers_share_one_count(self):
        for i in range(10):
            Client().post(
                SIGN_IN,
                {"email": "ada@example.org", "password": "wrong"},
                REMOTE_ADDR=f"192.0.2.{i}",
                headers={"User-Agent": f"browser {i}"},
            )

        assert try_to(Client()).status_code == 429

    def test_other_people_are_not_kept_out(self):
        self.fail(10)
        with_password(UserFactory(email="bob@example.org"))

        assert try_to(Client(), email="bob@example.org").status_code == 302

    def test_accounts_that_do_not_exist_are_throttled_like_those_that_do(self):
        assert self.fail(10, email="nobody@example.org").status_code == 429

    def test_the_right_password_forgets_the_wrong_tries(self):
        self.fail(9)
        try_to(Client())

        assert self.fail(9).status_code == 401

    def test_no_password_is_kept_with_a_failed_try(self):
        try_to(Client(), password="nearly-the-right-one")

        assert "nearly" not in str(list(AccessAttempt.objects.values()))

    def test_wrong_tries_at_the_present_password_count_too(self, user):
        client = browser(user)
        form = {"old": "wrong", "password": "another-long-phrase-9", "again": "another-long-phrase-9"}

        answers = [client.post("/account/password/", form).status_code for _ in range(10)]

        assert answers == [422] * 9 + [429]


def test_passwords_are_hashed_with_argon2():
    from importlib import import_module

    product = import_module("config.settings")

    assert product.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]


def test_an_installation_with_people_offers_no_first_account():
    member(None, "admin")

    assert "/setup/" not in Client().get(SIGN_IN).content.decode()
