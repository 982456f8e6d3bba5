"""In a browser: a gate that only observes, and glass that two administrators break; neither can be overlooked."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from governance.gates import queries as gate
from governance.gates.documents import as_text, gate_document
from governance.gates.models import GateMode
from governance.policies.models import AdminOverride
from tests.factories import member
from tests.journeys.conftest import Visitor
from tests.story import NOW, PASSWORD, Story

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]
REASON = "The fraud line is down and this version stops it"


@pytest.mark.parametrize("scripts", [True], indirect=True)
def test_a_gate_is_set_to_observe_and_two_administrators_break_the_glass(story: Story, visitor: Visitor) -> None:
    second = member(None, "admin", email="ben@example.org", name="Ben Admin")
    second.set_password(PASSWORD)
    second.save(update_fields=["password"])
    submission = reverse("reviews:submission", args=[story.submission.pk])
    page = visitor.page

    visitor.sign_in(story.risk_officer)
    visitor.go(reverse("catalog:use-case", args=[story.use_case.slug]))
    page.get_by_text("Set the gate", exact=True).click()
    page.get_by_label("Stage", exact=True).select_option("pilot")
    page.get_by_label("observe: a no is only written down, and the pipeline goes on").check()
    page.get_by_label("Why the gate is set so").fill("The pipelines are being moved over")
    page.get_by_role("button", name="Set it").click()
    assert page.get_by_text("Say until when; after that the gate is enforced again by itself.", exact=True).is_visible()
    page.get_by_label("Until the end of").fill((NOW + dt.timedelta(days=30)).date().isoformat())
    page.get_by_role("button", name="Set it").click()
    assert page.get_by_text("a no stops nothing, and nobody is warned").is_visible()
    assert GateMode.objects.count() == 1
    visitor.sign_out()

    visitor.sign_in(story.admin)
    visitor.go(submission)
    assert page.get_by_text("Not enforced: this gate stops nothing.").is_visible()
    page.get_by_role("link", name="Propose an override").click()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_label("Why it cannot wait").fill(REASON)
    page.get_by_role("button", name="Propose it").click()
    assert page.get_by_text("You proposed this override; a second administrator has to confirm it.").is_visible()
    assert page.get_by_role("button", name="Confirm").is_disabled()
    visitor.sign_out()

    visitor.sign_in(second)
    visitor.go(reverse("reviews:override", args=[AdminOverride.objects.get().pk]))
    page.get_by_role("button", name="Confirm").click()
    assert page.get_by_text("Confirmed. What it names is set aside until its end").is_visible()
    visitor.go(submission)
    assert page.get_by_text("Glass is broken here.").is_visible()
    assert page.locator(".banner").get_by_text(REASON).is_visible()
    visitor.sign_out()

    visitor.sign_in(story.approver)
    visitor.go(submission)
    page.get_by_role("button", name="Approve").click()
    assert page.get_by_text("Glass is broken here.").is_visible()
    entry, revision = story.version.entry, story.version.revision
    subject = gate.subject(kind=entry.kind, repo_id=entry.repo_id, revision=revision)
    document = gate_document(gate.gate_answer(user=None, subject=subject, use_case=story.use_case.slug, stage="pilot"))
    assert (document["verdict"], document["mode"], document["overrides"][0]["reason"]) == ("warn", "observe", REASON)
    told = as_text(document)
    assert told.startswith("NOT ENFORCED until ")
    assert "OVERRIDDEN by two administrators, Ada Admin and Ben Admin, until " in told
    visitor.nothing_went_wrong()
