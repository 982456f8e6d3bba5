"""Granting, ending and re-checking approvals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from audits.models import Run
from governance.catalog.models import UseCase, Version
from governance.gates.models import Approval, EndedReason, ReviewStanding
from governance.ledger import services as ledger
from governance.people.models import User
from governance.policies import facts, queries
from governance.policies.evaluation import Evaluation, evaluate


@transaction.atomic
def grant(
    *,
    version: Version,
    use_case: UseCase,
    stage: str,
    evaluation: Evaluation,
    facts_sha256: str,
    by: User | None,
    at: dt.datetime,
) -> Approval:
    """Put an approval in force; an open one for the same version, use case and stage ends at the same moment."""
    for older in Approval.objects.select_for_update().filter(
        version=version, use_case=use_case, stage=stage, ended_at=None
    ):
        _end(older, reason=EndedReason.REPLACED, by=by, at=at)
    expires_at = at + dt.timedelta(days=evaluation.valid_days)
    conditions = conditions_of(evaluation)
    approval = Approval.objects.create(
        version=version,
        use_case=use_case,
        stage=stage,
        verdict=evaluation.verdict,
        policies=[policy.as_json() for policy in evaluation.policies],
        requirements=evaluation.as_json()["requirements"],
        conditions=conditions,
        facts_sha256=facts_sha256,
        granted_at=at,
        expires_at=expires_at,
        next_boundary=next_boundary(conditions, expires_at),
    )
    ledger.record(
        verb="approval.granted",
        object_kind="approval",
        object_ref=str(approval.pk),
        subject_digest=version.digest,
        actor=by,
        at=at,
        detail={"use_case": use_case.slug, "stage": stage, "expires_at": expires_at.isoformat(), "facts": facts_sha256},
    )
    return approval


def conditions_of(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The satisfied requirements that go stale by time, each with the moment at which it does."""
    return [
        {
            "id": result.id,
            "policy": result.policy,
            "kind": result.kind,
            "run": result.run,
            "severity": result.severity,
            "holds_until": result.holds_until.isoformat(),
        }
        for result in evaluation.requirements
        if result.holds_until is not None and result.decides and result.status == "satisfied"
    ]


def next_boundary(conditions: list[dict[str, Any]], expires_at: dt.datetime) -> dt.datetime:
    """The first moment at which the answer may change by time alone."""
    return min([expires_at, *(dt.datetime.fromisoformat(condition["holds_until"]) for condition in conditions)])


@transaction.atomic
def end(*, approval_id: int, reason: EndedReason, by: User | None, at: dt.datetime) -> Approval:
    """End an approval early. One that has ended stays as it is."""
    approval = Approval.objects.select_for_update().select_related("version", "use_case").get(pk=approval_id)
    if approval.ended_at is None:
        _end(approval, reason=reason, by=by, at=at)
    return approval


def _end(approval: Approval, *, reason: EndedReason, by: User | None, at: dt.datetime) -> None:
    approval.ended_at, approval.ended_reason, approval.ended_by = at, reason, by
    approval.save(update_fields=["ended_at", "ended_reason", "ended_by"])
    ledger.record(
        verb="approval.ended",
        object_kind="approval",
        object_ref=str(approval.pk),
        subject_digest=approval.version.digest,
        actor=by,
        at=at,
        detail={"reason": str(reason)},
    )


def recheck(*, run: Run, at: dt.datetime) -> None:
    """Hold a finished run against the approvals that rest on its subject.

    A run that fails a requirement of the policies an approval was granted under ends it; one that satisfies it
    carries its date on. Whatever is merely waiting changes nothing: the dates on the approval still hold.
    """
    resting = (
        Approval.objects.select_for_update(of=("self",))
        .in_force(at=at)
        .filter(version__digest=run.subject_digest)
        .select_related("version__entry", "version__card", "use_case")
        .order_by("pk")
    )
    for approval in resting:
        _recheck(approval, kind=run.kind, at=at)


def _recheck(approval: Approval, *, kind: str, at: dt.datetime) -> None:
    policies = queries.pinned([policy["sha256"] for policy in approval.policies])
    kinds = queries.required_kinds(policies)
    if kind not in kinds:
        return
    known = facts.facts(version=approval.version, use_case=approval.use_case, stage=approval.stage, kinds=kinds, at=at)
    evaluation = evaluate(policies=policies, facts=known, votes=[], at=at)
    deciding = [r for r in evaluation.requirements if r.kind == kind and r.severity == "fail"]
    if any(result.status in ("unsatisfied", "error") for result in deciding):
        _end(approval, reason=EndedReason.EVIDENCE_FAILED, by=None, at=at)
    elif all(result.status == "satisfied" for result in deciding):
        approval.conditions = [
            *(condition for condition in approval.conditions if condition["kind"] != kind),
            *(condition for condition in conditions_of(evaluation) if condition["kind"] == kind),
        ]
        approval.next_boundary = next_boundary(approval.conditions, approval.expires_at)
        approval.save(update_fields=["conditions", "next_boundary"])


def note_review(
    *,
    version: Version,
    use_case: UseCase,
    stage: str,
    submission: int,
    state: str,
    verdict: str,
    evaluation: Mapping[str, Any],
    facts_sha256: str,
    at: dt.datetime,
) -> None:
    """Keep where a review stands, so that the gate can say why there is no approval yet."""
    ReviewStanding.objects.update_or_create(
        version=version,
        use_case=use_case,
        stage=stage,
        defaults={
            "submission": submission,
            "state": state,
            "verdict": verdict,
            "evaluation": dict(evaluation),
            "facts_sha256": facts_sha256,
            "updated_at": at,
        },
    )
