"""Use cases, audit plans and policies as people write them."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from governance.catalog.models import UseCase
from governance.policies import services as policies
from governance.policies.back_testing import carry_out
from governance.policies.models import BackTest, Policy, PolicyVersion
from tests.governance.portal.browsing import signed_in
from tests.story import STRICT, Story

pytestmark = pytest.mark.django_db


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


def test_an_administrator_retires_a_policy_once_what_that_changes_was_looked_at(story: Story) -> None:
    admin, name = signed_in(story.admin), "story-production"
    asked = reverse("policies:retire", args=[name])
    assert b"See what retiring it changes" in admin.get(reverse("policies:policy", args=[name]), follow=True).content

    waiting = admin.post(asked, follow=True)
    [preview] = BackTest.objects.all()
    act = reverse("policies:retire-previewed", args=[preview.pk])
    early = admin.post(act)
    carry_out(back_test_id=preview.pk, now=timezone.now)
    seen = admin.get(reverse("policies:preview", args=[preview.pk]))
    as_text = admin.post(reverse("policies:publish-previewed", args=[preview.pk]))
    answer = admin.post(act, follow=True)

    assert b"What retiring story-production would change" in waiting.content
    assert early.status_code == 409
    assert act.encode() in seen.content
    assert b"would come out otherwise" in seen.content
    assert (as_text.status_code, PolicyVersion.objects.filter(policy__name=name).count()) == (404, 1)
    assert b"story-production is retired" in answer.content
    assert asked.encode() not in answer.content
    assert Policy.objects.get(name=name).retired_at is not None
    assert admin.post(asked, follow=True).redirect_chain[0][0] == reverse("policies:policy", args=[name])


def test_a_policy_that_alone_asks_for_votes_says_which_would_decide_without_any(story: Story) -> None:
    beside = re.sub(r"votes:.*?(?=validDays)", "", STRICT.replace("story-production", "story-files"), flags=re.DOTALL)
    policies.publish(text=beside, by=story.admin, at=timezone.now())
    admin = signed_in(story.admin)
    admin.post(reverse("policies:retire", args=["story-production"]))
    [preview] = BackTest.objects.all()
    carry_out(back_test_id=preview.pk, now=timezone.now)

    answer = admin.post(reverse("policies:retire-previewed", args=[preview.pk]))

    assert answer.status_code == 409
    assert b"would then decide without any: story-files." in answer.content
    assert Policy.objects.get(name="story-production").retired_at is None


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

    for name in ("policies:preview", "policies:publish-previewed", "policies:retire-previewed"):
        stranger = signed_in(getattr(story, who))
        act = stranger.post if name.endswith("previewed") else stranger.get
        assert act(reverse(name, args=[preview.pk])).url == reverse("policies:policies")
    stranger.post(reverse("policies:retire", args=["story-production"]))
    assert BackTest.objects.count() == 1
    assert PolicyVersion.objects.filter(number=2).count() == 0


@pytest.mark.parametrize("who", ["submitter", "risk_officer", "viewer"])
def test_nobody_of_a_team_publishes_policies_for_all(story: Story, who: str) -> None:
    signed_in(getattr(story, who)).post(reverse("policies:publish"), {"text": STRICT.replace("90", "700")})

    assert b"700 days" not in signed_in(story.admin).get(reverse("policies:policies")).content


def test_a_name_for_commands_that_cannot_be_is_told_in_our_words(story: Story) -> None:
    form = {"name": "Loans", "slug": "home loans!", "purpose": "x", "owner_team": story.team.pk, "tier": "high"}

    answer = signed_in(story.risk_officer).post(reverse("catalog:use-case-new"), form)

    assert answer.status_code == 422
    assert "Write it with a to z, 0 to 9 and hyphens alone, such as home-loans." in answer.content.decode()
