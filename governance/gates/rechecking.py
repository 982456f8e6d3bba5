"""Holding approvals in force against what has changed beneath them: evidence, plan, profile, licences, waivers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from audits.kinds import license as licence_audit
from audits.locks import hold_subject
from audits.models import Run
from governance.catalog.models import UseCase, Version
from governance.gates import portfolio
from governance.gates.models import Approval, ApprovalQuerySet, EndedReason
from governance.gates.services import conditions_after, end_held, keep_conditions
from governance.licensing.closure import among_texts
from governance.policies import facts, overriding, queries
from governance.policies.evaluation import AppliedPolicy, Evaluation, Status, evaluate
from governance.policies.models import Waiver
from governance.policies.upstream import ask_for_it

WAIVER_REVOKED = "waiver_revoked"
# What somebody answers for is no failure of the evidence.
ANSWERED_FOR = (Status.WAIVED, Status.OVERRIDDEN)


@transaction.atomic
def recheck(*, run: Run, at: dt.datetime) -> None:
    """Hold a finished run against the approvals that rest on its subject. The caller holds the subject.

    A verdict that a requirement of the approval's policies does not accept ends it. An audit that could not be done
    closes it until another one holds; one that holds carries its date on.
    """
    _recheck_all(Approval.objects.filter(version__digest=run.subject_digest), kind=run.kind, at=at)


@transaction.atomic
def recheck_version(*, version: Version, at: dt.datetime) -> None:
    """Hold the approvals of a version against its evidence, which has changed. The caller holds the subject."""
    _recheck_all(Approval.objects.filter(version=version), at=at)


@transaction.atomic
def recheck_use_case(*, use_case: UseCase, at: dt.datetime) -> None:
    """Hold the approvals of a use case against the plan and profile that it has now: older evidence is outdated."""
    approvals = Approval.objects.filter(use_case=use_case)
    digests = approvals.in_force(at=at).order_by("version__digest").values_list("version__digest", flat=True)
    for digest in digests.distinct():
        hold_subject(digest)
    _recheck_all(approvals, at=at)


@transaction.atomic
def recheck_licences(*, digests: Sequence[str], at: dt.datetime) -> None:
    """Hold approvals against licences that were judged again. The caller holds the subjects."""
    _recheck_all(Approval.objects.filter(version__digest__in=among_texts(digests)), kind=licence_audit.KIND, at=at)


@transaction.atomic
def recheck_waiver(*, waiver: Waiver, at: dt.datetime) -> None:
    """Hold the approvals of a waiver's scope against the waivers that there are now. The caller holds the subject.

    One that was revoked closes them until its requirement holds or is waived anew; one that was accepted carries the
    date on, and opens what had lapsed. None is ended: nothing was found that was not known.
    """
    approvals = (
        Approval.objects.filter(version=waiver.version_id, use_case=waiver.use_case_id, stage=waiver.stage)
        .in_force(at=at)
        .select_for_update(of=("self",))
        .select_related("version__entry", "version__card", "use_case")
    )
    for approval in approvals.order_by("pk"):
        evaluation = judged_again(approval, at=at)
        concerned = [
            result
            for result in evaluation.requirements
            if (result.policy, result.id) == (waiver.policy.name, waiver.requirement) and result.decides
        ]
        conditions = conditions_after(approval.conditions, concerned, at=at)
        if waiver.revoked_at is not None:
            resting = {(c["policy"], c["id"]) for c in approval.conditions if c.get("waiver") == waiver.pk}
            conditions = [_revoked(c, waiver, at=at) if (c["policy"], c["id"]) in resting else c for c in conditions]
        keep_conditions(approval, conditions)


def _revoked(condition: dict[str, Any], waiver: Waiver, *, at: dt.datetime) -> dict[str, Any]:
    """A condition that rested on a waiver which was taken back, unless the requirement holds otherwise by now.

    An audit that is still to come is no reason to stay open meanwhile.
    """
    resting = condition.get("waiver") == waiver.pk
    if not resting and dt.datetime.fromisoformat(condition["holds_until"]) > at:
        return condition
    kept = {name: value for name, value in condition.items() if name != "waiver"}
    return {**kept, "holds_until": at.isoformat(), "code": WAIVER_REVOKED}


def _recheck_all(approvals: ApprovalQuerySet, *, kind: str | None = None, at: dt.datetime) -> None:
    resting = list(
        approvals.in_force(at=at)
        .select_for_update(of=("self",))
        .select_related("version__entry", "version__card", "use_case")
        .order_by("pk")
    )
    for start in range(0, len(resting), facts.READ_AT_ONCE):
        some = resting[start : start + facts.READ_AT_ONCE]
        pinned = queries.pinned(digest for approval in some for digest in _digests(approval))
        rechecks = [_Recheck(approval, pinned, kind=kind, at=at) for approval in some]
        asking = [one for one in rechecks if one.may_judge]
        known = facts.facts_of([one.about for one in asking], at=at)
        by_number = {one.approval.pk: document for one, document in zip(asking, known, strict=True)}
        ended = False
        for one in rechecks:
            # What has ended just now may be what another one rests on.
            read = None if ended and ask_for_it(one.policies) else by_number.get(one.approval.pk)
            one.carry_out(read)
            ended = ended or one.approval.ended_at is not None


def _digests(approval: Approval) -> set[str]:
    return {str(policy["sha256"]) for policy in approval.policies}


class _Recheck:
    """One approval, which the caller holds, under the policies that it was granted under.

    Args:
        pinned: policies, among them its own.
        kind: the audit of which there is something new; None: any.
    """

    def __init__(
        self, approval: Approval, pinned: Sequence[AppliedPolicy], *, kind: str | None, at: dt.datetime
    ) -> None:
        own = _digests(approval)
        self.approval = approval
        self.policies = [policy for policy in pinned if policy.sha256 in own]
        self._at = at
        kinds = queries.required_kinds(self.policies)
        self._looked_at = set(kinds) if kind is None else {kind} & set(kinds)

    @property
    def about(self) -> facts.About:
        """What facts are asked about."""
        return _about(self.approval, self.policies)

    @property
    def may_judge(self) -> bool:
        """Whether facts may be asked for at all."""
        waiting = any(one["code"] in portfolio.OF_POLICIES for one in self.approval.conditions)
        return self._applies and bool(self._looked_at or waiting)

    @property
    def _applies(self) -> bool:
        approval = self.approval
        asked = {"kind": approval.version.entry.kind, "tier": approval.use_case.tier, "stage": approval.stage}
        return all(policy.document.applies_to(**asked) for policy in self.policies)

    def carry_out(self, known: dict[str, Any] | None) -> None:
        """End the approval, carry its dates on or close it.

        Args:
            known: its facts; None has them read now.
        """
        approval, at = self.approval, self._at
        if not self._applies:
            end_held(approval, reason=EndedReason.TIER_CHANGED, by=None, at=at)
            return
        before = portfolio.still_closing(approval, approval.conditions, at=at)
        if not self._looked_at and before == approval.conditions:
            return
        if known is None:
            (known,) = facts.facts_of([self.about], at=at)
        evaluation = evaluate(policies=self.policies, facts=known, votes=[], at=at)
        deciding = [result for result in evaluation.requirements if result.reads & self._looked_at and result.decides]
        refused = (r for r in deciding if r.severity == "fail" and r.code in overriding.REFUSED)
        if any(result.status not in ANSWERED_FOR for result in refused):
            end_held(approval, reason=EndedReason.EVIDENCE_FAILED, by=None, at=at)
            return
        keep_conditions(approval, conditions_after(before, deciding, at=at))


def judged_again(approval: Approval, *, at: dt.datetime) -> Evaluation:
    """What the policies of an approval say of the evidence and the waivers that there are now."""
    ((_approval, _policies, evaluation),) = all_judged_again([approval], at=at)
    return evaluation


def all_judged_again(
    approvals: Sequence[Approval], *, at: dt.datetime
) -> list[tuple[Approval, list[AppliedPolicy], Evaluation]]:
    """The same of several, each with its policies. Facts are read for all together."""
    pinned = queries.pinned(digest for approval in approvals for digest in _digests(approval))
    own = [[policy for policy in pinned if policy.sha256 in _digests(approval)] for approval in approvals]
    known = facts.facts_of([_about(*one) for one in zip(approvals, own, strict=True)], at=at)
    return [
        (approval, policies, evaluate(policies=policies, facts=document, votes=[], at=at))
        for approval, policies, document in zip(approvals, own, known, strict=True)
    ]


def _about(approval: Approval, policies: list[AppliedPolicy]) -> facts.About:
    kinds = frozenset(queries.required_kinds(policies))
    return facts.About(approval.version, approval.use_case, approval.stage, kinds)
