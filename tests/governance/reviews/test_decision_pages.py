"""Approving, returning, rejecting and withdrawing on the page of a submission."""

from __future__ import annotations

import pytest

from tests.governance.reviews.browsing import REASON, agree, page, send
from tests.story import NOW, Story

pytestmark = pytest.mark.django_db


def test_approval_is_closed_with_its_reason_until_everything_holds(story: Story) -> None:
    before = page(story.approver, story.submission)

    answer = send(story.approver, story, "approve", reason=REASON)

    assert "Approval is closed to everyone until every requirement holds." in before
    assert answer.status_code == 409
    assert REASON in answer.content.decode()
    story.submission.refresh_from_db()
    assert story.submission.state == "in_review"


def test_an_approver_approves_and_the_page_shows_the_hallmark_and_what_it_rests_on(story: Story) -> None:
    agree(story)

    answer = send(story.approver, story, "approve")

    assert answer.status_code == 302
    shown = page(story.viewer, story.submission)
    decision = story.submission.decisions.get()
    assert "Yes. It may run in pilot for Home loans until" in shown
    assert 'class="hallmark"' in shown
    assert "Amina Okafor" in shown
    assert decision.facts_sha256[:8] in shown
    assert str(decision.digests["licence_table"])[:8] in shown


def test_a_submission_without_an_approval_bears_no_hallmark(story: Story) -> None:
    assert 'class="hallmark"' not in page(story.viewer, story.submission)


def test_the_hallmark_goes_when_the_approval_ends(story: Story) -> None:
    from governance.gates.models import Approval

    agree(story)
    send(story.approver, story, "approve")
    Approval.objects.update(ended_at=NOW, ended_reason="revoked")

    shown = page(story.viewer, story.submission)

    assert 'class="hallmark"' not in shown
    assert "has ended" in shown


def test_an_approval_of_an_older_state_is_not_given(story: Story) -> None:
    agree(story)

    answer = send(story.approver, story, "approve", edition=1, reason=REASON)

    assert answer.status_code == 409
    assert REASON in answer.content.decode()
    assert not story.submission.decisions.exists()


@pytest.mark.parametrize(("step", "state"), [("return", "changes_requested"), ("reject", "rejected")])
def test_an_approver_says_no_with_a_reason_that_everybody_reads(story: Story, step: str, state: str) -> None:
    without = send(story.approver, story, step)
    answer = send(story.approver, story, step, reason=REASON)

    assert (without.status_code, answer.status_code) == (422, 302)
    story.submission.refresh_from_db()
    assert story.submission.state == state
    assert REASON in page(story.viewer, story.submission)


def test_a_returned_submission_comes_back_as_its_next_round(story: Story) -> None:
    send(story.approver, story, "return", reason=REASON)

    answer = send(story.submitter, story, "resubmit")

    assert answer.status_code == 302
    assert "In review, round 2" in page(story.viewer, story.submission)


def test_a_submitter_withdraws(story: Story) -> None:
    assert send(story.reviewer, story, "withdraw").status_code == 403
    assert send(story.submitter, story, "withdraw").status_code == 302
    story.submission.refresh_from_db()
    assert story.submission.state == "withdrawn"


def test_a_vote_after_the_end_is_refused(story: Story) -> None:
    send(story.submitter, story, "withdraw")

    assert send(story.reviewer, story, "vote", lane="ethics", vote="2").status_code == 409
