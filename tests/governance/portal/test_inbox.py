from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import reverse

from governance.notifications import delivery
from governance.notifications.models import Notice
from governance.reviews import services as reviews
from tests.governance.portal.browsing import signed_in, vote
from tests.story import NOW, Story, audited_for_bias, predictions

pytestmark = pytest.mark.django_db


def test_the_inbox_shows_what_needs_a_vote_until_it_is_cast(story: Story) -> None:
    client, inbox = signed_in(story.reviewer), reverse("portal:inbox")
    before = client.get(inbox)

    vote(client, story, "2")

    assert b"1 submission waits for you" in before.content
    assert b"Nothing waits for you" in client.get(inbox).content


def test_the_inbox_tells_an_approver_when_everything_holds(story: Story) -> None:
    client, inbox = signed_in(story.approver), reverse("portal:inbox")
    before = client.get(inbox)

    vote(signed_in(story.reviewer), story, "2")

    assert b"Nothing waits for you" in before.content
    assert b"Ready for a decision" in client.get(inbox).content


def test_the_inbox_leaves_out_what_a_reviewer_made_themselves(story: Story, tmp_path: Path) -> None:
    audited_for_bias(story, predictions())
    page = signed_in(story.submitter).get(reverse("portal:inbox"))

    assert b"Nothing waits for you" in page.content


def test_notices_are_read_once(story: Story) -> None:
    delivery.deliver_due()
    client = signed_in(story.reviewer)
    shown = client.get(reverse("portal:inbox"))

    client.post(reverse("portal:read"))

    assert b"Submitted for pilot: acme/loan-approval@" in shown.content
    assert b"No news since you last looked" in client.get(reverse("portal:inbox")).content
    assert not Notice.objects.filter(user=story.reviewer, read_at=None).exists()
    assert Notice.objects.filter(read_at=None).count() == Notice.objects.exclude(user=story.reviewer).count()


@pytest.mark.parametrize("chosen", ["you", "mine", "others"])
def test_an_empty_inbox_has_no_button_without_words(story: Story, chosen: str) -> None:
    story.submission.delete()

    shown = signed_in(story.viewer).get(reverse("portal:inbox"), {"show": chosen}).content.decode()

    buttons = re.findall(r'<a class="button[^"]*" href="[^"]*">(.*?)</a>', shown)
    assert all(label.strip() for label in buttons), buttons


def test_what_is_decided_asks_for_nothing_any_more_and_news_name_their_commit(story: Story) -> None:
    delivery.deliver_due()
    client, address = signed_in(story.reviewer), reverse("portal:inbox")
    before = client.get(address).content.decode()
    reviews.vote(submission_id=story.submission.pk, voter=story.reviewer, lane="ethics", value=2, at=NOW)
    reviews.approve(submission_id=story.submission.pk, approver=story.approver, at=NOW)
    delivery.deliver_due()

    after = client.get(address).content.decode()
    submitter = signed_in(story.submitter).get(address).content.decode()

    named = f"acme/loan-approval@{story.version.revision[:8]}"
    assert f"Submitted for pilot: {named}." in before
    assert "Submitted for pilot" not in after
    assert f"Approved for pilot: {named}." in submitter
    assert "Somebody voted" not in submitter
