"""Approvals of datasets and bases, on which those of models rest where a policy asks for them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from governance.catalog.models import Edge, Version
from governance.gates import services as gates
from governance.gates.models import Approval, EndedReason
from governance.policies import services as policies
from governance.policies.expressions import Known, programs
from governance.policies.models import Rejudging
from governance.reviews.models import Submission, Trigger
from tests.factories import EntryFactory, VersionFactory
from tests.governance.world import World

CONDITION = "lineage.datasets == lineage.datasets_approved && lineage.bases == lineage.bases_approved"
POLICY = f"""
apiVersion: assay/v1
kind: Policy
metadata: {{name: upstream}}
appliesTo: {{stages: [pilot], tiers: [minimal], kinds: [model]}}
requirements:
  - {{id: upstream.approved, satisfiedIf: '{CONDITION}'}}
autoDecide: true
validDays: 30
"""


def made_from(world: World) -> tuple[Version, Version]:
    dataset = VersionFactory(entry=EntryFactory(kind="dataset"), card=world.version.card)
    base = VersionFactory(card=world.version.card)
    for version, relation in ((dataset, "train_on"), (base, "finetune")):
        Edge.objects.create(version=world.version, to_entry=version.entry, relation=relation)
        version.entry.latest = version
        version.entry.save()
    return dataset, base


def approve_dataset(world: World, dataset: Version) -> Approval:
    submission = world.submit(dataset)
    world.run_audits()
    decision = world.approve(submission)
    assert decision.approval is not None
    return decision.approval


def end(approval: Approval, world: World) -> None:
    gates.end(approval_id=approval.pk, reason=EndedReason.REVOKED, by=world.approver, at=timezone.now())


@pytest.mark.django_db
def test_a_model_follows_the_approvals_of_its_dataset_and_its_base_as_they_come_and_go() -> None:
    world = World(tier="minimal")
    policies.publish(text=POLICY, by=None, at=world.at)
    dataset, base = made_from(world)
    model = world.submit()
    world.submit(base)
    world.run_audits()
    assert Approval.objects.get().version == base, "which rests on nothing"
    world.rejudge()
    model.refresh_from_db()
    assert model.evaluation["reason_codes"] == ["upstream.approved:unsatisfied"]

    of_data = approve_dataset(world, dataset)

    key = f"upstream:{dataset.entry_id}:{world.use_case.pk}:pilot"
    assert list(Rejudging.objects.filter(state="queued").values_list("dedupe_key", flat=True)) == [key]
    world.rejudge()
    answer = world.gate()
    assert answer.verdict == "allow"
    held = next(one for one in answer.approval.conditions if one["policy"] == "upstream")
    first = min(Approval.objects.exclude(version=world.version).values_list("next_boundary", flat=True))
    assert dt.datetime.fromisoformat(held["holds_until"]) == first, "no sweep is needed where it ends by time"
    assert held["code"] == "upstream_ended"

    end(of_data, world)
    end(Approval.objects.get(version=base), world)

    answer = world.gate()
    assert (answer.verdict, answer.reason_codes) == ("deny", ("upstream.approved:upstream_ended",)), "at once"
    assert [step["action"] for step in answer.next_steps] == ["approve_upstream"]
    trigger = Trigger.objects.get(kind="upstream")
    assert (trigger.entry, trigger.dedupe_key) == (
        world.version.entry,
        f"upstream:{world.version.entry_id}:{world.use_case.pk}",
    )
    world.rejudge()
    assert world.gate().reason_codes == ("upstream.approved:upstream_ended",)

    approve_dataset(world, dataset)
    world.rejudge()
    assert world.gate().verdict == "deny", "the base is still missing"
    world.submit(base)
    world.run_audits()
    world.rejudge()

    assert world.gate().verdict == "allow"
    trigger.refresh_from_db()
    assert trigger.closed_how == "renewed"
    assert not Rejudging.objects.exclude(state="done").exists()


@pytest.mark.django_db
def test_where_no_policy_asks_for_it_nothing_is_judged_again() -> None:
    world = World(tier="minimal")
    _dataset, base = made_from(world)
    world.submit()
    world.submit(base)
    world.run_audits()
    assert not Submission.objects.filter(state="in_review").exists()

    end(Approval.objects.get(version=base), world)

    assert not Rejudging.objects.exists()
    assert world.gate().verdict == "allow"


def test_what_is_approved_ends_by_the_clock_and_its_end_is_no_fact_to_compare() -> None:
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    day = dt.timedelta(days=1)
    lineage = {
        "datasets": 2,
        "datasets_approved": 2,
        "datasets_until": [(at + 3 * day).isoformat(), (at + 9 * day).isoformat()],
        "bases": 0,
        "bases_approved": 0,
    }
    known = Known({"lineage": lineage, "asked_at": at.isoformat()})
    hidden = "has(lineage.datasets_until)"
    asked = programs("upstream", (CONDITION, "lineage.datasets_approved >= 1", hidden))

    assert known.holds_until(asked[CONDITION], CONDITION, at=at) == at + 3 * day
    assert known.ask(asked[CONDITION], at=at + 3 * day - dt.timedelta(microseconds=1)).holds
    least = "lineage.datasets_approved >= 1"
    assert known.holds_until(asked[least], least, at=at) == at + 9 * day
    assert not known.ask(asked[hidden], at=at).holds
    older = Known({"lineage": {"datasets": 1, "datasets_approved": 1, "bases": 0, "bases_approved": 0}})
    assert older.holds_until(asked[CONDITION], CONDITION, at=at) is None, "facts of before tell no end"
