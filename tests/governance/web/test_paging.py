"""Lists are read by cursor, in an order that they name."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.people.models import Team
from tests.factories import NOON, TeamFactory, member
from tests.governance.people.clients import program

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.governance.web.routes")]
TEAMS = "/api/v1/test/teams/"


@pytest.fixture
def client():
    return program(member(None, "viewer"))


def make(number: int, *, same_moment: bool = False) -> list[str]:
    """Teams, the newest first as the list has them."""
    for i in range(number):
        TeamFactory(slug=f"t{i:04}", created_at=NOON + dt.timedelta(0 if same_moment else i // 3))
    return list(Team.objects.order_by("-created_at", "-id").values_list("slug", flat=True))


def walk(client, url, by="next"):
    """The slugs of all pages, in the order in which they were read."""
    pages = []
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.content
        told = answer.json()
        pages.append([item["slug"] for item in told["items"]])
        url = told[by]
    return pages, answer


def test_a_list_says_how_it_is_ordered(client):
    told = client.get(TEAMS).json()

    assert told == {"items": [], "next": None, "previous": None, "order": ["-created_at", "-id"]}


def test_all_pages_together_are_the_list(client):
    slugs = make(23)

    pages, _last = walk(client, f"{TEAMS}?limit=5")

    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    assert sum(pages, []) == slugs


def test_more_rows_of_one_moment_than_any_page_holds_are_all_read_once(client):
    slugs = make(1050, same_moment=True)

    pages, _last = walk(client, f"{TEAMS}?limit=200")

    assert sum(pages, []) == slugs


def test_a_list_can_be_read_backwards_to_its_beginning(client):
    slugs = make(11)
    _pages, last = walk(client, f"{TEAMS}?limit=4")

    back, first = walk(client, last.json()["previous"], by="previous")

    assert sum(reversed(back), []) == slugs[:8]
    assert first.json()["next"] is not None


def test_what_is_added_meanwhile_neither_repeats_nor_hides_a_row(client):
    slugs = make(6)
    first = client.get(f"{TEAMS}?limit=3").json()
    TeamFactory(slug="newest", created_at=NOON + dt.timedelta(9))

    second = client.get(first["next"]).json()

    assert [item["slug"] for item in first["items"] + second["items"]] == slugs


def test_links_keep_what_was_asked(client):
    make(3)

    link = client.get(f"{TEAMS}?limit=1&colour=r%26d").json()["next"]

    assert "limit=1" in link
    assert "colour=r%26d" in link
    assert link.startswith("http://testserver/api/")


def test_a_page_costs_one_query_beyond_the_token(client, django_assert_num_queries):
    make(7)
    link = client.get(f"{TEAMS}?limit=2").json()["next"]

    with django_assert_num_queries(2):
        client.get(link)


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e2", "", "٣", "9" * 5000, "1.0", "x"])
def test_fault_v34_a_limit_out_of_range_is_refused(client, limit):
    answer = client.get(TEAMS, {"limit": limit})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_limit")


def packed(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "A" * 3000,
        packed(),
        packed(">"),
        packed(">", "2026-01-01T00:00:00+00:00"),
        packed(">", "2026-01-01T00:00:00+00:00", 1, 2),
        packed("?", "2026-01-01T00:00:00+00:00", 1),
        packed(">", "2026-01-01T00:00:00", 1),
        packed(">", "yesterday", 1),
        packed(">", 5, 1),
        packed(">", None, 1),
        packed(">", True, 1),
        packed(">", ["a"], {"b": 1}),
        packed(">", "2026-01-01T00:00:00+00:00", "\0"),
        packed(">", "2026-01-01T00:00:00+00:00", "\ud800"),
        packed(">", "2026-01-01T00:00:00+00:00", "x"),
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_fault_v34_a_cursor_that_was_never_given_out_is_refused(client, cursor):
    answer = client.get(TEAMS, {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63])
def test_fault_v34_a_number_beyond_the_column_is_a_place_outside_the_list(client, number):
    answer = client.get(TEAMS, {"cursor": packed(">", "2026-01-01T00:00:00+00:00", number)})

    assert answer.status_code in (200, 400)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.one_of(st.text(max_size=8), st.integers(), st.none(), st.floats(), st.booleans()), max_size=4))
def test_no_cursor_crashes(client, values):
    cursor = base64.urlsafe_b64encode(json.dumps([">", *values]).encode()).decode().rstrip("=")

    assert client.get(TEAMS, {"cursor": cursor}).status_code in (200, 400)
