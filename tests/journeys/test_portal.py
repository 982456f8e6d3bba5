"""From signing in to an approval, as a person walks it; with scripts and without."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from audits.models import Run
from governance.catalog import use_cases
from governance.catalog.models import Version
from governance.reviews import services
from tests.audits.measures.suites.made import cases
from tests.audits.measures.suites.made import table_of as suite_of
from tests.governance.catalog.test_rendering import HOSTILE
from tests.journeys.conftest import Visitor
from tests.story import CARD, NOW, PLAN, Story, audited_for_bias, predictions, work

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SUITE = suite_of(cases("negation", 10, 50) + cases("other", 50, 50, label="no"))
ONLY_WITH = pytest.mark.parametrize("scripts", [True], ids=["with scripts"])


def version_address(version: Version) -> str:
    entry = version.entry
    return reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, version.revision])


def test_from_the_inbox_to_a_vote_and_an_approval(story: Story, visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in(story.reviewer)
    page.get_by_role("link", name="acme/loan-approval").first.click()
    expect(page.locator("#verdict")).to_contain_text("1 of 3 requirements closes the gate")

    page.get_by_label("Agree").check()
    page.get_by_role("button", name="Record vote").click()

    expect(page.get_by_role("status")).to_contain_text("Your vote is recorded.")
    expect(page.locator("#verdict")).to_contain_text("Every requirement holds")
    visitor.sign_out()
    visitor.sign_in(story.approver)
    page.get_by_role("link", name="acme/loan-approval").first.click()

    page.get_by_role("button", name="Approve").click()

    expect(page.locator("#verdict")).to_contain_text("Yes. It may run in pilot for Home loans until")
    expect(page.locator("#verdict .hallmark")).to_be_visible()
    story.submission.refresh_from_db()
    assert story.submission.state == "approved"
    visitor.nothing_went_wrong()


def test_a_vote_that_somebody_overtook_keeps_its_words(story: Story, visitor: Visitor) -> None:
    page, words = visitor.page, "The card says nothing of refusals."
    visitor.sign_in(story.reviewer)
    visitor.go(reverse("reviews:submission", args=[story.submission.pk]))
    services.vote(submission_id=story.submission.pk, voter=story.reviewer, lane="ethics", value=0, at=NOW)

    page.get_by_label("Veto").check()
    page.locator("#vote").get_by_label("Reason").fill(words)
    page.get_by_role("button", name="Record vote").click()

    expect(page.locator("#vote")).to_contain_text("Your text is kept")
    expect(page.locator("#vote").get_by_label("Reason")).to_have_value(words)
    expect(page.get_by_label("Veto")).to_be_checked()
    assert story.submission.votes.count() == 1
    visitor.nothing_went_wrong()


@pytest.mark.parametrize("overtaken", [False, True], ids=["without its reason", "overtaken"])
def test_a_refused_vote_that_is_mended_is_recorded(story: Story, visitor: Visitor, overtaken: bool) -> None:
    page = visitor.page
    visitor.sign_in(story.reviewer)
    visitor.go(reverse("reviews:submission", args=[story.submission.pk]))
    if overtaken:
        services.vote(submission_id=story.submission.pk, voter=story.reviewer, lane="ethics", value=0, at=NOW)
    page.get_by_label("Veto").check()
    page.locator("#vote").get_by_label("Reason").fill("Nobody was asked." if overtaken else "short")
    page.get_by_role("button", name="Record vote").click()
    expect(page.locator("#vote .form-error")).to_be_visible()

    page.locator("#vote").get_by_label("Reason").fill("The card says nothing of refusals.")
    page.locator("#vote button").click()

    expect(page.get_by_role("status")).to_contain_text("Your vote is recorded.")
    assert story.submission.votes.latest("pk").value == -2
    visitor.nothing_went_wrong()


def test_a_model_is_found_opened_and_submitted(story: Story, visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in(story.submitter)
    page.get_by_role("searchbox", name="Find a model, dataset or digest").fill("loan approv")
    page.keyboard.press("Enter")

    page.get_by_role("table").get_by_role("link", name="acme/loan-approval").click()
    page.get_by_role("link", name="Submit for…").click()
    page.get_by_label("Use case").select_option("home-loans")
    page.get_by_label("Stage").select_option("production")
    page.get_by_role("button", name="Submit").click()

    expect(page.locator("#verdict")).to_contain_text("It may not go to production")
    visitor.nothing_went_wrong()


def test_predictions_are_attached_and_audited(story: Story, visitor: Visitor) -> None:
    use_cases.put_audit_plan(use_case_id=story.use_case.pk, document=PLAN, by=story.risk_officer, at=NOW)
    submission = services.submit(
        version=story.version, use_case=story.use_case, stage="production", by=story.submitter, at=NOW
    )
    page, address = visitor.page, reverse("reviews:submission", args=[submission.pk])
    visitor.sign_in(story.submitter)
    visitor.go(address)

    page.get_by_label("What it is").select_option("predictions")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "predictions.csv", "mimeType": "text/csv", "buffer": predictions()}
    )
    page.get_by_role("button", name="Attach").click()

    expect(page.get_by_role("heading", name="Audits at work")).to_be_visible()
    work()
    services.reevaluate(submission_id=submission.pk, at=NOW)
    if not visitor.scripts:
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("heading", name="Audits at work")).to_have_count(0)
    expect(page.locator("#evidence")).to_contain_text("black against white")
    expect(page.locator("#verdict")).to_contain_text("Still open: bias audit, votes in Ethics.")
    visitor.nothing_went_wrong()


def test_a_suite_is_brought_and_audited_from_the_page_of_its_version(story: Story, visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in(story.submitter)
    visitor.go(version_address(story.version))
    page.get_by_role("link", name="Audit…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audits of acme/loan-approval")
    page.get_by_role("link", name="Functional suite", exact=True).click()
    file, start = page.get_by_label("Functional suite with answers"), page.get_by_role("button", name="Start the audit")

    file.set_input_files({"name": "cases.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"})
    start.click()
    expect(page.locator("#files .form-error").first).to_contain_text("The table has no columns")
    file.set_input_files({"name": "cases.csv", "mimeType": "text/csv", "buffer": SUITE})
    start.click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Functional suite run")
    work()
    if not visitor.scripts:
        page.get_by_role("link", name="Look again").click()
    expect(page.locator("#verdict")).to_contain_text("negation")
    expect(page.locator("#suite")).to_contain_text("negation")
    visitor.nothing_went_wrong()


def test_an_empty_file_is_refused_at_its_field_and_the_server_has_answered(story: Story, visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in(story.submitter)
    visitor.go(reverse("reviews:submission", args=[story.submission.pk]))
    if visitor.scripts:
        # An answer that did not come before is told until one comes.
        page.evaluate("document.getElementById('offline').hidden = false")

    page.get_by_label("File", exact=True).set_input_files({"name": "p.csv", "mimeType": "text/csv", "buffer": b""})
    page.get_by_role("button", name="Attach").click()

    expect(page.locator("#files")).to_contain_text("The file is empty")
    expect(page.locator("#offline")).to_be_hidden()
    visitor.nothing_went_wrong()


@pytest.mark.parametrize("card", [CARD + "\n\n" + "\n\n".join(HOSTILE)], ids=["hostile"])
def test_fault_v41_v42_a_hostile_card_opens_no_dialog_and_asks_nobody(story: Story, visitor: Visitor) -> None:
    visitor.sign_in(story.reviewer)

    visitor.go(version_address(story.version))

    visitor.page.mouse.wheel(0, 20_000)
    visitor.page.wait_for_timeout(500)
    expect(visitor.page.locator("#card .card-image").first).to_be_visible()
    assert visitor.page.locator("#card img, #card script, #card iframe, #card form").count() == 0
    visitor.nothing_went_wrong()


def test_theme_and_language_are_chosen_and_kept(story: Story, visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in(story.reviewer)

    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(visitor.base + reverse("catalog:entries"))
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("details.pop:not(.pop--menu) > summary").click()
    page.get_by_role("button", name="Русский").click()

    expect(page.locator("html")).to_have_attribute("lang", "ru")
    visitor.nothing_went_wrong()


def test_every_page_is_quiet(story: Story, visitor: Visitor) -> None:
    _submission, bias = audited_for_bias(story, predictions())
    visitor.sign_in(story.admin)
    addresses = [
        reverse("portal:inbox"),
        reverse("catalog:entries"),
        reverse("catalog:import"),
        version_address(story.version),
        f"{version_address(story.version)}audits/",
        *(f"{version_address(story.version)}audits/home-loans/{kind}/" for kind in ("bias", "suite", "drift")),
        reverse("reviews:submissions"),
        reverse("reviews:submission", args=[story.submission.pk]),
        reverse("reviews:submit", args=[story.version.digest]),
        reverse("evidence:runs"),
        reverse("evidence:run", args=[bias.pk]),
        reverse("evidence:run", args=[Run.objects.filter(kind="license")[0].pk]),
        reverse("catalog:use-cases"),
        reverse("catalog:use-case", args=["home-loans"]),
        reverse("catalog:use-case-edit", args=["home-loans"]),
        reverse("catalog:use-case-new"),
        reverse("catalog:audit-plan", args=["home-loans"]),
        reverse("policies:policies"),
        reverse("policies:version", args=["story-pilot", 1]),
        reverse("policies:publish"),
    ]

    for address in addresses:
        for width in (1280, 360):
            visitor.page.set_viewport_size({"width": width, "height": 800})
            visitor.go(address)
            assert visitor.heading(), address
            if visitor.scripts:
                across = visitor.page.evaluate("document.documentElement.scrollWidth")
                assert across <= width, f"{address} is {across} wide at {width}"

    visitor.nothing_went_wrong()


@ONLY_WITH
def test_the_vote_can_be_cast_with_the_keyboard_alone(story: Story, visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in(story.reviewer)
    visitor.go(reverse("reviews:submission", args=[story.submission.pk]))

    reach(visitor, "document.activeElement.name === 'vote'")
    page.keyboard.press("Space")
    reach(visitor, "document.activeElement.textContent.trim() === 'Record vote'")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("Your vote is recorded.")
    assert story.submission.votes.get().value == 2


@ONLY_WITH
def test_a_run_is_followed_until_it_has_ended(story: Story, visitor: Visitor) -> None:
    use_cases.change_use_case(
        use_case_id=story.use_case.pk,
        changes={"licence_profile": {"purpose": "research", "mode": "internal"}},
        edition=1,
        by=story.risk_officer,
        at=NOW,
    )
    services.audit_again(submission_id=story.submission.pk, by=story.submitter, at=NOW)
    run = Run.objects.filter(kind="license").latest("pk")
    visitor.sign_in(story.reviewer)
    visitor.go(reverse("evidence:run", args=[run.pk]))
    expect(visitor.page.locator("#run-progress")).to_contain_text("waits for a worker")

    work()

    expect(visitor.page.locator("#verdict")).to_contain_text("The licence allows the declared use.")
    visitor.nothing_went_wrong()


def reach(visitor: Visitor, condition: str) -> None:
    """Press Tab until the focus is where it should be."""
    for _ in range(120):
        visitor.page.keyboard.press("Tab")
        if visitor.page.evaluate(condition):
            return
    pytest.fail(f"the keyboard does not reach: {condition}")
