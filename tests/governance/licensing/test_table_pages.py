"""The table of licences and the page of one."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from licenses import catalogue
from tests.factories import TeamFactory
from tests.governance.licensing.browsing import INBOX, ROLES, SESSION, STYLE, address, signed_in, text_of
from tests.governance.licensing.graphs import line, work

pytestmark = pytest.mark.django_db


def test_the_list_shows_every_licence_the_most_declared_first(viewer):
    line("mit", "mit", "gemma")

    page = signed_in(viewer).get(reverse("licensing:licences"))

    shown = re.findall(r'href="/licenses/([^"/]+)/"', page.content.decode())
    assert shown[:2] == ["mit", "gemma"]
    assert sorted(shown) == sorted(row.id for row in catalogue.all_licences())


def test_the_list_counts_only_what_the_person_sees(viewer):
    work("acme/open", "gemma")
    hidden = work("acme/closed", "gemma")
    hidden.entry.team = TeamFactory()
    hidden.entry.save(update_fields=["team"])

    page = signed_in(viewer).get(reverse("licensing:licences"), {"q": "gemma"})

    assert re.findall(r'data-label="Declared by">([^<]*)<', page.content.decode()) == ["1"]


def test_the_list_is_narrowed_by_family_and_words(viewer):
    page = signed_in(viewer).get(reverse("licensing:licences"), {"family": "llama", "q": "3.1"})

    assert re.findall(r'href="/licenses/([^"/]+)/"', page.content.decode()) == ["llama3.1"]
    assert "1 licence" in text_of(page)


def test_an_empty_search_says_what_to_do(viewer):
    page = signed_in(viewer).get(reverse("licensing:licences"), {"q": "no such thing"})

    assert "No licence matches" in text_of(page)


def test_what_the_table_does_not_know_is_named(viewer):
    work("acme/odd", "my-own-licence")
    work("acme/silent", None)

    said = text_of(signed_in(viewer).get(reverse("licensing:licences")))

    assert "my-own-licence · 1" in said
    assert "1 entry declares no licence." in said


def test_the_list_costs_two_queries_however_much_is_declared(viewer, django_assert_max_num_queries):
    line(*["mit"] * 20)
    client = signed_in(viewer)

    with django_assert_max_num_queries(SESSION + ROLES + INBOX + 2):
        client.get(reverse("licensing:licences"))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_licence_has_a_page_in_both_languages(viewer, language):
    client = signed_in(viewer)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language

    for row in catalogue.all_licences():
        page = client.get(reverse("licensing:licence", args=[row.id]))
        assert page.status_code == 200, row.id
        assert row.name in unescape(page.content.decode())
        assert ("Что она разрешает" if language == "ru" else "What it grants") in page.content.decode()
        assert not STYLE.search(page.content), row.id


def test_a_licence_page_says_it_in_sentences_with_its_sources(viewer):
    said = text_of(signed_in(viewer).get(reverse("licensing:licence", args=["llama3.1"])))

    assert "The agreement itself follows; another licence cannot take its place." in said
    assert "s.2 700M MAU" in said
    assert "It is not the licensor’s word and not legal advice" in said
    assert "github:meta-llama/llama-models" in said


def test_a_licence_that_nobody_has_read_says_that_nothing_is_decided(viewer):
    said = text_of(signed_in(viewer).get(reverse("licensing:licence", args=["h-research"])))

    assert "Nothing can be decided by this name." in said
    assert "The text was not read" in said


def test_another_name_leads_to_the_page_and_no_name_to_none(viewer):
    client = signed_in(viewer)

    assert client.get("/licenses/MIT/").headers["Location"] == "/licenses/mit/"
    assert client.get("/licenses/no-such-licence/").status_code == 404


def test_a_licence_page_names_only_users_that_the_person_sees(viewer):
    work("acme/open", "gemma")
    hidden = work("acme/closed", "gemma")
    hidden.entry.team = TeamFactory()
    hidden.entry.save(update_fields=["team"])

    said = text_of(signed_in(viewer).get(reverse("licensing:licence", args=["gemma"])))

    assert "acme/open" in said
    assert "acme/closed" not in said


def test_a_licence_page_costs_the_same_for_any_number_of_users(viewer, django_assert_max_num_queries):
    line(*["gemma"] * 12)
    client = signed_in(viewer)

    with django_assert_max_num_queries(SESSION + ROLES + INBOX + 8):
        client.get(reverse("licensing:licence", args=["gemma"]))


def test_strangers_are_asked_to_sign_in():
    version = work("acme/model")

    for url in (reverse("licensing:licences"), reverse("licensing:licence", args=["mit"]), address(version)):
        assert Client().get(url).status_code == 302
