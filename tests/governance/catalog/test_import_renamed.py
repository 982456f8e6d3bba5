"""Whose entry an imported name is: renamed repositories, and local folders beside the Hub."""

from __future__ import annotations

import pytest

from governance.catalog.models import Alias
from governance.catalog.snapshots import LOCAL
from tests.governance.catalog.cards import SHA, card, entry, imported

pytestmark = pytest.mark.django_db


def test_a_repository_that_the_hub_redirects_keeps_its_entry_and_gains_an_alias() -> None:
    before = imported("old/name", revision=SHA)

    after = imported("new/name", requested_id="old/name", revision="f" * 40)

    assert after.change == "updated"
    assert after.entry == before.entry
    assert [(alias.key, alias.entry) for alias in Alias.objects.all()] == [("new/name", before.entry)]


def test_a_redirected_repository_is_found_by_its_new_name_later() -> None:
    imported("old/name", revision=SHA)
    after = imported("new/name", requested_id="old/name", revision="f" * 40)

    direct = imported("new/name", raw=card(license="mit"), revision="e" * 40)

    assert direct.entry == after.entry


def test_a_mere_name_that_the_hub_redirects_takes_the_new_one() -> None:
    imported("org/model", raw=card(base_model="bert"))
    mentioned = entry("bert")

    done = imported("google/bert", requested_id="bert", raw=card(license="mit"))

    assert done.entry.pk == mentioned.pk
    assert (done.entry.repo_id, done.entry.key) == ("google/bert", "google/bert")
    assert Alias.objects.get().key == "bert"
    assert imported("org/other", raw=card(base_model="bert")).version.edges.get().to_entry == done.entry


def test_a_redirect_between_two_catalogued_entries_merges_nothing() -> None:
    old, new = imported("old/name", revision=SHA), imported("new/name", revision=SHA)

    done = imported("new/name", requested_id="old/name", revision="f" * 40)

    assert done.entry == new.entry
    assert not Alias.objects.exists()
    old.entry.refresh_from_db()
    assert old.entry.latest == old.version


def test_a_local_card_links_to_a_local_entry_before_the_hub_s() -> None:
    imported("org/base", raw=card(license="mit"))
    local = imported("org/base", raw=card(license="mit"), source=LOCAL)

    assert imported(source=LOCAL, raw=card(base_model="org/base")).version.edges.get().to_entry == local.entry


def test_a_local_card_links_to_the_hub_s_entry_where_there_is_no_local_one() -> None:
    base = imported("org/base", raw=card(license="mit"))

    assert imported(source=LOCAL, raw=card(base_model="org/base")).version.edges.get().to_entry == base.entry


def test_a_folder_imported_after_the_local_card_that_names_it_is_what_the_card_meant() -> None:
    model = imported("org/model", source=LOCAL, raw=card(datasets="org/rows"))

    rows = imported("org/rows", source=LOCAL, kind="dataset", raw=card(license="mit"))

    assert model.version.edges.get().to_entry == rows.entry
    assert rows.entry.source == LOCAL


def test_a_folder_cannot_pass_for_what_a_card_on_the_hub_names() -> None:
    model = imported("org/model", raw=card(base_model="org/base"))

    fake = imported("org/base", source=LOCAL, raw=card(license="mit"))

    assert model.version.edges.get().to_entry != fake.entry
    assert model.version.edges.get().to_entry.latest is None
