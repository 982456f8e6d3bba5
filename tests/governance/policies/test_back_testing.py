"""Which approvals in force and which open submissions a text would flip, and why."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from governance.gates import portfolio as gates_portfolio
from governance.policies import back_testing, services
from governance.policies.back_testing import ask, carry_out, newest_done
from governance.policies.comparing import differences
from governance.policies.models import BackTest, Flip, Policy, PolicyVersion
from governance.policies.problems import PolicyInvalid
from tests.conftest import eventually
from tests.factories import member
from tests.governance.policies.documents import document
from tests.governance.world import World

pytestmark = pytest.mark.django_db
STRICTER = """
apiVersion: assay/v1
kind: Policy
metadata: {name: high-pilot, title: Models of high risk in a pilot}
appliesTo: {stages: [pilot], tiers: [high]}
requirements:
  - {id: card.ok, kind: card, verdicts: [pass, warn]}
  - id: bias.ratio
    needs: [bias]
    satisfiedIf: 'has(metrics.demographic_parity_ratio) && metrics.demographic_parity_ratio >= LEAST'
votes: [{lane: domain, min: 1}, {lane: ethics, min: 1}]
validDays: 90
"""
NEVER, ALWAYS = (
    STRICTER.replace("LEAST", "1.5"),
    STRICTER.replace(
        "has(metrics.demographic_parity_ratio) && metrics.demographic_parity_ratio >= LEAST", "card.score > 0.0"
    ),
)


def looked_ahead(text: str, world: World, at: dt.datetime | None = None) -> BackTest:
    asked = ask(text=text, by=world.submitter, at=at or world.at)
    return carry_out(back_test_id=asked.pk, now=lambda: at or world.at)


def test_what_would_flip_is_listed_with_before_after_and_why():
    world = World()
    approval = world.approved()
    submission = world.voted(version=world.new_version())

    done = looked_ahead(NEVER, world)

    assert (done.state, done.counts["approvals"], done.counts["submissions"]) == ("done", 1, 1)
    assert (done.counts["approvals_flipped"], done.counts["submissions_flipped"]) == (1, 1)
    flips = {flip.what: flip for flip in Flip.objects.filter(back_test=done)}
    assert (flips["approval"].number, flips["submission"].number) == (approval.pk, submission.pk)
    assert {(flip.before, flip.after) for flip in flips.values()} == {("allow", "deny")}
    assert flips["approval"].reason_codes == ["bias.ratio:unsatisfied"]
    assert flips["submission"].reason_codes == ["bias.ratio:unsatisfied"]


def test_what_holds_under_both_flips_nothing_and_what_is_not_spoken_of_is_not_counted():
    world = World()
    world.approved()
    world.voted(version=world.new_version())
    elsewhere = ALWAYS.replace("high-pilot", "other").replace("stages: [pilot]", "stages: [production]")

    holding, silent = looked_ahead(ALWAYS, world), looked_ahead(elsewhere, world)

    assert (holding.counts["approvals"], holding.counts["submissions"]) == (1, 1)
    assert (silent.counts["approvals"], silent.counts["submissions"], silent.counts["untouched"]) == (0, 0, 2)
    assert not Flip.objects.exists()


def test_what_a_looser_version_would_open_again_is_listed_and_is_not_closed_by_publishing_it():
    world = World()
    approval = world.approved()
    services.publish(text=NEVER, by=None, at=world.at, back_test=looked_ahead(NEVER, world))
    world.at += dt.timedelta(seconds=1)

    done = looked_ahead(ALWAYS, world)

    assert (done.counts["approvals_flipped"], done.counts["approvals_opened"]) == (0, 1)
    flip = Flip.objects.get(back_test=done)
    assert (flip.number, flip.before, flip.after) == (approval.pk, "deny", "allow")
    services.publish(text=ALWAYS, by=None, at=world.at, back_test=done)
    assert world.gate().verdict == "allow"


def test_a_back_test_changes_nothing():
    world = World()
    approval, submission = world.approved(), world.voted(version=world.new_version())
    before = (approval.conditions, submission.evaluation, PolicyVersion.objects.count())

    looked_ahead(NEVER, world)

    approval.refresh_from_db()
    submission.refresh_from_db()
    assert (approval.conditions, submission.evaluation, PolicyVersion.objects.count()) == before
    assert world.gate().verdict == "allow"


def test_what_retiring_would_change_is_what_it_changes():
    world = World()
    approval, submission = world.approved(), world.voted(version=world.new_version())
    closes = NEVER.replace("high-pilot", "closes")
    services.publish(text=closes, by=None, at=world.at, back_test=looked_ahead(closes, world))
    world.at += dt.timedelta(seconds=1)
    world.rejudge()
    assert world.gate().verdict == "deny"

    retired = {}
    for name in ("closes", "high-pilot"):
        asked = back_testing.ask_retiring(policy=Policy.objects.get(name=name), by=world.submitter, at=world.at)
        retired[name] = carry_out(back_test_id=asked.pk, now=lambda: world.at)

    flips = {(flip.what, flip.number): (flip.before, flip.after) for flip in retired["closes"].flips.all()}
    assert flips == {("approval", approval.pk): ("deny", "allow"), ("submission", submission.pk): ("deny", "allow")}
    assert {name: done.counts for name, done in retired.items()} == {
        "closes": {"approvals": 1, "approvals_opened": 1, "approvals_flipped": 0, "submissions": 1}
        | {"submissions_flipped": 1},
        # what the other keeps closed stays closed, whatever was granted under this one
        "high-pilot": {"approvals": 1, "approvals_opened": 0, "approvals_flipped": 0, "submissions": 1}
        | {"submissions_flipped": 0},
    }
    with pytest.raises(services.OutOfDate, match="what retiring it would change now"):
        services.retire(name="high-pilot", by=None, at=world.at, back_test=looked_before(world, "high-pilot"))
    services.retire(name="closes", by=None, at=world.at, back_test=retired["closes"])
    world.rejudge()
    submission.refresh_from_db()
    assert (world.gate().verdict, submission.verdict) == ("allow", "allow")


def test_a_policy_that_alone_asks_for_votes_is_not_retired_while_others_would_decide_without():
    world = World()
    beside = STRICTER.replace("high-pilot", "beside").replace("[{lane: domain, min: 1}, {lane: ethics, min: 1}]", "[]")
    services.publish(text=beside.replace("LEAST", "0.1"), by=None, at=world.at)

    with pytest.raises(services.VotesWouldEnd, match="where beside would decide without any") as refused:
        services.retire(name="high-pilot", by=None, at=world.at)

    assert refused.value.params["names"] == "beside"
    assert Policy.objects.get(name="high-pilot").retired_at is None
    under_a_condition = STRICTER.replace("high-pilot", "next").replace("LEAST", "0.1")
    services.publish(text=under_a_condition + 'appliesWhen: "false"\n', by=None, at=world.at)
    with pytest.raises(services.VotesWouldEnd):
        services.retire(name="high-pilot", by=None, at=world.at)
    services.publish(text=under_a_condition, by=None, at=world.at)
    services.retire(name="high-pilot", by=None, at=world.at)
    services.retire(name="beside", by=None, at=world.at)
    services.retire(name="next", by=None, at=world.at)
    assert not Policy.objects.filter(name="next", retired_at=None).exists(), "where none is left the gate is closed"


def looked_before(world: World, name: str) -> BackTest:
    """A look at retiring a policy from before it was published."""
    return BackTest.objects.create(
        policy_name=name, retires=True, requested_by=world.submitter, requested_at=world.at - dt.timedelta(days=900)
    )


def test_publishing_closes_the_approvals_that_the_back_test_named_and_no_other():
    world = World()
    closing = world.approved()
    done = looked_ahead(NEVER, world)

    holding = looked_ahead(ALWAYS.replace("high-pilot", "holds"), world)
    at = world.at + dt.timedelta(minutes=1)

    services.publish(text=NEVER, by=None, at=at, back_test=done)
    services.publish(text=ALWAYS.replace("high-pilot", "holds"), by=None, at=at, back_test=holding)

    for _before_and_after_a_worker_has_looked in range(2):
        closing.refresh_from_db()
        of_policies = [one for one in closing.conditions if one["id"].startswith("policy.")]
        assert [(one["id"], one["code"]) for one in of_policies] == [("policy.high-pilot", "policy_changed")]
        assert closing.next_boundary == min(dt.datetime.fromisoformat(one["holds_until"]) for one in closing.conditions)
        world.rejudge()


def test_an_approval_that_was_granted_after_the_back_test_is_closed_until_it_is_looked_at():
    world = World()
    done = looked_ahead(NEVER, world)
    assert done.counts["approvals"] == 0
    world.at += dt.timedelta(seconds=1)
    approval = world.approved()

    services.publish(text=NEVER, by=None, at=world.at, back_test=done)
    assert eventually(lambda: timezone.now() > world.at), "a worker looks when the moment has come"

    for code in ("to_be_judged", "policy_changed"):
        approval.refresh_from_db()
        assert [one["code"] for one in approval.conditions if one["id"] == "policy.high-pilot"] == [code]
        world.rejudge()


def test_what_the_back_test_did_not_see_coming_is_found_by_the_worker(monkeypatch: pytest.MonkeyPatch):
    world = World()
    approval = world.approved()
    done = looked_ahead(ALWAYS, world)
    monkeypatch.setattr(gates_portfolio, "_closing", lambda approvals, *_asked, **_at: {one.pk for one in approvals})

    services.publish(text=ALWAYS, by=None, at=world.at, back_test=done)
    assert world.gate().verdict == "allow", "as the back-test has it"
    world.rejudge()

    approval.refresh_from_db()
    assert [one["code"] for one in approval.conditions if one["id"] == "policy.high-pilot"] == ["policy_changed"]


def test_who_looked_before_somebody_else_published_looks_again():
    world = World()
    of_one, of_other = looked_ahead(NEVER, world), looked_ahead(ALWAYS, world)
    services.publish(text=ALWAYS, by=None, at=world.at + dt.timedelta(seconds=1), back_test=of_other)

    with pytest.raises(services.OutOfDate):
        services.publish(text=NEVER, by=None, at=world.at + dt.timedelta(seconds=2), back_test=of_one)

    again = looked_ahead(NEVER, world, at=world.at + dt.timedelta(seconds=3))
    assert again.pk != of_one.pk, "what was looked at within the minute was held against the version before"
    services.publish(text=NEVER, by=None, at=world.at + dt.timedelta(seconds=4), back_test=again)
    assert PolicyVersion.objects.filter(policy__name="high-pilot").count() == 3


def test_a_back_test_is_done_once_and_by_one_worker():
    world = World()
    world.approved()
    asked = ask(text=NEVER, by=world.submitter, at=world.at)
    BackTest.objects.filter(pk=asked.pk).update(state="running", lease_until=timezone.now() + back_testing.TIME_LIMIT)

    held = carry_out(back_test_id=asked.pk, now=timezone.now)
    BackTest.objects.filter(pk=asked.pk).update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    lost = carry_out(back_test_id=asked.pk, now=timezone.now)
    again = carry_out(back_test_id=asked.pk, now=timezone.now)

    assert (held.state, lost.state, again.state) == ("running", "done", "done")
    assert Flip.objects.filter(back_test=asked).count() == 1


def test_a_back_test_that_breaks_says_so_and_is_asked_for_anew(monkeypatch: pytest.MonkeyPatch):
    world = World()
    world.approved()
    asked = ask(text=NEVER, by=world.submitter, at=world.at)
    monkeypatch.setattr(back_testing, "compared_all", None)

    failed = carry_out(back_test_id=asked.pk, now=lambda: world.at)

    assert failed.state == "failed"
    assert newest_done(sha256=failed.sha256, at=world.at) is None
    assert ask(text=NEVER, by=world.submitter, at=world.at).pk != failed.pk


def test_the_same_text_asked_for_at_once_is_one_back_test_and_one_that_breaks_a_rule_none():
    by = member(None, "admin")
    now = timezone.now()

    first, again = ask(text=ALWAYS, by=by, at=now), ask(text=ALWAYS, by=by, at=now)
    with pytest.raises(PolicyInvalid):
        ask(text=ALWAYS.replace("validDays: 90", "validDays: x"), by=by, at=now)

    assert first.pk == again.pk
    assert BackTest.objects.count() == 1


def test_a_back_test_speaks_for_a_day():
    world = World()
    done = looked_ahead(ALWAYS, world)

    assert newest_done(sha256=done.sha256, at=world.at + dt.timedelta(hours=23)) == done
    assert newest_done(sha256=done.sha256, at=world.at + dt.timedelta(hours=24)) is None
    assert newest_done(sha256="0" * 64, at=world.at) is None


def test_versions_are_compared_value_by_value():
    older = document()
    newer = document(
        validDays=30,
        votes=[{"lane": "ethics", "min": 2}, {"lane": "legal", "min": 1}],
        requirements=[
            {"id": "bias.pass", "kind": "bias", "verdicts": ["pass", "warn"], "title": "No group is treated worse"}
        ],
        distinctVoters=3,
    )

    found = {one["path"]: (one["before"], one["after"]) for one in differences(older, newer)}

    assert found["validDays"] == (90, 30)
    assert found["votes[ethics].min"] == (1, 2)
    assert found["votes[domain].min"] == (2, None)
    assert found["votes[legal].min"] == (None, 1)
    assert found["requirements[bias.pass].verdicts"] == ("pass", "pass, warn")
    assert found["requirements[bias.pass].maxAgeDays"] == (30, None)
    assert differences(older, older) == []
