"""In a browser: from a no to a waiver, which whoever asked for it cannot accept."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from governance.people.models import Membership
from governance.policies.models import Waiver
from tests.journeys.conftest import Visitor
from tests.story import NOW, Story, audited_for_bias, predictions

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]


def test_a_waiver_is_asked_for_beside_what_failed_and_accepted_by_somebody_else(story: Story, visitor: Visitor) -> None:
    submission, _run = audited_for_bias(story, predictions())
    Membership.objects.create(user=story.submitter, team=story.team, role="risk_officer")
    page = visitor.page
    visitor.sign_in(story.submitter)
    visitor.go(reverse("reviews:submission", args=[submission.pk]))

    page.get_by_role("link", name="Ask for a waiver, at most 90 days").click()
    page.get_by_label("Why it is waived").fill("The region has few applicants of one group.")
    page.get_by_label("What stands in its place meanwhile").fill("A person looks at every refusal.")
    page.get_by_label("Until the end of").fill((NOW + dt.timedelta(days=30)).date().isoformat())
    page.get_by_role("button", name="Ask for it").click()

    waiver = Waiver.objects.get()
    assert page.get_by_text("You asked for this waiver; a second person has to accept it.").is_visible()
    assert page.get_by_role("button", name="Accept").is_disabled()
    visitor.sign_out()
    visitor.sign_in(story.risk_officer)
    visitor.go(reverse("policies:waiver", args=[waiver.pk]))
    page.get_by_role("button", name="Accept").click()
    assert page.get_by_text("Accepted. The requirement counts as waived").is_visible()
    visitor.go(reverse("reviews:submission", args=[submission.pk]))
    assert page.locator(".req").get_by_text("Waived by Rita Moreau until").is_visible()
    page.locator("nav.nav").get_by_role("link", name="Waivers").click()
    assert visitor.heading() == "Waivers"
    visitor.nothing_went_wrong()
