"""The steps of a waiver. Each is one transaction: hold, check the rules, write, record, tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from audits.locks import hold_subject
from governance.catalog.models import UseCase, Version
from governance.ledger.refusals import remembered
from governance.people.models import Role, User
from governance.people.queries import standing_now
from governance.policies.models import Waiver, WaiverState
from governance.policies.signals import waivers_changed
from governance.policies.waivers.errors import NotAllowed, WaiverRefused
from governance.policies.waivers.rules import (
    ToWaive,
    deciders,
    holds,
    locked,
    policy_row,
    record,
    require_asker,
    require_edition,
    require_end,
    require_findings,
    require_role,
    require_second_person,
    require_state,
    require_words,
    tell,
    waivable,
)

__all__ = ["approve", "change", "propose", "reject", "revoke"]


@remembered("waiver.propose")
@transaction.atomic
def propose(
    *,
    version: Version,
    use_case: UseCase,
    stage: str,
    policy: str,
    requirement: str,
    reason: str,
    compensating_control: str,
    expires_at: dt.datetime | None,
    findings: Sequence[str] = (),
    extends: Waiver | None = None,
    by: User,
    at: dt.datetime,
) -> Waiver:
    """Ask for a waiver. It does nothing until a second person accepts it.

    ``extends`` is the waiver that this one is to follow; it is a new one all the same, accepted anew, and its end is
    the one that is given here.

    Raises:
        NotAllowed: the person only reads in the use case's team.
        BadEnd: no end, one that has passed, or one beyond what the requirement and the tier allow.
        NotAcceptable: nothing that applies here asks for the requirement, nobody may waive it, or words are missing.
        WaiverRefused: a proposal of the same is waiting already.
    """
    require_asker(by, use_case)
    asked = waivable(version=version, use_case=use_case, stage=stage, policy=policy, requirement=requirement)
    end = require_end(expires_at, days=asked.days, at=at)
    why = require_words(reason, code="reason_required", what="why it is waived")
    control = require_words(compensating_control, code="control_required", what="what stands in its place meanwhile")
    hold_subject(version.digest)
    named = require_findings(findings, version=version)
    same = {"version": version, "use_case": use_case, "stage": stage}
    same |= {"policy__name": policy, "requirement": requirement}
    waiting = Waiver.objects.filter(state=WaiverState.PROPOSED, expires_at__gt=at, **same).first()
    if waiting is not None:
        raise WaiverRefused("already_proposed", f"a waiver of this is waiting for its answer already: {waiting.pk}")
    waiver = Waiver.objects.create(
        version=version,
        use_case=use_case,
        stage=stage,
        policy=policy_row(policy),
        requirement=requirement,
        title=asked.requirement.title,
        kind=asked.requirement.kind,
        severity=asked.requirement.severity,
        tier=asked.tier,
        role=asked.terms.by,
        findings=named,
        reason=why,
        compensating_control=control,
        expires_at=end,
        requested_by=by,
        requested_at=at,
        extends=extends,
    )
    record(waiver, verb="waiver.proposed", by=by, at=at, extends=extends.pk if extends else None)
    tell(waiver, topic="waiver.proposed", to=deciders(waiver), at=at)
    return waiver


CHANGEABLE = ("reason", "compensating_control", "expires_at", "findings")


@remembered("waiver.change")
@transaction.atomic
def change(
    *, waiver_id: int, changes: Mapping[str, Any], edition: int | None = None, by: User, at: dt.datetime
) -> Waiver:
    """Word a proposal anew, before it is answered. What ``changes`` does not name stays as it is.

    Raises:
        NotAllowed: somebody else asked for it.
        WaiverRefused, Stale: it was answered, or has changed since it was looked at.
        BadEnd, NotAcceptable: as for ``propose``.
    """
    waiver = locked(waiver_id)
    if by.pk != waiver.requested_by_id:
        raise NotAllowed("not_the_requester", "only who asked for a waiver words it anew; ask for one of your own")
    require_asker(by, waiver.use_case)
    require_state(waiver, WaiverState.PROPOSED, at=at)
    require_edition(waiver, edition)
    if "reason" in changes:
        waiver.reason = require_words(changes["reason"], code="reason_required", what="why it is waived")
    if "compensating_control" in changes:
        waiver.compensating_control = require_words(
            changes["compensating_control"], code="control_required", what="what stands in its place meanwhile"
        )
    if "findings" in changes:
        waiver.findings = require_findings(changes["findings"], version=waiver.version)
    if "expires_at" in changes:
        # As long as it could be when it was asked for: wording it anew does not lengthen it.
        require_end(changes["expires_at"], days=_of(waiver).days, at=waiver.requested_at)
        waiver.expires_at = require_end(changes["expires_at"], days=_of(waiver).days, at=at)
    waiver.edition += 1
    waiver.save(update_fields=[*CHANGEABLE, "edition"])
    record(waiver, verb="waiver.changed", by=by, at=at, fields=sorted(set(changes) & set(CHANGEABLE)))
    return waiver


@remembered("waiver.approve")
@transaction.atomic
def approve(*, waiver_id: int, edition: int | None = None, reason: str = "", by: User, at: dt.datetime) -> Waiver:
    """Accept a waiver: from now on and until its end somebody answers for what does not hold.

    Raises:
        NotAllowed: the person asked for it, submitted or made what it is for, or lacks the role that the policy asks.
        WaiverRefused: it was answered already, has expired, or the policies in force do not allow it any more.
        Stale: it has changed since it was looked at.
    """
    waiver = locked(waiver_id)
    require_second_person(by, waiver)
    require_role(by, waiver.role, waiver.use_case, "accept waivers")
    require_state(waiver, WaiverState.PROPOSED, at=at)
    require_edition(waiver, edition)
    if waiver.tier != waiver.use_case.tier:
        raise WaiverRefused("tier_changed", "the use case has another risk tier by now; ask for a new waiver")
    asked = _of(waiver)
    require_role(by, asked.terms.by, waiver.use_case, "accept waivers")
    require_end(waiver.expires_at, days=asked.days, at=at)
    _answer(waiver, WaiverState.ACTIVE, by=by, reason=reason, at=at)
    return waiver


@remembered("waiver.reject")
@transaction.atomic
def reject(*, waiver_id: int, edition: int | None = None, reason: str, by: User, at: dt.datetime) -> Waiver:
    """Say no to a waiver. Whoever asked for it may take it back in the same way."""
    waiver = locked(waiver_id)
    if by.pk != waiver.requested_by_id:
        require_role(by, waiver.role, waiver.use_case, "reject waivers")
    require_state(waiver, WaiverState.PROPOSED, at=at)
    require_edition(waiver, edition)
    require_words(reason, code="reason_required", what="why not")
    _answer(waiver, WaiverState.REJECTED, by=by, reason=reason, at=at)
    return waiver


@remembered("waiver.revoke")
@transaction.atomic
def revoke(*, waiver_id: int, edition: int | None = None, reason: str, by: User, at: dt.datetime) -> Waiver:
    """Take back what was accepted: what rested on it closes in the same transaction.

    A risk officer may do it too, whichever role the policy asks for: to close needs fewer rights than to open.
    """
    waiver = locked(waiver_id)
    if not holds(standing_now(by), Role.RISK_OFFICER, waiver.use_case):
        require_role(by, waiver.role, waiver.use_case, "revoke waivers")
    require_state(waiver, WaiverState.ACTIVE, at=at)
    require_edition(waiver, edition)
    waiver.state = WaiverState.REVOKED
    waiver.revoked_by, waiver.revoked_at = by, at
    waiver.revoked_reason = require_words(reason, code="reason_required", what="why it is taken back")
    waiver.edition += 1
    waiver.save(update_fields=["state", "revoked_by", "revoked_at", "revoked_reason", "edition"])
    record(waiver, verb="waiver.revoked", by=by, at=at)
    tell(waiver, topic="waiver.revoked", to=[waiver.requested_by], at=at)
    waivers_changed.send(sender=Waiver, waiver=waiver, at=at)
    return waiver


def _of(waiver: Waiver) -> ToWaive:
    """What the policies in force say today about the requirement of a waiver."""
    return waivable(
        version=waiver.version,
        use_case=waiver.use_case,
        stage=waiver.stage,
        policy=waiver.policy.name,
        requirement=waiver.requirement,
    )


def _answer(waiver: Waiver, state: WaiverState, *, by: User, reason: str, at: dt.datetime) -> None:
    waiver.state = state
    waiver.decided_by, waiver.decided_at, waiver.decision_reason = by, at, reason.strip()
    waiver.edition += 1
    waiver.save(update_fields=["state", "decided_by", "decided_at", "decision_reason", "edition"])
    verb = "waiver.approved" if state == WaiverState.ACTIVE else "waiver.rejected"
    record(waiver, verb=verb, by=by, at=at)
    tell(waiver, topic=verb, to=[waiver.requested_by], at=at)
    waivers_changed.send(sender=Waiver, waiver=waiver, at=at)
