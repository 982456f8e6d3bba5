"""The portal's pages: who sees what, and what it costs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audits.models import Run
from governance.catalog.models import Entry, ImportRequest, UseCase, Version
from governance.notifications import delivery
from governance.notifications.models import Notice
from governance.people.models import User
from governance.policies.back_testing import carry_out
from governance.policies.models import BackTest, PolicyVersion
from governance.reviews import services as reviews
from tests.factories import VersionFactory
from tests.story import NOW, STRICT, Story, audited_for_bias, bring, predictions, tell

pytestmark = pytest.mark.django_db

SESSION = 2  # reading the session and its person
ROLES = 1
INBOX = 1  # the number beside the inbox


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return tell(tmp_path / "model")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def version_address(version: Version) -> str:
    entry = version.entry
    return reverse("catalog:version", args=[entry.kind, entry.namespace, entry.name, version.revision])


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


def test_the_navigation_leads_to_all_seven_rooms(story: Story) -> None:
    page = signed_in(story.reviewer).get(reverse("portal:inbox")).content.decode()

    navigation = page[page.index('<nav class="nav"') : page.index("</nav>")]
    for name in ("portal:inbox", "catalog:entries", "reviews:submissions", "evidence:runs"):
        assert f'href="{reverse(name)}"' in navigation
    assert f'href="{reverse("catalog:use-cases")}"' in navigation
    assert f'href="{reverse("policies:policies")}"' in navigation
    assert f'href="{reverse("licensing:licences")}"' in navigation


def test_pages_cost_a_fixed_number_of_queries(
    story: Story, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(story.reviewer)
    costs = {
        reverse("portal:inbox"): 7,
        reverse("catalog:entries"): 8,
        reverse("reviews:submissions"): 1,
        reverse("reviews:submission", args=[story.submission.pk]): 24,
        reverse("evidence:runs"): 2,
        reverse("evidence:run", args=[Run.objects.get(kind="license").pk]): 6,
        version_address(story.version): 28,
        reverse("licensing:licences"): 2,
        reverse("policies:policies"): 2,
        reverse("catalog:use-cases"): 2,
        reverse("catalog:use-case", args=[story.use_case.slug]): 5,
    }

    for address, cost in costs.items():
        with django_assert_max_num_queries(SESSION + ROLES + INBOX + cost):
            client.get(address)


def test_the_catalogue_costs_no_more_for_more_entries(
    story: Story, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(60):
        VersionFactory()
    client = signed_in(story.reviewer)

    with django_assert_max_num_queries(SESSION + ROLES + INBOX + 8):
        page = client.get(reverse("catalog:entries"))

    assert page.content.count(b'<th scope="row">') == 50
    assert b'rel="next"' in page.content


def test_pages_of_the_catalogue_lead_through_all_of_it(story: Story) -> None:
    for _ in range(60):
        VersionFactory()
    client, address, seen = signed_in(story.reviewer), reverse("catalog:entries"), []

    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r'<th scope="row"><a href="([^"]+)"', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = reverse("catalog:entries") + following[1].replace("&amp;", "&") if following else ""

    assert len(seen) == len(set(seen)) == Entry.objects.filter(latest__isnull=False).count()


def test_a_cursor_that_is_none_of_ours_shows_the_first_page(story: Story) -> None:
    client = signed_in(story.reviewer)

    for name in ("catalog:entries", "reviews:submissions", "evidence:runs", "catalog:use-cases"):
        for cursor in ("x", "%F0", "WyI-IiwxXQ", "a" * 5000, "W10"):
            assert client.get(reverse(name) + f"?cursor={cursor}").status_code == 200


def test_runs_lead_to_the_versions_they_are_about(story: Story) -> None:
    page = signed_in(story.reviewer).get(reverse("evidence:runs")).content.decode()

    assert f'href="{version_address(story.version)}"' in page


def test_a_use_case_lists_its_submissions_and_what_may_run(story: Story) -> None:
    page = signed_in(story.reviewer).get(reverse("catalog:use-case", args=[story.use_case.slug])).content.decode()

    assert f"What may run for {story.use_case.name}" in page
    assert "Nothing: no approval is in force." in page
    assert f'href="{reverse("reviews:submission", args=[story.submission.pk])}"' in page


def test_a_licence_profile_is_shown_in_the_words_of_its_form(story: Story) -> None:
    UseCase.objects.filter(pk=story.use_case.pk).update(
        licence_profile={"mode": "saas", "territory": ["DE", "FR"], "else": 1}
    )

    page = signed_in(story.reviewer).get(reverse("catalog:use-case", args=[story.use_case.slug])).content.decode()

    assert "<dt>How it is used</dt><dd>as a service to others</dd>" in page
    assert "<dt>Where</dt><dd>DE, FR</dd>" in page
    assert "<dt>else</dt><dd>1</dd>" in page


def test_who_submits_sees_what_will_be_asked_for(story: Story) -> None:
    page = signed_in(story.submitter).get(reverse("reviews:submit", args=[story.version.digest])).content.decode()

    assert f'<option value="{story.use_case.slug}" selected>{story.use_case.name} (tier: ' in page
    assert "What is asked for" in page
    assert "Audits: card, licence, bias" in page
    assert "Votes: Ethics 1" in page


def test_search_finds_by_name_and_by_digest(story: Story) -> None:
    client = signed_in(story.reviewer)

    assert b"loan-approval" in client.get(reverse("catalog:entries"), {"q": "loan approv"}).content
    assert b"loan-approval" in client.get(reverse("catalog:entries"), {"q": story.version.digest}).content
    assert b"Nothing matches" in client.get(reverse("catalog:entries"), {"q": "nothing like it"}).content


def test_filters_narrow_the_catalogue(story: Story) -> None:
    client, address = signed_in(story.reviewer), reverse("catalog:entries")

    assert b"loan-approval" in client.get(address, {"license": "mit", "kind": "model"}).content
    assert b"loan-approval" not in client.get(address, {"kind": "dataset"}).content
    assert b"loan-approval" not in client.get(address, {"stage": "pilot"}).content


def test_an_empty_catalogue_says_how_to_begin(story: Story) -> None:
    page = signed_in(story.stranger).get(reverse("catalog:entries")).content.decode()

    assert "manage.py import_card" in page
    assert reverse("catalog:import") in page


def test_a_submitter_asks_for_an_import(story: Story) -> None:
    answer = signed_in(story.submitter).post(
        reverse("catalog:import"), {"repo_id": "openai-community/gpt2", "kind": "model"}, follow=True
    )

    wish = ImportRequest.objects.get()
    assert (wish.repo_id, wish.state, wish.requested_by) == ("openai-community/gpt2", "queued", story.submitter)
    assert b"waits for a worker" in answer.content


def test_an_import_of_a_branch_is_refused_with_the_way_to_mend_it(story: Story) -> None:
    sent = {"repo_id": "acme/x", "kind": "model", "revision": "main"}

    answer = signed_in(story.submitter).post(reverse("catalog:import"), sent)

    assert answer.status_code == 422
    assert b"40" in answer.content
    assert not ImportRequest.objects.exists()


def test_a_viewer_cannot_import(story: Story) -> None:
    answer = signed_in(story.viewer).post(reverse("catalog:import"), {"repo_id": "acme/x", "kind": "model"})

    assert answer.status_code in (403, 422)
    assert not ImportRequest.objects.exists()


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


def test_a_version_page_shows_its_newer_version(story: Story, tmp_path: Path) -> None:
    newer = bring(tmp_path / "next", card="# Other\n", by=story.submitter, team=story.team)

    page = signed_in(story.reviewer).get(version_address(story.version)).content.decode()

    assert "There is a newer version" in page
    assert version_address(newer) in page


def test_a_name_that_nobody_imported_has_a_page_that_says_so(story: Story, tmp_path: Path) -> None:
    bring(
        tmp_path / "child",
        card="---\nbase_model: acme/parent\n---\n",
        by=story.submitter,
        team=story.team,
        repo_id="acme/child",
    )
    page = signed_in(story.reviewer).get(reverse("catalog:entry", args=["model", "acme", "parent"]))

    assert b"Nobody has imported this yet" in page.content
    assert b"acme/child" in page.content


@pytest.mark.parametrize(
    "path",
    ["model/acme/loan-approval/main/", "model/acme/loan-approval/" + "0" * 40 + "/", "thing/acme/x/", "model/a/b/"],
)
def test_what_is_not_catalogued_is_not_found(story: Story, path: str) -> None:
    assert signed_in(story.admin).get(f"/catalogue/{path}").status_code == 404


# --- use cases, plans, policies ------------------------------------------------------------------------------------


def test_a_risk_officer_makes_a_use_case(story: Story) -> None:
    sent = {
        "name": "Card fraud",
        "slug": "card-fraud",
        "purpose": "Stops payments.",
        "owner_team": story.team.pk,
        "tier": "limited",
        "profile_purpose": "commercial",
        "profile_territory": "DE, FR",
        "profile_mau": "1000",
    }

    answer = signed_in(story.risk_officer).post(reverse("catalog:use-case-new"), sent)

    assert answer.status_code == 302
    made = UseCase.objects.get(slug="card-fraud")
    assert made.licence_profile == {"purpose": "commercial", "territory": ["DE", "FR"], "mau": 1000}


def test_a_taken_slug_is_told_at_its_field(story: Story) -> None:
    sent = {"name": "X", "slug": "home-loans", "purpose": "x", "owner_team": story.team.pk, "tier": "limited"}

    answer = signed_in(story.risk_officer).post(reverse("catalog:use-case-new"), sent)

    assert answer.status_code == 422
    assert b"choose another" in answer.content


def test_a_submitter_cannot_change_a_use_case_or_its_plan(story: Story) -> None:
    client = signed_in(story.submitter)
    sent = {"name": "Easier", "purpose": "x", "owner_team": story.team.pk, "tier": "minimal", "edition": 1}

    client.post(reverse("catalog:use-case-edit", args=["home-loans"]), sent)
    client.post(reverse("catalog:audit-plan", args=["home-loans"]), {"document": "{}", "seen": 0})

    story.use_case.refresh_from_db()
    assert story.use_case.tier == "high"
    assert not story.use_case.audit_plans.exists()


def test_a_stale_edit_of_a_use_case_is_told_and_kept(story: Story) -> None:
    UseCase.objects.filter(pk=story.use_case.pk).update(edition=2)
    sent = {"name": "My new name", "purpose": "x", "owner_team": story.team.pk, "tier": "high", "edition": 1}

    answer = signed_in(story.risk_officer).post(reverse("catalog:use-case-edit", args=["home-loans"]), sent)

    assert answer.status_code == 409
    assert b"My new name" in answer.content


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", b"line 1"), ('{"bias": {"labl": "x"}}', b"labl"), ("[]", b"object"), ('{"bias": NaN}', b"NaN")],
)
def test_a_plan_that_no_audit_can_follow_is_refused_with_the_place(story: Story, text: str, told: bytes) -> None:
    address = reverse("catalog:audit-plan", args=["home-loans"])

    answer = signed_in(story.risk_officer).post(address, {"document": text, "seen": 0})

    assert answer.status_code == 422
    assert told in answer.content
    assert not story.use_case.audit_plans.exists()


def test_a_plan_is_laid_down_once_and_a_second_tab_is_told(story: Story) -> None:
    address = reverse("catalog:audit-plan", args=["home-loans"])
    client = signed_in(story.risk_officer)
    plan = '{"bias": {"label": "a", "prediction": "b", "sensitive": ["c"]}}'

    first = client.post(address, {"document": plan, "seen": 0})
    second = client.post(address, {"document": plan.replace("c", "d"), "seen": 0})

    assert (first.status_code, second.status_code) == (302, 409)
    assert story.use_case.audit_plans.count() == 1


def test_a_broken_policy_is_refused_by_line_and_column(story: Story) -> None:
    broken = STRICT.replace("kind: bias", "kind: magic")

    answer = signed_in(story.admin).post(reverse("policies:publish"), {"text": broken})

    assert answer.status_code == 422
    assert re.search(rb"line \d+, column \d+", answer.content)
    assert b"magic" in answer.content


def test_an_administrator_publishes_the_next_version_of_a_policy(story: Story) -> None:
    text = STRICT.replace("validDays: 90", "validDays: 30").replace("\n", "\r\n")

    admin = signed_in(story.admin)
    waiting = admin.post(reverse("policies:publish"), {"text": text}, follow=True)
    [preview] = BackTest.objects.all()
    early = admin.post(reverse("policies:publish-previewed", args=[preview.pk]))
    carry_out(back_test_id=preview.pk, now=timezone.now)
    seen = admin.get(reverse("policies:preview", args=[preview.pk]))
    answer = admin.post(reverse("policies:publish-previewed", args=[preview.pk]), follow=True)

    assert b"A worker holds the text" in waiting.content
    assert (early.status_code, PolicyVersion.objects.filter(number=2).count()) == (409, 1)
    assert b"validDays" in seen.content
    assert b"would come out otherwise" in seen.content
    assert b"story-production 2" in answer.content
    assert b"30 days" in answer.content
    assert b"Changed since version 1" in answer.content


def test_a_text_is_tried_on_one_submission_with_the_parts_of_its_conditions(story: Story) -> None:
    text = (
        STRICT.replace("story-production", "story-extra")
        .replace("[production]", "[pilot]")
        .replace("kind: bias, verdicts: [pass]", """satisfiedIf: 'card.score > 0.0 && metrics.nobody > 0.5'""")
    )
    admin = signed_in(story.admin)
    admin.post(reverse("policies:publish"), {"text": text})
    [preview] = BackTest.objects.all()
    address = reverse("policies:preview", args=[preview.pk])

    tried = admin.get(address, {"submission": story.submission.pk})
    missing = admin.get(address, {"submission": "999999999999"})

    assert b"metrics.nobody &gt; 0.5" in tried.content
    assert b"condition of the policy cannot be answered" in tried.content
    assert b"You see no submission of that number" in missing.content
    assert admin.get(reverse("policies:preview", args=[10**9])).status_code == 404


@pytest.mark.parametrize("who", ["submitter", "viewer"])
def test_nobody_of_a_team_sees_what_a_text_would_change(story: Story, who: str) -> None:
    signed_in(story.admin).post(reverse("policies:publish"), {"text": STRICT.replace("90", "80")})
    [preview] = BackTest.objects.all()

    for name in ("policies:preview", "policies:publish-previewed"):
        stranger = signed_in(getattr(story, who))
        act = stranger.post if name.endswith("previewed") else stranger.get
        assert act(reverse(name, args=[preview.pk])).url == reverse("policies:policies")
    assert PolicyVersion.objects.filter(number=2).count() == 0


@pytest.mark.parametrize("who", ["submitter", "risk_officer", "viewer"])
def test_nobody_of_a_team_publishes_policies_for_all(story: Story, who: str) -> None:
    signed_in(getattr(story, who)).post(reverse("policies:publish"), {"text": STRICT.replace("90", "700")})

    assert b"700 days" not in signed_in(story.admin).get(reverse("policies:policies")).content


def vote(client: Client, story: Story, value: str, reason: str = "") -> None:
    story.submission.refresh_from_db()
    sent = {"lane": "ethics", "vote": value, "reason": reason, "edition": story.submission.edition}
    assert client.post(reverse("reviews:vote", args=[story.submission.pk]), sent).status_code == 302


def test_a_run_that_could_not_run_does_not_say_that_nothing_was_found(story: Story) -> None:
    Run.objects.filter(kind="license").update(
        state="errored", verdict="", error="the table is gone", error_code="inputs.table_gone"
    )
    run = Run.objects.get(kind="license")

    page = signed_in(story.reviewer).get(reverse("evidence:run", args=[run.pk])).content.decode()

    assert "Nothing was found" not in page
    assert "Nothing was measured, so nothing can be said." in page


@pytest.mark.parametrize("chosen", ["you", "mine", "others"])
def test_an_empty_inbox_has_no_button_without_words(story: Story, chosen: str) -> None:
    story.submission.delete()

    shown = signed_in(story.viewer).get(reverse("portal:inbox"), {"show": chosen}).content.decode()

    buttons = re.findall(r'<a class="button[^"]*" href="[^"]*">(.*?)</a>', shown)
    assert all(label.strip() for label in buttons), buttons


def test_the_search_finds_versions_and_runs_by_the_beginning_of_a_digest(story: Story, tmp_path: Path) -> None:
    older, run = story.version, Run.objects.get(kind="license")
    bring(tmp_path / "two", card="# Version two\n", by=story.submitter, team=story.team)
    client = signed_in(story.viewer)

    by_commit = client.get(reverse("catalog:entries"), {"q": older.revision[:8]}).content.decode()
    by_inputs = client.get(reverse("catalog:entries"), {"q": run.inputs_digest[:8]}).content.decode()
    stranger = signed_in(story.stranger).get(reverse("catalog:entries"), {"q": older.revision[:8]}).content.decode()

    assert version_address(older) in by_commit
    assert reverse("evidence:run", args=[run.pk]) in by_inputs
    assert "acme/loan-approval" not in stranger


def test_a_row_of_the_catalogue_says_which_version_an_approval_is_for(story: Story, tmp_path: Path) -> None:
    reviews.vote(submission_id=story.submission.pk, voter=story.reviewer, lane="ethics", value=2, at=NOW)
    reviews.approve(submission_id=story.submission.pk, approver=story.approver, at=NOW)
    client, address = signed_in(story.viewer), reverse("catalog:entries")
    before = client.get(address).content.decode()
    bring(tmp_path / "two", card="# Version two\n", by=story.submitter, team=story.team)

    after = client.get(address).content.decode()

    older = f"Pilot: older version {story.version.revision[:8]}"
    assert (older in before, older in after) == (False, True)
    cell = re.compile(r'data-label="Approved for">(.*?)</td>', re.DOTALL)
    assert "status" in cell.findall(before)[0]
    assert "status" not in cell.findall(after)[0]


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


def test_a_version_says_first_what_its_audits_and_reviews_say(story: Story) -> None:
    _submission, bias = audited_for_bias(story, predictions(black=0.5, white=0.9))

    shown = signed_in(story.viewer).get(version_address(story.version)).content.decode()

    first = shown[shown.index('id="stands"') : shown.index('id="findings"')]
    assert first.index("Bias:") < first.index("Licence:")
    assert reverse("evidence:run", args=[bias.pk]) in first
    assert "Fail" in first
    assert reverse("reviews:submission", args=[story.submission.pk]) in first
    assert "can submit it" in first
    assert "can submit it" not in signed_in(story.submitter).get(version_address(story.version)).content.decode()


def test_a_version_leads_from_its_lineage_to_the_licences_of_the_chain(story: Story) -> None:
    shown = signed_in(story.viewer).get(version_address(story.version)).content.decode()

    lineage = shown[shown.index('id="lineage"') : shown.index('id="runs"')]
    assert f'href="{version_address(story.version)}licence/"' in lineage


def test_a_folder_shows_its_one_digest_once(story: Story) -> None:
    shown = signed_in(story.viewer).get(version_address(story.version)).content.decode()

    facts = shown[shown.index('<dl class="facts">') : shown.index('id="stands"')]
    assert story.version.revision == story.version.digest
    assert (facts.count("<dt>Digest</dt>"), facts.count("<dt>Commit</dt>")) == (1, 0)


def test_a_finding_calls_a_section_as_people_do(story: Story) -> None:
    shown = signed_in(story.viewer).get(version_address(story.version)).content.decode()

    assert "getting started" in shown
    assert "getting_started" not in shown


def test_a_name_for_commands_that_cannot_be_is_told_in_our_words(story: Story) -> None:
    form = {"name": "Loans", "slug": "home loans!", "purpose": "x", "owner_team": story.team.pk, "tier": "high"}

    answer = signed_in(story.risk_officer).post(reverse("catalog:use-case-new"), form)

    assert answer.status_code == 422
    assert "Write it with a to z, 0 to 9 and hyphens alone, such as home-loans." in answer.content.decode()


def test_commands_are_those_of_the_readme(story: Story) -> None:
    shown = signed_in(story.viewer).get(reverse("reviews:submission", args=[story.submission.pk])).content.decode()

    assert ".venv/bin/python manage.py gate acme/loan-approval@" in shown
