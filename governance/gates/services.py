"""Granting, closing and ending approvals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from audits.kinds import license as licence_audit
from audits.locks import hold_subject, hold_subjects
from governance.catalog.models import UseCase, Version, VersionQuerySet
from governance.gates import upstream
from governance.gates.models import Approval, EndedReason, ReviewStanding
from governance.ledger import services as ledger
from governance.people.models import User
from governance.policies import overriding
from governance.policies.evaluation import Evaluation, RequirementResult, Status
from governance.policies.waiving import ENDED as WAIVER_ENDED

OUTDATED = "outdated"
HOLDING = (Status.SATISFIED, Status.WAIVED, Status.OVERRIDDEN)


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
        end_held(older, reason=EndedReason.REPLACED, by=by, at=at)
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
    upstream.changed(approval, closes=False, at=at)
    return approval


def conditions_of(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The requirements that hold, are waived or overridden until a moment, and overridden lanes; each with it."""
    holding = (r for r in evaluation.requirements if r.decides and r.status in HOLDING)
    made = [_condition(result, until=result.holds_until) for result in holding if result.holds_until is not None]
    for lane in evaluation.votes:
        if lane.override is not None and lane.holds_until is not None:
            made.append(_of_votes(f"{overriding.VOTE}{lane.lane}", lane.override, lane.holds_until))
    if (people := evaluation.people) is not None:
        made.append(_of_votes(overriding.PEOPLE, people.override, people.until))
    return made


def _of_votes(what: str, override: int, until: dt.datetime) -> dict[str, Any]:
    """The condition that votes which are not there, or speak against it, are set aside."""
    return {
        "id": what,
        "policy": "",
        "kind": "",
        "run": None,
        "severity": "fail",
        "holds_until": until.isoformat(),
        "code": overriding.ENDED,
        "override": override,
    }


def next_boundary(conditions: list[dict[str, Any]], expires_at: dt.datetime) -> dt.datetime:
    """The first moment at which the answer may change by time alone."""
    return min([expires_at, *(dt.datetime.fromisoformat(condition["holds_until"]) for condition in conditions)])


@transaction.atomic
def end(*, approval_id: int, reason: EndedReason, by: User | None, at: dt.datetime) -> Approval:
    """End an approval early. One that has ended stays as it is."""
    hold_subject(Approval.objects.values_list("version__digest", flat=True).get(pk=approval_id))
    approval = (
        Approval.objects.select_for_update(of=("self",)).select_related("version", "use_case").get(pk=approval_id)
    )
    if approval.ended_at is None:
        end_held(approval, reason=reason, by=by, at=at)
    return approval


def end_held(approval: Approval, *, reason: EndedReason, by: User | None, at: dt.datetime) -> None:
    """End an approval that the caller holds with its subject."""
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
    if reason != EndedReason.REPLACED:  # the one that takes its place says the same
        upstream.changed(approval, closes=True, at=at)


@transaction.atomic
def close_licences(*, versions: Sequence[int], at: dt.datetime) -> int:
    """Close approvals that rest on licences of which some have changed, until those are judged again.

    Subjects that are in review are held first, so that nothing is granted meanwhile on the licences of before.

    Returns:
        How many approvals were closed.
    """
    hold_subjects(in_review().filter(pk__in=versions).values_list("digest", flat=True))
    # Whatever the clock of the change said: one that was granted while it was made is meant too.
    resting = Approval.objects.filter(version__in=versions, ended_at=None).select_for_update(of=("self",))
    closed = []
    for approval in resting.order_by("pk"):
        conditions = _with_lapsed(approval, kind=licence_audit.KIND, code=OUTDATED, at=at)
        if conditions != approval.conditions:
            approval.conditions = conditions
            approval.next_boundary = next_boundary(conditions, approval.expires_at)
            closed.append(approval)
    Approval.objects.bulk_update(closed, ["conditions", "next_boundary"], batch_size=500)
    return len(closed)


