"""A row of a list says what an approval is worth now, not only that it was given."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.gates.models import Approval
from governance.reviews import services as reviews
from governance.reviews.queries import listed
from governance.reviews.standing import stands_at
from tests.governance.reviews.browsing import signed_in
from tests.governance.world import World

pytestmark = pytest.mark.django_db

PAST = "2026-01-01T00:00:00+00:00"


def stands(world: World) -> tuple[str, str]:
    shown = stands_at(listed(world.approver).get())
    return shown["word"], str(shown["label"])


def test_what_may_run_is_approved(world: World) -> None:
    world.approved()

    assert stands(world) == ("approved", "")


def test_an_approval_that_has_ended_is_not_called_approved_alone(world: World) -> None:
    approval = world.approved()
    Approval.objects.filter(pk=approval.pk).update(ended_at=timezone.now(), ended_reason="revoked")

    assert stands(world) == ("ended", "Approved; ended since")


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"expires_at": PAST}, "expired"),
        ({"conditions": [{"severity": "fail", "holds_until": PAST}]}, "deny"),
        ({"conditions": [{"severity": "warn", "holds_until": PAST}]}, "approved"),
    ],
)
def test_time_closes_what_was_approved(world: World, changed: dict[str, Any], word: str) -> None:
    world.approved()
    shown = listed(world.approver).get()

    shown.approval_now |= changed

    assert stands_at(shown)["word"] == word


def test_every_page_that_lists_what_was_approved_can_be_opened(world: World) -> None:
    approval = world.approved()
    version, entry = approval.version, approval.version.entry
    pages = (
        reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, version.revision]),
        reverse("catalog:use-case", args=[world.use_case.slug]),
        reverse("reviews:submissions"),
        reverse("portal:inbox"),
    )

    assert [signed_in(world.approver).get(page).status_code for page in pages] == [200] * len(pages)


def test_the_head_of_a_submission_says_so_too(world: World, client: Client) -> None:
    approval = world.approved()
    Approval.objects.filter(pk=approval.pk).update(ended_at=timezone.now(), ended_reason="revoked")
    client.force_login(world.approver)

    page = client.get(f"/submissions/{approval.decision.submission_id}/").content.decode()

    assert "Approved; ended since" in page.partition('<div class="head">')[2].partition("</h1>")[2][:2000]


def test_what_has_ended_without_an_approval_tells_the_way_that_the_gate_tells(world: World, client: Client) -> None:
    submission = world.audited()
    reviews.withdraw(submission_id=submission.pk, by=world.submitter, at=world.at)
    client.force_login(world.submitter)

    page = client.get(f"/submissions/{submission.pk}/").content.decode()

    again = f'<a href="/submissions/new/{world.version.digest}/?use_case={world.use_case.slug}">'
    assert f"{again}Submit this version again.</a>" in page
    assert [step["action"] for step in world.gate().next_steps][-1] == "submit"
    assert "Nobody who may vote" not in page
