"""The dossier of a version: Annex IV in order, what is there, and what is not."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from audits.digests import canonical
from governance.catalog.models import Suspension
from governance.catalog.rendering import _EXCERPT_TAGS as EXCERPT_TAGS
from governance.catalog.rendering import excerpt_html
from governance.people.models import Scope
from governance.reports import controls, dossier, dossier_page
from tests.factories import NOON, EntryFactory, VersionFactory
from tests.governance.catalog.clients import client
from tests.governance.catalog.test_rendering import HOSTILE
from tests.governance.reviews.browsing import signed_in
from tests.governance.world import World

pytestmark = pytest.mark.django_db


def test_a_dossier_lists_every_point_with_its_facts_and_its_gaps() -> None:
    world = World()
    bare = world.new_version()
    approval = world.approved()
    entry = world.version.entry
    address = [entry.kind, entry.namespace, entry.name, world.version.revision, world.use_case.slug]
    browser = signed_in(world.submitter)

    told = json.loads(browser.get(reverse("reports:dossier-json", args=address)).content)
    page = browser.get(reverse("reports:dossier", args=address)).content.decode()

    points = next(one for one in controls.frameworks() if one.id == controls.ANNEX_IV).controls
    rows = {row["id"]: row for row in told["rows"]}
    assert list(rows) == [point.id for point in points]
    assert (rows["2(g)"]["state"], rows["2(g)"]["held"]["audit.bias"]) == ("some", 1)
    assert "audit.metrics" in rows["2(g)"]["gaps"]
    assert rows["8"]["state"] == "outside"
    assert rows["6"]["held"]["decisions"] == 1
    assert rows["3"]["held"]["card.limits"] == 1
    assert "Knows nothing of applicants outside the region" in page
    assert "<b>Card: limitations</b>" in page
    assert page.count('id="point-') == 23
    assert "no line says that a point is met" in page
    assert told["content"]["decisions"][0]["approval"]["granted_at"] == approval.granted_at.isoformat()
    # of a version on which nobody has decided there is the card, and hardly more: nothing of another's is taken for it
    other = dossier.document(version=bare, use_case=world.use_case, at=timezone.now())
    assert next(row for row in other["rows"] if row["id"] == "2(g)")["state"] == "none"
    assert other["content"]["decisions"] == []
    assert next(row for row in other["rows"] if row["id"] == "3")["held"] == {"card.limits": 1}
    assert dossier.shown(other)
    # what is suspended is this version's entry: not one of the same name, nor another version alone
    dataset = EntryFactory(kind="dataset", repo_id=bare.entry.repo_id)
    for reason, what in (
        ("of this entry", {"entry": bare.entry}),
        ("of another version", {"entry": bare.entry, "version": VersionFactory(entry=bare.entry)}),
        ("of a dataset", {"entry": dataset}),
    ):
        Suspension.objects.create(**what, reason=reason, descendants=False, made_by=world.risk_officer, made_at=NOON)
    other = dossier.document(version=bare, use_case=world.use_case, at=timezone.now())
    assert [one["reason"] for one in other["content"]["exceptions"]] == ["of this entry"]
    # strangers see neither
    assert signed_in(world.stranger).get(reverse("reports:dossier", args=address)).status_code == 404


def test_a_dossier_is_had_over_rest_as_the_portal_has_it() -> None:
    world = World()
    world.approved()
    entry = world.version.entry
    place = f"{entry.kind}/{entry.namespace}/{entry.name}"
    address = f"/api/v1/entries/{place}/versions/{world.version.revision}/dossier/{world.use_case.slug}/"
    rest = client(world.submitter, Scope.REPORTS_READ)

    told = rest.get(address)
    english, russian = (rest.get(f"{address}html/?language={language}") for language in ("en", "ru"))

    portal = reverse(
        "reports:dossier-json",
        args=[entry.kind, entry.namespace, entry.name, world.version.revision, world.use_case.slug],
    )
    shown = json.loads(signed_in(world.submitter).get(portal).content)
    assert told.headers["Content-Type"] == "application/json"
    assert told.content == canonical(told.json())
    assert {**told.json(), "as_of": None} == {**shown, "as_of": None}
    points = [row["id"] for row in told.json()["rows"]]
    assert points == [
        point.id
        for framework in controls.frameworks()
        if framework.id == controls.ANNEX_IV
        for point in framework.controls
    ]
    # the page has the same points in the same order, with as many gaps as the document lists, and runs nothing
    for page, nothing in ((english, "to be brought from elsewhere"), (russian, "взять из другого места")):
        rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page.content.decode(), re.DOTALL)
        assert [point for point, _cells in rows] == points
        for (_point, cells), row in zip(rows, told.json()["rows"], strict=True):
            assert cells.count('class="open"') == (0 if row["state"] == "outside" else len(row["gaps"]))
            assert (nothing in cells) == (row["state"] == "outside")
        assert "Knows nothing of applicants outside the region" in page.content.decode()
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "no line says that a point is met" in english.content.decode()
    assert '<html lang="ru">' in russian.content.decode()
    # by its digest too; not by a branch, nor in a use case or with a token of others
    assert rest.get(address.replace(world.version.revision, world.version.digest)).status_code == 200
    assert rest.get(address.replace(world.version.revision, "main")).status_code == 422
    assert rest.get(f"{address}html/?language=xx").status_code in (400, 422)
    for suffix in ("", "html/"):
        assert client(world.stranger, Scope.REPORTS_READ).get(address + suffix).status_code == 404
        assert client(world.submitter, Scope.CATALOG_READ).get(address + suffix).status_code == 403


def test_what_a_card_says_is_text_on_the_page_of_a_dossier() -> None:
    world = World()
    hostile = "=1+1<script>alert(1)</script>\u202egnp.exe"
    told = dossier.document(version=world.version, use_case=world.use_case, at=timezone.now())
    told["subject"]["id"] = hostile
    told["content"]["versions"][0]["card"]["limitations"] = hostile

    page = dossier_page.page(told, language="en")

    assert "<script" not in page
    assert page.count("<bdi>=1+1&lt;script&gt;alert(1)&lt;/script&gt;\u202egnp.exe</bdi>") == 2
    # of the card, whose Markdown is drawn, nothing runs, and its words keep to a block of their own
    assert '<div class="card" dir="auto"><p>=1+1\u202egnp.exe</p>' in page


@pytest.mark.parametrize("passage", HOSTILE)
def test_a_passage_of_a_card_is_drawn_and_runs_nothing(passage: str) -> None:
    """In a document that is kept nothing of a card leads anywhere either: no links, no ids, no headings."""
    shown = excerpt_html(f"# Limits\n\n**Not** for [children](https://evil.example) {passage}\n\n{passage}")

    assert shown.startswith("<p><b>Limits</b></p>\n<p><strong>Not</strong> for children")
    opened = re.findall(r"<([a-zA-Z][^>]*)>", shown)
    assert {one.split()[0].lower() for one in opened} <= EXCERPT_TAGS | {"div"}
    with_attributes = {one for one in opened if " " in one}
    assert with_attributes <= {
        'div class="scroll" tabindex="0" role="region" aria-label="Table"',
        'span class="card-image"',
    }


def test_a_long_passage_ends_after_a_whole_word() -> None:
    shown = excerpt_html("- one\n- two\n- " + "three " * 200, most=60)

    assert shown.startswith("<ul>\n<li>one</li>\n<li>two</li>\n<li>three")
    assert shown.endswith("three…</li>\n</ul>\n")
    assert excerpt_html("<!-- nothing -->").strip() == ""
