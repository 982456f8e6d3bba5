"""Looking through the catalogue: words, filters, order, pages."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from audits.models import Finding
from governance.catalog import queries
from governance.catalog.bulk import bulk_import
from governance.catalog.models import Entry
from governance.catalog.queries import BadCursor, Filters
from governance.people.models import User
from tests.factories import NOON
from tests.governance.catalog.cards import card, imported, snapshot
from tests.governance.catalog.looking import SHA, ids

pytestmark = pytest.mark.django_db


def walk(user: User | None, *, forwards: bool = True, **options: Any) -> list[list[str]]:
    """All pages from the first to the last, or back from the last to the first."""
    page = queries.search(user=user, **options)
    pages = [page]
    while page.next:
        page = queries.search(user=user, cursor=page.next, **options)
        pages.append(page)
    if not forwards:
        pages = [page]
        while page.previous:
            page = queries.search(user=user, cursor=page.previous, **options)
            pages.append(page)
    return [ids(page) for page in pages]


def many(number: int) -> None:
    bulk_import(
        snapshots=[snapshot(f"org/model-{n:03}", raw=card(license="mit")) for n in range(number)], by=None, at=NOON
    )


def test_the_best_match_comes_first() -> None:
    for name in ("bert", "bert-base", "google/bert", "org/albert", "org/brt-small", "org/gpt"):
        imported(name, raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text="BERT"))) == [
        "bert",
        "bert-base",
        "google/bert",
        "org/albert",
    ]


def test_a_misspelt_word_finds_what_is_spelt_alike() -> None:
    imported("distilbert-base-uncased", raw=card(license="mit"))
    imported("gpt2", raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text="distlbert"))) == ["distilbert-base-uncased"]


def test_every_word_has_to_match() -> None:
    for name in ("org/bert-german", "org/bert-english", "org/gpt-german"):
        imported(name, raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text="german bert"))) == ["org/bert-german"]


@pytest.mark.parametrize("text", ["100%", "_", "a\x00b", "\\", "'; --", "%" * 500, "‮", "x" * 10_000, " "])
def test_any_text_can_be_looked_for(text: str) -> None:
    imported("org/model", raw=card(license="mit"))

    queries.search(user=None, filters=Filters(text=text))


def test_a_percent_sign_is_a_character_like_others() -> None:
    imported("org/model", raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text="%"))) == []


def test_a_commit_or_a_digest_finds_its_entry() -> None:
    done = imported(revision=SHA)
    imported("org/other", raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text=SHA))) == ["org/model"]
    assert ids(queries.search(user=None, filters=Filters(text=done.version.digest))) == ["org/model"]
    assert ids(queries.search(user=None, filters=Filters(text="f" * 40))) == []


@pytest.mark.parametrize("length", [6, 8, 39])
def test_the_beginning_of_a_commit_or_a_digest_finds_its_entry(length: int) -> None:
    done = imported(revision=SHA)
    imported("org/other", raw=card(license="mit"))

    assert ids(queries.search(user=None, filters=Filters(text=SHA[:length].upper()))) == ["org/model"]
    assert ids(queries.search(user=None, filters=Filters(text=done.version.digest[:length]))) == ["org/model"]


def test_filters_narrow_by_kind_licence_task_and_card() -> None:
    imported("org/a", raw=card(license="mit", pipeline_tag="text-generation"))
    imported("org/b", raw=card(license="[mit, apache-2.0]"))
    imported("org/c", raw=card(license="no-such-licence"))
    imported("org/d", raw=b"# nothing")
    imported("org/e", raw=card(license="mit"), kind="dataset")

    def found(**options: Any) -> list[str]:
        return ids(queries.search(user=None, filters=Filters(**options)))

    assert found(kind="dataset") == ["org/e"]
    assert found(license="mit") == ["org/a", "org/b", "org/e"]
    assert found(license="none") == ["org/d"]
    assert found(task="text-generation") == ["org/a"]
    assert found(card="fail") == ["org/c"]
    assert found(among=Entry.objects.filter(repo_id="org/b")) == ["org/b"]


def test_mere_names_are_listed_only_when_asked_for() -> None:
    imported()

    assert ids(queries.search(user=None)) == ["org/model"]
    assert ids(queries.search(user=None, filters=Filters(catalogued=False))) == ["org/base", "org/rows"]
    assert len(ids(queries.search(user=None, filters=Filters(catalogued=None)))) == 3


def test_a_row_says_what_the_newest_card_was_told() -> None:
    version = imported(raw=card(license="no-such-licence")).version

    (row,) = queries.search(user=None).rows

    assert row.version == version
    assert row.score == version.card.score  # type: ignore[union-attr]
    assert row.verdict == "fail"
    assert sum(row.findings.values()) == Finding.objects.count()
    assert row.findings["high"] == 1


@pytest.mark.parametrize("sort", ["name", "newest", "relevance"])
@pytest.mark.parametrize("forwards", [True, False])
def test_the_pages_hold_every_entry_once_forwards_and_backwards(sort: str, forwards: bool) -> None:
    many(23)  # all imported in the same instant

    pages = walk(None, forwards=forwards, sort=sort, limit=5, filters=Filters(text="model"))

    listed = [name for page in (pages if forwards else reversed(pages)) for name in page]
    assert len(listed) == len(set(listed)) == 23
    assert listed == sorted(listed, reverse=sort == "newest")


def test_the_newest_come_first_when_asked_so() -> None:
    many(3)
    bulk_import(snapshots=[snapshot("org/model-001", raw=b"# b")], by=None, at=NOON + dt.timedelta(days=1))

    assert ids(queries.search(user=None, sort="newest"))[0] == "org/model-001"


def test_the_first_page_has_nothing_before_it_and_the_last_nothing_after() -> None:
    many(4)

    first = queries.search(user=None, limit=2)
    last = queries.search(user=None, limit=2, cursor=first.next)

    assert (first.previous, bool(first.next)) == ("", True)
    assert (bool(last.previous), last.next) == (True, "")
    back = queries.search(user=None, limit=2, cursor=last.previous)
    assert ids(back) == ids(first)
    assert (back.previous, bool(back.next)) == ("", True)


def test_the_total_is_counted_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    many(7)
    assert (queries.search(user=None).total, queries.search(user=None).more) == (7, False)

    monkeypatch.setattr("governance.catalog.queries.searching.COUNTED", 5)

    page = queries.search(user=None, limit=2)
    assert (page.total, page.more) == (5, True)


def written(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "=" * 10,
        "A" * 5000,
        written("name", ">"),
        written("name", ">", "a\0", 1),
        written("name", ">", "\ud800", 1),
        written("name", ">", "a", 2**70),
        written("name", ">", "a", -1),
        written("name", ">", "a", True),
        written("name", ">", ["a"], 1),
        written("name", "?", "a", 1),
        written("newest", ">", "a", 1),
        written("name", ">", "a", 1, 1),
        base64.urlsafe_b64encode(b"[" * 1400).decode(),
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor, match="take the cursor from next or previous"):
        queries.search(user=None, cursor=cursor)


def test_a_cursor_with_a_time_that_is_none_is_refused() -> None:
    for moment in ("2026-01-01T00:00:00", "yesterday", 7):
        with pytest.raises(BadCursor):
            queries.search(user=None, sort="newest", cursor=written("newest", ">", moment, 1))


def test_there_is_no_other_order() -> None:
    with pytest.raises(ValueError, match="there are relevance, name, newest"):
        queries.search(user=None, sort="size")


def test_a_page_costs_four_queries_however_long_it_is(
    reader: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    many(12)

    with django_assert_num_queries(4):
        assert len(queries.search(user=reader, filters=Filters(text="model", license="mit")).rows) == 12


def test_what_can_be_filtered_by_is_counted(reader: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    imported("org/a", raw=card(license="mit", pipeline_tag="text-generation"))
    imported("org/b", raw=card(license="[mit, gpl-3.0]"))

    with django_assert_num_queries(2):
        assert queries.choices(user=reader, column="license") == [("mit", 2), ("gpl-3.0", 1)]
        assert queries.choices(user=reader, column="task") == [("text-generation", 1)]


def test_those_that_say_no_licence_are_a_choice_where_there_are_some(reader: User) -> None:
    imported("org/a", raw=card(license="mit"))
    imported("org/b", raw=b"# No metadata\n")

    assert queries.choices(user=reader, column="license", most=1) == [("mit", 1), (queries.NONE, 1)]
