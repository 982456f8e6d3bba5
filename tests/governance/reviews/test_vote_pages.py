"""Votes on the page of a submission."""

from __future__ import annotations

import pytest
from django.urls import reverse

from governance.reviews import services
from tests.governance.reviews.browsing import REASON, agree, page, send
from tests.story import NOW, Story

pytestmark = pytest.mark.django_db


def test_a_vote_is_recorded_and_shown_in_its_lane(story: Story) -> None:
    agree(story)

    shown = page(story.viewer, story.submission)
    assert "Vera Lindqvist" in shown
    assert "1 of 1" in shown
    assert "Every requirement holds. An approver has to decide." in shown


def test_an_objection_without_its_reason_comes_back_with_the_choice_kept(story: Story) -> None:
    answer = send(story.reviewer, story, "vote", lane="ethics", vote="-2", reason="short")

    assert answer.status_code == 422
    assert b'value="-2" checked' in answer.content
    assert b"at least 10 characters" in answer.content
    assert not story.submission.votes.exists()


@pytest.mark.parametrize("htmx", [False, True])
def test_a_vote_on_an_older_state_is_not_recorded_and_keeps_its_text(story: Story, htmx: bool) -> None:
    answer = send(story.reviewer, story, "vote", edition=999, htmx=htmx, lane="ethics", vote="-1", reason=REASON)

    assert answer.status_code == 409
    assert REASON in answer.content.decode()
    assert "Your text is kept" in answer.content.decode()
    assert not story.submission.votes.exists()


def test_what_htmx_gets_back_of_a_refused_vote_is_the_form_alone(story: Story) -> None:
    answer = send(story.reviewer, story, "vote", htmx=True, lane="ethics", vote="-2", reason="")

    assert answer.status_code == 422
    assert answer.content.lstrip().startswith(b'<section class="box stack" id="vote">')


def test_after_a_vote_htmx_is_sent_to_the_page(story: Story) -> None:
    answer = send(story.reviewer, story, "vote", htmx=True, lane="ethics", vote="2")

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == reverse("reviews:submission", args=[story.submission.pk])


@pytest.mark.parametrize("sent", [{}, {"lane": "x", "vote": "2"}, {"lane": "ethics", "vote": "7"}, {"lane": "ethics"}])
def test_a_vote_that_says_nothing_is_refused(story: Story, sent: dict[str, str]) -> None:
    assert send(story.reviewer, story, "vote", **sent).status_code == 422
    assert not story.submission.votes.exists()


def test_only_lanes_that_the_person_holds_are_offered(story: Story) -> None:
    assert 'id="vote"' in page(story.reviewer, story.submission)
    for other in (story.viewer, story.submitter, story.approver, story.admin):
        assert 'id="vote"' not in page(other, story.submission)


def test_nobody_votes_in_a_lane_that_they_do_not_hold(story: Story) -> None:
    assert send(story.approver, story, "vote", lane="ethics", vote="2").status_code == 403
    assert not story.submission.votes.exists()


def test_who_submitted_sees_why_they_cannot_vote(story: Story) -> None:
    story.submitter.memberships.create(team=story.team, role="reviewer", lane="ethics")

    shown = page(story.submitter, story.submission)

    assert "someone else has to decide" in shown
    assert 'name="vote"' not in shown
    assert send(story.submitter, story, "vote", lane="ethics", vote="2").status_code == 403


def test_who_has_voted_sees_it_and_approves_next(story: Story) -> None:
    story.reviewer.memberships.create(team=story.team, role="approver")
    before = page(story.reviewer, story.submission)
    services.vote(submission_id=story.submission.pk, voter=story.reviewer, lane="ethics", value=1, at=NOW)

    shown = page(story.reviewer, story.submission)

    assert 'button--main button--wide">Record vote' in before
    form = shown[shown.index('id="vote"') : shown.index('id="decision"')]
    assert "You agreed (+1) in Ethics on" in form
    assert "voting again replaces it" in form
    assert 'value="2" checked' in form
    assert "button--main" not in form
    assert "button--main" in shown[shown.index('id="decision"') :]
