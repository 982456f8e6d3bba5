"""Breaking the glass: two administrators set aside, for a few days, what keeps a submission from being approved.

It approves nothing. What is set aside counts as overridden, is named wherever the gate is read, and makes no verdict
better than ``warn``; an approver still has to decide. Each step is one transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from audits.locks import hold_subject
from governance.catalog import notified
from governance.catalog.models import UseCase
from governance.gates.overriding import recheck_override
from governance.ledger import services as ledger
from governance.ledger.refusals import remembered
from governance.notifications import services as notifications
from governance.people.models import Role, User
from governance.people.queries import standing, standing_now
from governance.policies import overrides
from governance.policies.evaluation import Evaluation, Status
from governance.policies.models import LONGEST_OVERRIDE, AdminOverride, OverrideState
from governance.policies.overriding import OVERRIDABLE, PEOPLE, REFUSED, VOTE
from governance.policies.suspended import BUILT_IN
from governance.reviews import evaluation
from governance.reviews.deciding import bring_up_to_date
from governance.reviews.errors import NotAcceptable, NotAllowed, ReviewRefused, Stale
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.rules import (
    changed,
    locked,
    makers,
    require_edition,
    require_four_eyes,
    require_reason,
    require_state,
)
from governance.web.sentences import LONGEST_REASON

MOST_TARGETS = 120


class BadEnd(NotAcceptable):
    """The end is missing, has passed, or lies too far ahead."""

    status = 400


def may_override(user: User, use_case: UseCase) -> bool:
    """Whether a person may propose or confirm an override in a use case: its administrators."""
    return standing(user).has(Role.ADMIN, team_id=use_case.owner_team_id)


@remembered("override.propose")
@transaction.atomic
def propose(
    *,
    submission_id: int,
    targets: Sequence[str],
    reason: str,
    expires_at: dt.datetime | None,
    edition: int | None = None,
    by: User,
    at: dt.datetime,
) -> AdminOverride:
    """Ask a second administrator to set aside what is open. It does nothing until that one confirms it.

    Args:
        targets: what to set aside, as reason codes name it: a requirement's id, ``vote.<lane>``, ``vote.distinct``.
        expires_at: its end, at most ``LONGEST_OVERRIDE`` ahead.

    Raises:
        NotAllowed: no administrator of the use case's team, or somebody who submitted or made what is judged.
        BadEnd: no end, or one that is not within days.
        NotAcceptable: no reason, or a target that is not open or that nobody may set aside.
        ReviewRefused, Stale: the submission is not in review, has changed, or a proposal waits already.
    """
    submission = locked(submission_id)
    _require_admin(by, submission)
    require_state(submission, SubmissionState.IN_REVIEW)
    require_edition(submission, edition)
    _require_words(reason)
    end = _require_end(expires_at, at=at)
    items = open_items(evaluation.judge(submission, at=at).evaluation, targets)
    waiting = AdminOverride.objects.filter(**_scope(submission), state=OverrideState.PROPOSED, expires_at__gt=at)
    if (there := waiting.first()) is not None:
        raise ReviewRefused("already_proposed", f"override {there.pk} waits for a second administrator already")
    made = AdminOverride.objects.create(
        **_scope(submission),
        tier=submission.use_case.tier,
        submission=submission.pk,
        items=items,
        reason=reason.strip(),
        expires_at=end,
        proposed_by=by,
        proposed_at=at,
    )
    _record(made, verb="override.proposed", by=by, at=at)
    _tell(made, topic="override.proposed", to=[one for one in _holders(submission, Role.ADMIN) if one != by], at=at)
    return made


def open_items(found: Evaluation, targets: Sequence[str]) -> list[dict[str, Any]]:
    """What an override is for, each thing as it stands now.

    Raises:
        NotAcceptable: nothing is named, or something that is not open (``not_open``) or that nobody may set aside
            (``not_overridable``): what cannot be decided, and what is suspended.
    """
    wanted = list(dict.fromkeys(targets))
    if not wanted or len(wanted) > MOST_TARGETS:
        raise NotAcceptable("targets_required", f"name what is to be set aside, {MOST_TARGETS} things at most")
    return [item for target in wanted for item in _items(found, target)]


def _items(found: Evaluation, target: str) -> list[dict[str, Any]]:
    if target == PEOPLE and found.distinct_have < found.distinct_needed and found.people is None:
        return [{"what": "people"}]
    lanes = [one for one in found.votes if f"{VOTE}{one.lane}" == target and one.status in OVERRIDABLE]
    if lanes:
        return [{"what": "lane", "lane": one.lane, "votes": list(one.blocking)} for one in lanes]
    named = [one for one in found.requirements if one.id == target and one.decides]
    closed = [one for one in named if one.status is Status.ERROR or one.policy == BUILT_IN]
    if closed:
        why = "what cannot be decided, or is suspended, is not set aside: nobody knows what that would let through"
        raise NotAcceptable("not_overridable", f"{target[:80]} cannot be overridden: {why}", target=target[:80])
    items = [
        {
            "what": "requirement",
            "policy": one.policy,
            "requirement": one.id,
            "title": one.title,
            "code": one.code,
            "refused": one.code in REFUSED,
        }
        for one in named
        if one.status in OVERRIDABLE
    ]
    if not items:
        raise NotAcceptable(
            "not_open", f"{target[:80]!r} is not open here; name what the reason codes name", target=target
        )
    return items


def overridable(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Of an evaluation as it is kept: what an administrator could set aside, each with its ``target``."""
    rows = [
        {"target": row["id"], "row": row}
        for row in found.get("requirements", ())
        if row["status"] in OVERRIDABLE and row["severity"] != "info" and row["policy"] != BUILT_IN
    ]
    rows += [
        {"target": f"{VOTE}{lane['lane']}", "lane": lane}
        for lane in found.get("votes", ())
        if lane["status"] in OVERRIDABLE
    ]
    if f"{PEOPLE}:pending" in found.get("reason_codes", ()):
        rows.append({"target": PEOPLE})
    return list({row["target"]: row for row in rows}.values())


