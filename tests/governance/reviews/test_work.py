"""Claims, due dates, the queue in their order, and reminders that are sent once."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from governance.catalog.models import Tier
from governance.gates.models import Approval
from governance.notifications.models import Outbox
from governance.people.models import Membership, User
from governance.people.services import teams
from governance.reviews import claims, due, reminding, services, tasks, work
from governance.reviews.errors import NotAllowed, ReviewRefused
from governance.reviews.models import Claim, Reminder, Submission, Trigger
from governance.web import cursors
from tests.factories import NOON, SubmissionFactory, VersionFactory, member
from tests.governance.reviews.test_at_once import at_once
from tests.governance.world import World

DAY = dt.timedelta(days=1)


def take(
    world: World, submission: Submission, by: User, lane: str = "domain", *, at: dt.datetime | None = None
) -> Claim:
    return claims.take(submission_id=submission.pk, lane=lane, by=by, at=at or world.at)


def standing(submission: Submission, at: dt.datetime) -> list[tuple[str, User]]:
    found = Claim.objects.standing(at=at).filter(submission=submission).order_by("lane")
    return [(claim.lane, claim.holder) for claim in found]


# --- claims ----------------------------------------------------------------------------------------------------------


def test_one_reviewer_is_on_a_lane_and_another_is_told_who(world: World) -> None:
    submission, second = world.submit(), member(world.team, "reviewer:domain")
    take(world, submission, world.domain)
    take(world, submission, world.ethics, "ethics")

    with pytest.raises(ReviewRefused, match=f"{world.domain} is on domain already") as refused:
        take(world, submission, second)

    assert (refused.value.code, refused.value.status) == ("lane_claimed", 409)
    assert standing(submission, world.at) == [("domain", world.domain), ("ethics", world.ethics)]


def test_the_database_holds_one_unreleased_claim_of_a_lane(world: World) -> None:
    submission = world.submit()
    held = take(world, submission, world.domain)

    with pytest.raises(IntegrityError, match="claim_one_unreleased"), transaction.atomic():
        Claim.objects.create(submission=submission, round=1, lane="domain", holder=world.ethics, claimed_at=world.at)
    with pytest.raises(IntegrityError, match="only .* may change"), transaction.atomic():
        Claim.objects.filter(pk=held.pk).update(holder=world.ethics)


def test_only_who_may_vote_in_a_lane_may_take_it(world: World) -> None:
    submission = world.submit()
    Membership.objects.create(user=world.submitter, team=world.team, role="reviewer", lane="domain")

    for person, lane, code in (
        (world.ethics, "domain", "not_a_reviewer"),
        (world.approver, "domain", "not_a_reviewer"),
        (world.stranger, "domain", "not_a_reviewer"),
        (world.submitter, "domain", "self_review"),
    ):
        with pytest.raises(NotAllowed) as refused:
            take(world, submission, person, lane)
        assert refused.value.code == code

    services.withdraw(submission_id=submission.pk, by=world.submitter, at=world.at)
    with pytest.raises(ReviewRefused) as over:
        take(world, submission, world.domain)
    assert over.value.code == "invalid_transition"
    assert not Claim.objects.exists()


def test_a_claim_lapses_after_three_days_at_the_moment_of_asking(world: World) -> None:
    submission, second = world.submit(), member(world.team, "reviewer:domain")
    take(world, submission, world.domain)
    last = world.at + 3 * DAY

    assert standing(submission, last - dt.timedelta(seconds=1)) == [("domain", world.domain)]
    assert standing(submission, last) == []
    take(world, submission, second, at=last)

    assert standing(submission, last) == [("domain", second)]
    over = Claim.objects.get(holder=world.domain)
    assert (over.released_why, over.released_at) == ("lapsed", last)


def test_a_claim_ends_by_hand_by_voting_and_with_the_round(world: World) -> None:
    submission = world.audited()
    take(world, submission, world.domain)
    claims.release(submission_id=submission.pk, lane="domain", by=world.domain, at=world.at)
    with pytest.raises(ReviewRefused, match="nothing to give back"):
        claims.release(submission_id=submission.pk, lane="domain", by=world.domain, at=world.at)
    take(world, submission, world.domain)
    take(world, submission, world.ethics, "ethics")

    world.vote(submission, world.domain, "domain")
    assert standing(submission, world.at) == [("ethics", world.ethics)]
    services.return_for_changes(submission_id=submission.pk, by=world.domain, reason="more is needed", at=world.at)

    assert standing(submission, world.at) == []
    why = list(Claim.objects.order_by("pk").values_list("released_why", flat=True))
    assert why == ["by_hand", "voted", "round_ended"]


def test_the_claim_of_somebody_who_lost_the_role_is_released(world: World) -> None:
    submission = world.submit()
    take(world, submission, world.domain)

    teams.revoke_role(membership=Membership.objects.get(user=world.domain), by=None, at=world.at)

    assert Claim.objects.get().released_why == "not_a_reviewer"


def test_a_claim_keeps_nobody_from_voting(world: World) -> None:
    submission, second = world.audited(), member(world.team, "reviewer:domain")
    take(world, submission, world.domain)

    world.vote(submission, second, "domain")

    assert standing(submission, world.at) == [("domain", world.domain)]


# --- due dates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tier", "entered", "due_on"),
    [
        ("minimal", "2026-03-02T12:00", "2026-03-16T12:00"),  # Monday
        ("limited", "2026-03-02T12:00", "2026-03-16T12:00"),
        ("high", "2026-03-02T12:00", "2026-03-09T12:00"),
        ("critical", "2026-03-06T23:59", "2026-03-13T23:59"),  # Friday
        ("high", "2026-03-07T10:00", "2026-03-16T00:00"),  # Saturday: begins on Monday
        ("high", "2026-03-08T23:00", "2026-03-16T00:00"),  # Sunday
    ],
)
def test_a_round_is_due_after_the_working_days_of_its_tier(tier: str, entered: str, due_on: str) -> None:
    moment = dt.datetime.fromisoformat(f"{entered}+00:00")

    assert due.due_at(tier=tier, entered=moment) == dt.datetime.fromisoformat(f"{due_on}+00:00")


def test_each_round_has_a_due_date_of_its_own(world: World) -> None:
    submission = world.submit()
    first = submission.due_at
    services.return_for_changes(submission_id=submission.pk, by=world.domain, reason="more is needed", at=world.at)

    later = world.at + 30 * DAY
    services.resubmit(submission_id=submission.pk, by=world.submitter, at=later)

    submission.refresh_from_db()
    assert first == due.due_at(tier="high", entered=world.at)
    assert submission.due_at == due.due_at(tier="high", entered=later)


# --- the queue -------------------------------------------------------------------------------------------------------


def waiting(world: World, days: int | None) -> Submission:
    made: Submission = SubmissionFactory(
        version=VersionFactory(),
        use_case=world.use_case,
        submitted_by=world.submitter,
        due_at=None if days is None else NOON + days * DAY,
        evaluation={"votes": [{"lane": "domain", "status": "pending"}]},
    )
    return made


def test_own_work_comes_first_then_what_is_due_and_what_others_are_on_last(world: World) -> None:
    later, sooner, undated, own, theirs = (waiting(world, days) for days in (5, 2, None, 9, 1))
    second = member(world.team, "reviewer:domain")
    for submission, holder in ((own, world.domain), (theirs, second)):
        Claim.objects.create(submission=submission, round=1, lane="domain", holder=holder, claimed_at=NOON)

    seen = list(work.queue(world.domain, at=NOON))

    assert [one.pk for one in seen] == [one.pk for one in (own, sooner, later, undated, theirs)]
    # Once the claims have lapsed, the due date alone decides.
    lapsed = list(work.queue(world.domain, at=NOON + 3 * DAY))
    assert [one.pk for one in lapsed] == [one.pk for one in (theirs, sooner, later, own, undated)]


def test_the_inbox_shows_the_queue_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [waiting(world, days) for days in (3, 1, 2, None, None)]
    monkeypatch.setitem(cursors.page_of.__kwdefaults__, "size", 2)
    browser = Client()
    browser.force_login(world.domain, backend="django.contrib.auth.backends.ModelBackend")

    address, seen = reverse("portal:inbox"), []
    while address:
        context = browser.get(address).context
        seen += [row["submission"].pk for row in context["rows"]]
        address = context["page"].next_url and reverse("portal:inbox") + context["page"].next_url

    assert seen == [made[n].pk for n in (1, 2, 0, 3, 4)]


def test_the_pages_say_who_is_on_it_and_what_is_overdue(world: World) -> None:
    submission = world.submit(at=world.at - 30 * DAY)
    browser = Client()
    browser.force_login(world.domain, backend="django.contrib.auth.backends.ModelBackend")
    there = reverse("reviews:submission", args=[submission.pk])

    before = browser.get(there).content.decode()
    browser.post(reverse("reviews:claim", args=[submission.pk]), {"lane": "domain"})
    after = browser.get(there).content.decode()
    queue = browser.get(reverse("portal:inbox")).content.decode()

    assert "Overdue since" in before
    assert before.count("I am on it") == 1, "of the lanes that are asked for one is theirs"
    assert "you are on it" in after
    assert "Give it back" in after
    assert "Overdue" in queue
    strange = Client()
    strange.force_login(world.stranger, backend="django.contrib.auth.backends.ModelBackend")
    for step in ("claim", "release"):
        answer = strange.post(reverse(f"reviews:{step}", args=[submission.pk]), {"lane": "domain"})
        assert answer.status_code == 404


# --- reminders -------------------------------------------------------------------------------------------------------


def sent(topic: str) -> list[set[int]]:
    return [set(one.payload["to"]) for one in Outbox.objects.filter(topic=topic).order_by("pk")]


def test_a_reminder_is_sent_a_day_before_and_another_when_overdue(world: World) -> None:
    submission = world.submit()
    assert submission.due_at is not None
    take(world, submission, world.domain, at=submission.due_at - 2 * DAY)

    for moment in (-2 * DAY, -DAY, -DAY / 2, dt.timedelta(), DAY, 40 * DAY):
        reminding.remind(at=submission.due_at + moment)

    asked = {world.domain.pk, world.ethics.pk}
    assert sent("submission.due_soon") == [asked]
    assert sent("submission.overdue") == [asked | {world.approver.pk, world.risk_officer.pk}]
    assert Reminder.objects.count() == 2


def test_after_a_dead_beat_only_what_is_still_of_use_is_said(world: World) -> None:
    submission = world.submit()
    assert submission.due_at is not None

    reminding.remind(at=submission.due_at + 3 * DAY)

    assert (len(sent("submission.due_soon")), len(sent("submission.overdue"))) == (0, 1)


def test_what_was_decided_reminds_nobody(world: World) -> None:
    submission = world.submit()
    services.withdraw(submission_id=submission.pk, by=world.submitter, at=world.at)

    assert reminding.remind(at=world.at + 60 * DAY) == 0


def test_owners_hear_14_7_and_1_days_before_an_approval_ends(world: World) -> None:
    approval = world.approved()
    others = Approval.objects.exclude(pk=approval.pk)
    assert not others.exists()

    for days in (15, 14, 13, 7, 6.5, 1, 0.5, 0, -1):
        reminding.remind(at=approval.expires_at - days * DAY)

    told = Outbox.objects.filter(topic="approval.expires").order_by("pk")
    assert [one.payload["days"] for one in told] == [14, 7, 1]
    owners = {world.submitter.pk, world.approver.pk, world.risk_officer.pk}
    assert sent("approval.expires") == [owners] * 3


def test_the_beat_s_task_may_run_twice(world: World) -> None:
    submission = world.submit(at=world.at - 30 * DAY)

    tasks.sweep_reviews(newer="unknown")
    tasks.sweep_reviews()

    assert submission.due_at is not None
    assert len(sent("submission.overdue")) == 1


def test_a_beat_that_never_comes_changes_no_verdict(world: World) -> None:
    approval = world.approved()
    before = world.gate()
    Submission.objects.update(due_at=world.at - 30 * DAY)

    after = world.gate()
    assert dataclasses.replace(after, asked_at=before.asked_at) == before
    assert before.verdict == "allow"
    assert not Reminder.objects.exists()
    assert Approval.objects.get().conditions == approval.conditions


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_send_each_reminder_once(transactional_db: None) -> None:
    made = [SubmissionFactory(due_at=NOON) for _ in range(4)]

    for turn in range(3):
        at_once(*[lambda days=turn: reminding.remind(at=NOON + days * DAY)] * 4)

    assert Reminder.objects.count() == Outbox.objects.filter(topic="submission.overdue").count() == len(made)


def test_the_tables_in_the_docs_are_those_that_are_used() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reviews.md").read_text(encoding="utf-8")

    days = {tier: int(n) for tier, n in re.findall(r"^\| (\w+) \| (\d+) \|$", text, re.MULTILINE)}
    kinds = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)

    assert days == {str(tier): n for tier, n in due.WORKING_DAYS.items()}
    assert kinds
    assert sorted(kinds) == sorted(Trigger.Kind.values)
    assert set(days) == set(Tier.values)
