"""What every page has around it: headers, theme, language, errors, health."""

from __future__ import annotations

import re

import pytest
from django.conf import settings as product
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from governance.web import context, views
from tests.factories import UserFactory, member
from tests.governance.people.clients import PASSWORD, browser, with_password

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/sign-in/", "/account/", "/nowhere/", "/static/css/tokens.css", "/api/v1/teams/"])
def test_every_answer_forbids_what_is_not_ours(path):
    answer = browser(UserFactory()).get(path)
    answer.close()

    rules = answer["Content-Security-Policy"]
    assert "default-src 'self'" in rules
    assert "unsafe" not in rules
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_pages_hold_nothing_that_their_own_rules_forbid():
    for path in ("/account/", "/people/"):
        page = browser(member(None, "admin")).get(path).content.decode()

        assert not re.search(r"<(script(?! src=)|style)|\son[a-z]+=|\sstyle=|javascript:", page)


def test_style_sheets_are_served_without_being_collected():
    answer = Client().get("/static/css/tokens.css")

    assert answer.status_code == 200
    assert b"--ink" in answer.getvalue()


def test_what_one_person_saw_is_not_kept_for_the_next():
    assert "no-store" in browser(UserFactory()).get("/account/")["Cache-Control"]
    assert "private" in browser(UserFactory()).get("/account/")["Cache-Control"]


def test_cookies_are_for_this_site_and_not_for_scripts(settings):
    user = with_password(UserFactory())
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.LANGUAGE_COOKIE_SECURE = True

    client = Client()
    client.post("/sign-in/", {"email": user.email, "password": PASSWORD})
    client.get("/account/")

    for name in ("assay_session", "assay_csrf", "assay_language"):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)


def test_an_installation_under_https_marks_its_cookies_secure():
    assert product.PUBLIC_URL.startswith("https:") == product.SESSION_COOKIE_SECURE


# --- health --------------------------------------------------------------------------------------------------------


def test_health_asks_nobody(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert Client().get("/healthz").json() == {"ok": True}


def test_readiness_says_that_database_and_broker_answer():
    answer = Client().get("/readyz")

    assert answer.json() == {"ok": True, "database": "answers", "broker": "answers"}


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1//"])
def test_readiness_names_a_broker_that_is_gone(settings, url):
    settings.CELERY_BROKER_URL, settings.CELERY_BROKER_TRANSPORT_OPTIONS = url, {}

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "database": "answers", "broker": "unreachable"}
    assert answer["Retry-After"]


def test_readiness_names_a_database_that_is_gone(monkeypatch):
    from django.db import OperationalError, connection

    def lost():
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(connection, "cursor", lost)
    answer = Client().get("/readyz")

    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")


# --- theme, language -----------------------------------------------------------------------------------------------


def test_the_theme_is_remembered_and_forgotten():
    client = browser(UserFactory())

    dark = client.post("/theme/", {"theme": "dark", "next": "/account/?a=b"})

    assert dark["Location"] == "/account/?a=b"
    assert 'data-theme="dark"' in client.get("/account/").content.decode()
    client.post("/theme/", {"theme": "system"})
    system = client.get("/account/").content.decode()
    assert "<html" in system
    assert "data-theme" not in system


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:a", ""]
)
def test_nobody_is_sent_elsewhere_by_choosing_a_theme(elsewhere):
    assert Client().post("/theme/", {"theme": "dark", "next": elsewhere})["Location"] == "/"


def test_a_theme_is_not_chosen_by_a_link_or_by_another_site():
    assert Client().get("/theme/").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/theme/", {"theme": "dark"}).status_code == 403


def test_a_theme_that_does_not_exist_reaches_no_page():
    client = browser(UserFactory())
    client.cookies["theme"] = '"><script>'

    page = client.get("/account/").content.decode()

    assert "<html" in page
    assert "<script>" not in page


def test_times_are_told_in_the_persons_zone():
    page = browser(UserFactory(time_zone="Asia/Tokyo")).get("/account/").content.decode()

    assert "Times are in Asia/Tokyo" in page
    assert "Times are in UTC" in browser(UserFactory(time_zone="Mars/Base")).get("/account/").content.decode()


# --- parts of pages --------------------------------------------------------------------------------------------------


def test_a_part_of_a_page_asked_for_after_the_session_has_ended_leads_to_the_sign_in_page():
    answer = Client().get(
        "/account/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/catalogue/?q=a"}
    )

    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/sign-in/?next=/catalogue/%3Fq%3Da"
    assert answer.content == b""


def test_a_part_of_a_page_leads_back_to_nowhere_else():
    answer = Client().get("/account/", headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"})

    assert answer["HX-Redirect"] == "/sign-in/?next=/x"


def test_a_whole_page_asked_for_without_a_session_is_redirected_as_ever():
    answer = Client().get("/account/")

    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/account/")


# --- errors --------------------------------------------------------------------------------------------------------


def test_an_unknown_page_says_so_in_the_house_style():
    answer = Client().get("/nowhere/")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_a_crash_is_a_page_with_its_number(rf):
    request = rf.get("/x/")
    request.request_id = "abc123"

    answer = views.crashed(request)

    assert answer.status_code == 500
    assert "abc123" in answer.content.decode()


@pytest.mark.parametrize(("path", "told"), [("/x/", "Not ready yet"), ("/api/v1/x/", "not_ready")])
def test_a_database_that_does_not_answer_is_said_to_be_the_trouble(rf, path, told):
    try:
        raise OperationalError("the connection is lost")
    except OperationalError:
        answer = views.crashed(rf.get(path))

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert told in answer.content.decode()


def test_a_form_without_its_token_says_what_to_do():
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"email": "a@example.org"})

    assert answer.status_code == 403
    assert "This form is too old" in answer.content.decode()


def test_a_form_that_is_too_large_is_413():
    answer = browser(UserFactory()).post("/account/", {"name": "x" * (product.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)})

    assert answer.status_code == 413
    assert "too large" in answer.content.decode()


# --- around the page -------------------------------------------------------------------------------------------------


def test_what_a_page_does_not_show_costs_it_no_query(rf, django_assert_num_queries):
    request = rf.get("/")
    request.user = UserFactory()

    with django_assert_num_queries(0):
        shown = context.page(request)
    with django_assert_num_queries(1):
        shown["role_line"]()
        shown["role_line"]()
        shown["administers"]()


def test_the_inbox_is_counted_by_the_room_that_knows_and_once(rf, monkeypatch):
    asked = []
    monkeypatch.setattr(context, "_count_inbox", None)
    request = rf.get("/")
    request.user = UserFactory()
    assert context.page(request)["inbox_count"]() == 0

    context.count_inbox_with(lambda user: asked.append(user) or 7)
    shown = context.page(request)

    assert (shown["inbox_count"](), shown["inbox_count"]()) == (7, 7)
    assert asked == [request.user]


def test_only_administrators_are_shown_the_way_to_the_people_page():
    link = f'href="{reverse("people:people")}"'

    assert link in browser(member(None, "admin")).get("/account/").content.decode()
    assert link not in browser(member(None, "auditor")).get("/account/").content.decode()


def test_robots_are_asked_to_stay_out():
    assert "Disallow: /" in Client().get("/robots.txt").content.decode()
