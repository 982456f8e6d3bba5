"""Why is this a conflict, and what can I do? As a person finds it out; with scripts and without."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from governance.catalog.models import Version
from governance.licensing.models import Correction, Override
from governance.reviews import services
from governance.reviews.models import Submission
from tests.factories import member
from tests.governance.licensing.graphs import line, reassess_all
from tests.journeys.conftest import Visitor
from tests.story import NOW, PASSWORD, Story, work

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = "The licensor has agreed to it in writing, see the letter of May."


def conflicting(story: Story) -> tuple[Version, Submission]:
    """A version that drops the terms of what it was made from, submitted and audited."""
    version = line("llama3.1", "apache-2.0", "apache-2.0")[-1]
    submission = services.submit(version=version, use_case=story.use_case, stage="pilot", by=story.submitter, at=NOW)
    work()
    services.reevaluate(submission_id=submission.pk, at=NOW)
    return version, submission


def lawyer(story: Story, *, everywhere: bool = False):
    person = member(None if everywhere else story.team, "reviewer:legal", email="lena@example.org", name="Lena Berg")
    person.set_password(PASSWORD)
    person.save(update_fields=["password"])
    return person


def test_why_is_this_a_conflict_and_what_can_i_do(story: Story, visitor: Visitor) -> None:
    story.use_case.licence_profile = {"purpose": "commercial", "mode": "redistribute_weights"}
    story.use_case.save(update_fields=["licence_profile"])
    _version, submission = conflicting(story)
    page = visitor.page
    visitor.sign_in(story.submitter)
    visitor.go(reverse("reviews:submission", args=[submission.pk]))

    # The answer stands on the page of the submission: the sentence, the clause, the chain.
    why = page.locator("#why")
    expect(why.get_by_role("heading", name="Why is this a conflict?")).to_be_visible()
    expect(why).to_contain_text("Llama 3.1 Community License follows what is made from it")
    expect(why).to_contain_text("acme/work-0 → finetuned into → acme/work-1 → finetuned into → acme/work-2")
    expect(page.locator("#repairs").get_by_role("heading", name="What can I do?")).to_be_visible()
    expect(why).to_contain_text("To mend:")
    # The drawing shows it: two steps are lit, and the list beside it says the same.
    drawing = page.get_by_role("region", name="Lineage drawing")
    expect(drawing.locator(".edge--lit")).to_have_count(2)
    expect(page.locator("#licence .chain")).to_contain_text("finetuned into acme/work-2")

    why.get_by_role("link", name=re.compile("fine-tuned model")).first.click()

    assert visitor.heading() == "Llama 3.1 Community License"
    expect(page.locator("#term-reach_finetune")).to_contain_text("The agreement itself follows")
    page.go_back()
    page.get_by_role("link", name="all of it: clauses, obligations, overrides").click()
    assert visitor.heading() == "Licence chain"
    expect(page.locator("#duties")).to_contain_text("Built with Llama")
    with page.expect_download() as loading:
        page.get_by_role("link", name="Generate the notice file").click()
    assert "acme/work-0 (model)" in loading.value.path().read_text()
    visitor.nothing_went_wrong()


def test_a_lawyer_decides_otherwise_until_a_day(story: Story, visitor: Visitor) -> None:
    version, submission = conflicting(story)
    visitor.sign_in(lawyer(story))
    page = visitor.page
    visitor.go(reverse("reviews:submission", args=[submission.pk]))
    page.get_by_role("link", name="all of it: clauses, obligations, overrides").click()

    finding = page.locator("#why article").first
    finding.get_by_text("It does not stand in the way here").click()
    finding.get_by_label("Why it does not stand in the way").fill(WORDS)
    until = timezone.now().date() + dt.timedelta(days=60)
    finding.get_by_label("Until").fill(until.isoformat())
    finding.get_by_role("button", name="Override in this use case").click()

    expect(page.locator("#overrides")).to_contain_text(WORDS)
    expect(page.locator("#overrides")).to_contain_text("Lena Berg")
    assert Override.objects.get().entry == version.entry
    visitor.nothing_went_wrong()


def test_a_lawyer_corrects_a_term_after_seeing_what_would_turn(story: Story, visitor: Visitor) -> None:
    line("gemma", "gemma")
    visitor.sign_in(lawyer(story, everywhere=True))
    page = visitor.page
    visitor.go(reverse("licensing:licences"))
    page.get_by_label("Name, SPDX identifier or alias").fill("gemma")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Gemma Terms of Use").first.click()

    form = page.locator("#correct")
    form.get_by_label("Term").select_option("use")
    form.get_by_label("What the text says").fill("nc")
    form.get_by_label("Section of the text").fill("s.9")
    form.get_by_label("Reason").fill(WORDS)
    form.get_by_role("button", name="See what would turn").click()

    expect(page.locator("#correct")).to_contain_text("would turn")
    assert not Correction.objects.exists()
    page.locator("#correct").get_by_role("button", name="Correct").click()
    expect(page.locator("#term-use")).to_contain_text("May be used for non-commercial purposes only.")
    expect(page.locator("#term-use")).to_contain_text("s.9")
    reassess_all()
    visitor.nothing_went_wrong()


@pytest.mark.parametrize("scripts", [True], ids=["with scripts"])
@pytest.mark.parametrize(("width", "drawn"), [(1280, True), (390, False)], ids=["wide", "narrow"])
def test_on_a_narrow_screen_the_list_takes_the_place_of_the_drawing(
    story: Story, visitor: Visitor, width: int, drawn: bool
) -> None:
    version, _submission = conflicting(story)
    visitor.sign_in(story.submitter)
    visitor.page.set_viewport_size({"width": width, "height": 900})
    entry = version.entry

    visitor.go(reverse("catalog:licence", args=[entry.kind, entry.namespace, entry.name, version.revision]))

    expect(visitor.page.locator(".graph")).to_be_visible(visible=drawn)
    expect(visitor.page.locator("#path .chain")).to_be_visible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width
    visitor.nothing_went_wrong()
