"""In a browser: an edition of the report as one page, in both languages, on the screen and on a phone."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from governance.people.models import Membership
from governance.reports import drawing, services
from governance.reports.periods import read_period
from tests.journeys.conftest import Visitor
from tests.story import Story

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300), pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("scripts", [False], ids=["without scripts"])
def test_an_auditor_opens_an_edition_and_reads_it_in_both_languages(story: Story, visitor: Visitor) -> None:
    Membership.objects.create(user=story.submitter, team=None, role="auditor")
    at = timezone.now()
    edition = services.compile(period=read_period(f"{at:%Y-%m}", time_zone="UTC"), team=None, by=None, at=at)
    page = visitor.page
    visitor.sign_in(story.submitter)
    visitor.go(reverse("reports:edition", args=[edition.pk]))

    page.get_by_role("link", name="HTML", exact=True).click()
    assert page.get_by_text("A worker draws it from the frozen document").is_visible()
    drawing.carry_out()
    page.get_by_role("link", name="Look again").click()

    assert visitor.heading().startswith("Model audit report")
    assert page.get_by_text(f"verify_report {edition.document_sha256}").is_visible()
    assert page.get_by_text(edition.document_sha256, exact=True).is_visible()
    page.get_by_role("link", name="Control matrix").click()
    assert page.get_by_role("heading", name="7 Control matrix").is_visible()
    # the file brings its own style sheet, and its policy lets it
    assert page.locator("main").evaluate("one => getComputedStyle(one).maxWidth") == "1088px"
    russian = reverse("reports:form", args=[edition.pk, "html", "ru"])
    visitor.go(russian)
    drawing.carry_out()
    visitor.go(russian)
    assert visitor.heading().startswith("Отчёт о проверке моделей")
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    visitor.nothing_went_wrong()
