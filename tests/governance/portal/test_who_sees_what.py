"""Strangers find nothing of another team, everybody of the team reads."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from audits.models import Run
from tests.governance.portal.browsing import signed_in, version_address
from tests.story import Story

pytestmark = pytest.mark.django_db


def team_pages(story: Story) -> list[str]:
    """Pages about what belongs to the team."""
    licence = Run.objects.get(kind="license")
    return [
        reverse("reviews:submission", args=[story.submission.pk]),
        reverse("evidence:run", args=[licence.pk]),
        reverse("catalog:use-case", args=[story.use_case.slug]),
        reverse("catalog:use-case-edit", args=[story.use_case.slug]),
        reverse("catalog:audit-plan", args=[story.use_case.slug]),
        reverse("catalog:entry", args=["model", "acme", "loan-approval"]),
        reverse("reviews:submit", args=[story.version.digest]),
        version_address(story.version),
    ]


def common_pages() -> list[str]:
    names = ("portal:inbox", "catalog:entries", "catalog:import", "reviews:submissions", "evidence:runs")
    return [reverse(name) for name in (*names, "catalog:use-cases", "policies:policies")]


def test_a_stranger_finds_nothing_of_another_team(story: Story) -> None:
    client = signed_in(story.stranger)

    answers = {address: client.get(address).status_code for address in team_pages(story)}

    assert answers == dict.fromkeys(team_pages(story), 404)


def test_lists_show_a_stranger_nothing_of_another_team(story: Story) -> None:
    client = signed_in(story.stranger)

    for address in common_pages():
        page = client.get(address)
        assert page.status_code == 200
        assert b"loan-approval" not in page.content, address


def test_what_a_stranger_sends_to_a_submission_is_lost(story: Story) -> None:
    client, pk = signed_in(story.stranger), story.submission.pk
    sent = {"edition": story.submission.edition, "reason": "a reason long enough", "vote": "2", "lane": "ethics"}

    names = ("vote", "approve", "return", "reject", "withdraw", "resubmit", "audit-again", "attach")
    answers = {name: client.post(reverse(f"reviews:{name}", args=[pk]), sent).status_code for name in names}

    assert answers == dict.fromkeys(names, 404)
    story.submission.refresh_from_db()
    assert story.submission.state == "in_review"
    assert not story.submission.votes.exists()


def test_a_stranger_cannot_cancel_or_repeat_a_run(story: Story) -> None:
    run = Run.objects.get(kind="license")

    for name in ("cancel", "again"):
        assert signed_in(story.stranger).post(reverse(f"evidence:{name}", args=[run.pk])).status_code == 404


def test_every_page_asks_to_sign_in_first(story: Story) -> None:
    for address in [*team_pages(story), *common_pages()]:
        answer = Client().get(address)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("people:sign-in"))


@pytest.mark.parametrize("who", ["admin", "submitter", "reviewer", "approver", "risk_officer", "viewer"])
def test_everybody_in_the_team_can_read_its_pages(story: Story, who: str) -> None:
    client = signed_in(getattr(story, who))

    for address in [*team_pages(story), *common_pages()]:
        assert client.get(address, follow=True).status_code == 200, address
