"""The dossier of a version: Annex IV in order, what is there, and what is not."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse
from django.utils import timezone

from governance.catalog.models import Suspension
from governance.reports import controls, dossier
from tests.factories import NOON, EntryFactory, VersionFactory
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