def in_review() -> VersionQuerySet:
    """Versions of which something may be granted at any moment, by the name that the room above gives it."""
    return Version.objects.filter(submissions__state__in=("in_review", "changes_requested")).order_by()


def _with_lapsed(approval: Approval, *, kind: str, code: str, at: dt.datetime) -> list[dict[str, Any]]:
    """The conditions of an approval once its requirements of a kind no longer hold; those that lapsed before stay."""
    after = {(condition["policy"], condition["id"]): condition for condition in approval.conditions}
    for required in approval.requirements:
        if kind not in (required["kind"], *required.get("needs", ())) or required["severity"] == "info":
            continue
        key = (required["policy"], required["id"])
        before = after.get(key)
        if before is None or dt.datetime.fromisoformat(before["holds_until"]) > at:
            lapsed = {name: required[name] for name in ("id", "policy", "kind", "run", "severity")}
            after[key] = {**lapsed, "holds_until": at.isoformat(), "code": code}
    return [after[key] for key in sorted(after)]


def keep_conditions(approval: Approval, conditions: list[dict[str, Any]]) -> None:
    """Store conditions with their first moment. The caller holds the approval."""
    if conditions != approval.conditions:
        approval.conditions = conditions
        approval.next_boundary = next_boundary(conditions, approval.expires_at)
        approval.save(update_fields=["conditions", "next_boundary"])


def conditions_after(
    conditions: list[dict[str, Any]], results: Iterable[RequirementResult], *, at: dt.datetime
) -> list[dict[str, Any]]:
    """The conditions of an approval once results have come in for some of its requirements.

    What is merely waiting changes nothing: the date that stands, or that the requirement had lapsed, still holds.
    """
    after = {(condition["policy"], condition["id"]): condition for condition in conditions}
    for result in results:
        key = (result.policy, result.id)
        if result.status == Status.PENDING:
            continue
        before = after.pop(key, None)
        if result.status in HOLDING:
            if result.holds_until is not None:
                after[key] = _condition(result, until=result.holds_until)
        else:
            lapsed = _condition(result, until=at)
            same = before is not None and before["code"] == lapsed["code"] and before["run"] == lapsed["run"]
            after[key] = before if before is not None and same else lapsed
    return [after[key] for key in sorted(after)]


def _condition(result: RequirementResult, *, until: dt.datetime) -> dict[str, Any]:
    made = {
        "id": result.id,
        "policy": result.policy,
        "kind": _renewed_by(result),
        "run": result.run,
        "severity": result.severity,
        "holds_until": until.isoformat(),
        # Why it no longer holds from then on.
        "code": _lapses(result),
    }
    # While it is waived or overridden the gate says so, whatever it said when the approval was granted.
    named = {Status.WAIVED: "waiver", Status.OVERRIDDEN: "override"}.get(result.status)
    return made | {named: result.params[named]} if named is not None else made


def _renewed_by(result: RequirementResult) -> str:
    """The audit that has to be made again when it lapses."""
    of_another = result.params.get("lapses_with") if result.status in (Status.SATISFIED, Status.UNSATISFIED) else None
    return str(of_another or result.kind or next(iter(result.needs), ""))


def _lapses(result: RequirementResult) -> str:
    if result.status == Status.WAIVED:
        return WAIVER_ENDED
    if result.status == Status.OVERRIDDEN:
        return overriding.ENDED
    return str(result.params.get("lapses", "stale")) if result.status == Status.SATISFIED else result.code


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
    standing = ReviewStanding(
        version=version,
        use_case=use_case,
        stage=stage,
        submission=submission,
        state=state,
        verdict=verdict,
        evaluation=dict(evaluation),
        facts_sha256=facts_sha256,
        updated_at=at,
    )
    # One statement, and not four: it is kept with every evaluation.
    ReviewStanding.objects.bulk_create(
        [standing],
        update_conflicts=True,
        unique_fields=["version", "use_case", "stage"],
        update_fields=["submission", "state", "verdict", "evaluation", "facts_sha256", "updated_at"],
    )
