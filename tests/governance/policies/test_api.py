"""Policies over REST: read by everybody with a token, changed by the organisation's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from governance.ledger.models import Event
from governance.policies.models import PolicyVersion
from governance.policies.services import publish_defaults
from tests.factories import TeamFactory, member
from tests.governance.catalog.clients import API, client

pytestmark = pytest.mark.django_db
TEXT = """
apiVersion: assay/v1
kind: Policy
metadata: {name: extra}
appliesTo: {stages: [pilot], tiers: [high]}
requirements:
  - {id: card.ok, kind: card, verdicts: [pass]}
validDays: 30
"""


def publish(who: Any, text: str = TEXT, name: str = "extra") -> Any:
    return client(who, "reviews:write").post(f"{API}policies/{name}/publish/", {"text": text})


def test_policies_in_force_are_listed_with_their_digest():
    publish_defaults(by=None, at=timezone.now())

    answer = client(member(TeamFactory(), "viewer"), "catalog:read").get(f"{API}policies/")

    assert answer.status_code == 200
    assert "high-production" in {policy["name"] for policy in answer.data["items"]}
    assert {len(policy["sha256"]) for policy in answer.data["items"]} == {64}


def test_policies_in_force_are_read_page_by_page_and_once_each():
    editor = member(None, "admin")
    publish_defaults(by=None, at=timezone.now())
    publish(editor)
    publish(editor, TEXT.replace("30", "20"))
    reader = client(member(TeamFactory(), "viewer"), "catalog:read")

    page, seen = reader.get(f"{API}policies/?limit=5").data, []
    while True:
        assert page["order"] == ["policy__name", "id"]
        seen += [(policy["name"], policy["number"]) for policy in page["items"]]
        if page["next"] is None:
            break
        page = reader.get(page["next"]).data

    names = [name for name, _number in seen]
    assert names == sorted(set(names))
    assert ("extra", 2) in seen


@pytest.mark.parametrize("role", ["admin", "risk_officer"])
def test_an_editor_publishes_a_version_and_the_same_text_is_no_new_one(role: str):
    editor = member(None, role)

    first, again = publish(editor), publish(editor)
    stricter = publish(editor, TEXT.replace("30", "20"))

    assert [answer.status_code for answer in (first, again, stricter)] == [201, 201, 201]
    assert [answer.data["number"] for answer in (first, again, stricter)] == [1, 1, 2]
    shown = client(editor, "catalog:read").get(f"{API}policies/extra/").data["items"]
    assert [version["number"] for version in shown] == [2, 1]
    assert Event.objects.filter(verb="policy.published").count() == 2


@pytest.mark.parametrize("role", ["submitter", "approver", "reviewer:ethics", "auditor", "viewer"])
def test_nobody_else_publishes_or_retires(role: str):
    publish(member(None, "admin"))
    for person in (member(None, role), member(TeamFactory(), "admin")):
        assert publish(person, TEXT.replace("30", "700")).status_code == 403
        assert client(person, "reviews:write").post(f"{API}policies/extra/retire/").status_code == 403

    assert PolicyVersion.objects.count() == 1


def test_a_stranger_without_a_token_reads_nothing():
    publish(member(None, "admin"))

    for path in ("policies/", "policies/extra/"):
        assert APIClient().get(API + path).status_code == 401
    assert APIClient().post(f"{API}policies/extra/publish/", {"text": TEXT}).status_code == 401


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TEXT.replace("kind: card", "kind: vibes"), "policy_invalid"),
        (TEXT.replace("[pass]", "[perfect]"), "policy_invalid"),
        ("- : : [", "policy_invalid"),
        ("", "invalid"),
        (TEXT.replace("name: extra", "name: other"), "name_differs"),
    ],
)
def test_a_text_that_breaks_a_rule_is_refused_and_nothing_is_published(text: str, code: str):
    answer = publish(member(None, "admin"), text)

    assert answer.status_code in (400, 422)
    assert answer.data["code"] == code
    assert not PolicyVersion.objects.exists()


def test_a_refusal_says_where():
    answer = publish(member(None, "admin"), TEXT.replace("kind: card", "kind: vibes"))

    assert "vibes" in str(answer.data["errors"])


def test_a_retired_policy_is_no_longer_in_force_and_still_readable():
    admin = member(None, "admin")
    publish(admin)

    retired = client(admin, "reviews:write").post(f"{API}policies/extra/retire/")

    reader = client(admin, "catalog:read")
    assert retired.status_code == 204
    assert reader.get(f"{API}policies/").data["items"] == []
    assert reader.get(f"{API}policies/extra/").status_code == 200
    assert client(admin, "reviews:write").post(f"{API}policies/nope/retire/").status_code == 404