@remembered("override.confirm")
@transaction.atomic
def confirm(
    *, override_id: int, edition: int | None = None, reason: str = "", by: User, at: dt.datetime
) -> AdminOverride:
    """Put an override in force: by another administrator than the one who proposed it, as a person and not as a role.

    Raises:
        NotAllowed: the person proposed it, is no administrator, or submitted or made what is judged.
        ReviewRefused, Stale: it was answered, has expired or changed, the review has ended, the use case has another
            tier, or who proposed it is no administrator any more or has brought evidence since.
    """
    override, submission = _held(override_id)
    if by.pk == override.proposed_by_id:
        raise NotAllowed("self_override", "you proposed this override; a second administrator has to confirm it")
    _require_admin(by, submission)
    _require_standing(override, OverrideState.PROPOSED, edition, at=at)
    require_state(submission, SubmissionState.IN_REVIEW)
    if override.tier != submission.use_case.tier:
        raise ReviewRefused("tier_changed", "the use case has another risk tier by now; propose a new override")
    if not standing_now(override.proposed_by).has(Role.ADMIN, team_id=submission.use_case.owner_team_id):
        raise ReviewRefused(
            "proposer_not_admin", "who proposed it is no administrator any more; two of today's have to answer for it"
        )
    if override.proposed_by_id in makers(submission):
        raise ReviewRefused(
            "proposer_made_it",
            "who proposed it has brought evidence for this since; another administrator proposes anew",
        )
    _answer(override, OverrideState.ACTIVE, by=by, reason=reason, at=at)
    changed(submission)
    _record(override, verb="override.confirmed", by=by, at=at)
    _tell(override, topic="override.confirmed", to=_concerned(submission), at=at)
    recheck_override(override=override, at=at)
    bring_up_to_date(submission, at=at)
    return override


@remembered("override.reject")
@transaction.atomic
def reject(*, override_id: int, edition: int | None = None, reason: str, by: User, at: dt.datetime) -> AdminOverride:
    """Say no to an override that is proposed. Whoever proposed it may take it back in the same way."""
    override, submission = _held(override_id)
    if by.pk != override.proposed_by_id:
        _require_admin(by, submission)
    _require_standing(override, OverrideState.PROPOSED, edition, at=at)
    _require_words(reason)
    _answer(override, OverrideState.REJECTED, by=by, reason=reason, at=at)
    _record(override, verb="override.rejected", by=by, at=at)
    _tell(override, topic="override.rejected", to=[override.proposed_by], at=at)
    return override


@remembered("override.revoke")
@transaction.atomic
def revoke(*, override_id: int, edition: int | None = None, reason: str, by: User, at: dt.datetime) -> AdminOverride:
    """Take back an override in force: what rests on it closes in the same transaction.

    One administrator or risk officer is enough: to close needs fewer people than to open.
    """
    override, submission = _held(override_id)
    held, team = standing_now(by), submission.use_case.owner_team_id
    if not (held.has(Role.ADMIN, team_id=team) or held.has(Role.RISK_OFFICER, team_id=team)):
        raise NotAllowed("not_an_admin", "an administrator or a risk officer revokes an override; ask one of them")
    _require_standing(override, OverrideState.ACTIVE, edition, at=at)
    _require_words(reason)
    override.state, override.revoked_by, override.revoked_at = OverrideState.REVOKED, by, at
    override.revoked_reason = reason.strip()
    override.edition += 1
    override.save(update_fields=["state", "revoked_by", "revoked_at", "revoked_reason", "edition"])
    _record(override, verb="override.revoked", by=by, at=at)
    _tell(override, topic="override.revoked", to=_concerned(submission), at=at)
    recheck_override(override=override, at=at)
    for pk in Submission.objects.filter(**_scope(submission), state=SubmissionState.IN_REVIEW).values_list(
        "pk", flat=True
    ):
        waiting = locked(pk)
        changed(waiting)
        bring_up_to_date(waiting, at=at)
    return override


