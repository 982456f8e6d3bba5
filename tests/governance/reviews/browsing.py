"""A browser of somebody signed in, and what it sends to a submission."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from governance.people.models import User
from governance.reviews.models import Submission
from tests.story import Story

REASON = "The card says nothing of the people who are refused."


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(user: User, submission: Submission) -> str:
    return signed_in(user).get(reverse("reviews:submission", args=[submission.pk])).content.decode()


def send(
    user: User, story: Story, step: str, *, edition: int | None = None, htmx: bool = False, **sent: str
) -> HttpResponse:
    story.submission.refresh_from_db()
    address = reverse(f"reviews:{step}", args=[story.submission.pk])
    data = {"edition": story.submission.edition if edition is None else edition, **sent}
    headers = {"HX-Request": "true"} if htmx else {}
    answer: HttpResponse = signed_in(user).post(address, data, headers=headers)
    return answer


def agree(story: Story) -> None:
    assert send(story.reviewer, story, "vote", lane="ethics", vote="2").status_code == 302