def _held(override_id: int) -> tuple[AdminOverride, Submission]:
    """The override and its submission, held until the transaction ends; before them their subject."""
    subject, number = AdminOverride.objects.values_list("version__digest", "submission").get(pk=override_id)
    hold_subject(subject)
    submission = locked(number)
    override = (
        AdminOverride.objects.select_for_update(of=("self",))
        .select_related("version__entry", "use_case", "proposed_by")
        .get(pk=override_id)
    )
    return override, submission


def _scope(submission: Submission) -> dict[str, Any]:
    return {"version": submission.version, "use_case": submission.use_case, "stage": submission.stage}


def _require_admin(by: User, submission: Submission) -> None:
    require_four_eyes(by, submission)
    if not standing_now(by).has(Role.ADMIN, team_id=submission.use_case.owner_team_id):
        raise NotAllowed("not_an_admin", f"two administrators override for {submission.use_case}, and you are none")


def _require_standing(override: AdminOverride, state: OverrideState, edition: int | None, *, at: dt.datetime) -> None:
    if override.state != state:
        now = override.get_state_display().lower()
        raise ReviewRefused("invalid_transition", f"override {override.pk} is {now}; propose a new one if it is needed")
    if override.expires_at <= at:
        raise ReviewRefused("expired", f"override {override.pk} has expired; propose a new one")
    if edition is not None and edition != override.edition:
        raise Stale("stale", "the override has changed since you looked at it; read what is new, then decide again")


def _require_words(reason: str) -> None:
    require_reason(reason)
    if len(reason) > LONGEST_REASON:
        raise NotAcceptable("reason_too_long", f"the reason has at most {LONGEST_REASON} characters")


def _require_end(expires_at: dt.datetime | None, *, at: dt.datetime) -> dt.datetime:
    if expires_at is None:
        raise BadEnd("expiry_required", f"an override has an end, at most {LONGEST_OVERRIDE.days} days ahead; name it")
    if expires_at.tzinfo is None:
        raise BadEnd("expiry_without_zone", "the end needs a time zone, as in 2026-12-20T00:00:00Z")
    if expires_at <= at:
        raise BadEnd("expiry_passed", "the end has passed already; name a later moment")
    if expires_at > at + LONGEST_OVERRIDE:
        raise BadEnd("expiry_too_long", f"an override lasts {LONGEST_OVERRIDE.days} days at most; name an earlier end")
    return expires_at


def _answer(override: AdminOverride, state: OverrideState, *, by: User, reason: str, at: dt.datetime) -> None:
    override.state, override.decided_by, override.decided_at = state, by, at
    override.decision_reason = reason.strip()
    override.edition += 1
    override.save(update_fields=["state", "decided_by", "decided_at", "decision_reason", "edition"])


def _concerned(submission: Submission) -> list[User]:
    """Whoever has to know at once that glass was broken: who submitted, approves, answers for risk or administers."""
    told = _holders(submission, Role.ADMIN, Role.RISK_OFFICER, Role.APPROVER)
    return told if submission.submitted_by in told else [*told, submission.submitted_by]


def _holders(submission: Submission, *roles: Role) -> list[User]:
    team = submission.use_case.owner_team_id
    held = Q(memberships__team=team) | Q(memberships__team=None)
    return list(User.objects.filter(held, memberships__role__in=roles, is_active=True).distinct().order_by("pk"))


def _record(override: AdminOverride, *, verb: str, by: User, at: dt.datetime) -> None:
    ledger.record(
        verb=verb,
        object_kind="override",
        object_ref=str(override.pk),
        subject_digest=override.version.digest,
        actor=by,
        at=at,
        detail={
            "use_case": override.use_case.slug,
            "stage": override.stage,
            "submission": override.submission,
            "targets": overrides.targets(override.items),
            "expires_at": override.expires_at.isoformat(),
        },
    )


def _tell(override: AdminOverride, *, topic: str, to: Sequence[User], at: dt.datetime) -> None:
    notifications.enqueue(
        topic=topic,
        payload={
            "override": override.pk,
            **notified.about(override.version, use_case=override.use_case, stage=override.stage),
        },
        to=list(to),
        at=at,
    )
