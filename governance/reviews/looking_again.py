"""What changes elsewhere mean for what is approved: which approvals to look at again, and why.

Every function is told of one kind of change and notes its triggers in the caller's transaction. None of them touches
an approval.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from governance.catalog.models import Suspension, UseCase, Version
from governance.catalog.suspensions.reach import reaching
from governance.gates.models import Approval, EndedReason
from governance.licensing.affected import Affected
from governance.people.models import Membership, Role, User
from governance.policies import queries as policies
from governance.reviews import changes, triggers
from governance.reviews.models import Outcome, Trigger, Vote

Kind = Trigger.Kind
# How long before an audit becomes too old it is time to ask for the next.
AUDIT_NOTICE = dt.timedelta(days=7)


def versions_stored(newest: Mapping[int, tuple[int | None, int]], *, at: dt.datetime) -> None:
    """Another version of something that is approved: a review of it may be wanted. The old one stays approved."""
    approved = _in_force(at).filter(version__entry__in=newest).select_related("version__card")
    resting = [one for one in approved if one.version_id != newest[one.version.entry_id][1]]
    if not resting:
        return
    found = Version.objects.select_related("card").in_bulk({newest[one.version.entry_id][1] for one in resting})
    # Of several versions that are approved, the newest is what the next is compared with.
    last: dict[tuple[int, int], Approval] = {}
    for approval in resting:
        last[approval.version.entry_id, approval.use_case_id] = approval
    for approval in last.values():
        after = found[newest[approval.version.entry_id][1]]
        kinds = changes.between(approval.version, after)
        _see(
            Kind.CARD_TEXT if kinds <= {"card_text"} else Kind.NEW_VERSION,
            approval,
            [after.digest],
            at=at,
            revision=after.revision,
            changes=[kind for kind in changes.REOPENS if kind in kinds],
            lanes=sorted(changes.lanes_reopened(kinds)),
        )


def licences_changed(affected: Affected, *, at: dt.datetime) -> None:
    """Licences say something else of what is approved, or of what it was made from."""
    if not Approval.objects.in_force(at=at).exists():
        return  # the catalogue need not be walked
    for approval in _in_force(at).filter(version__in=affected.version_ids):
        _see(Kind.LICENCE, approval, [f"licence {at.isoformat()}"], at=at, revision=approval.version.revision)


def suspended(suspension: Suspension, *, at: dt.datetime) -> None:
    """Something that an approval rests on is suspended. The approvals that it has closed are meant too."""
    closed = Q(closure__suspension=suspension)
    resting = list(_with_all(Approval.objects.filter(Q(ended_at=None) | closed)))
    reached = reaching({approval.version_id for approval in resting})
    own_team = {approval.pk for approval in resting if suspension.team_id in (None, approval.use_case.owner_team_id)}
    for approval in resting:
        causes = {one.pk for one in reached.get(approval.version_id, ())}
        if approval.pk in own_team and suspension.pk in causes:
            of = suspension.entry.repo_id
            _see(Kind.SUSPENDED, approval, [f"suspension {suspension.pk}"], at=at, suspension=suspension.pk, of=of)


def policies_changed(approval: Approval, *, at: dt.datetime) -> None:
    """An approval was granted under other policies than those that apply now. One query where it was not."""
    stage = approval.stage
    found = policies.applicable(kind=approval.version.entry.kind, tier=approval.use_case.tier, stage=stage)
    now = {policy.sha256: f"{policy.name} {policy.number}" for policy in found}
    then = {str(policy["sha256"]) for policy in approval.policies}
    if then == now.keys():
        return
    cause = hashlib.sha256(" ".join(sorted(now)).encode()).hexdigest()[:32]
    named = sorted(name for sha256, name in now.items() if sha256 not in then)
    _see(Kind.POLICY, approval, [f"policies {stage} {cause}"], at=at, policies=named, stage=stage)


def upstream_changed(approval: Approval, *, below: Approval | None, holds: bool, at: dt.datetime) -> None:
    """What an approved version was made from is approved no longer; or it is again, and nothing is left to do."""
    if holds or below is None:
        key = triggers.key_of(kind=Kind.UPSTREAM, entry_id=approval.version.entry_id, use_case_id=approval.use_case_id)
        for pk in Trigger.objects.open().filter(dedupe_key=key).values_list("pk", flat=True):
            triggers.renewed(trigger_id=pk, at=at)
        return
    _see(Kind.UPSTREAM, approval, [f"approval {below.pk}"], at=at, of=below.version.entry.repo_id)


def use_case_changed(use_case: UseCase, *, at: dt.datetime) -> None:
    """The plan, the tier or the profile by which licences are judged is another one: also where that has ended it."""
    ended_by_it = Q(ended_at=at, ended_reason=EndedReason.TIER_CHANGED)
    meant = Approval.objects.filter(Q(pk__in=Approval.objects.in_force(at=at)) | ended_by_it, use_case=use_case)
    for approval in _with_all(meant):
        _see(Kind.USE_CASE, approval, [f"edition {use_case.edition} {at.isoformat()}"], at=at)


def roles_changed(user: User, *, at: dt.datetime) -> None:
    """Somebody whose vote an approval rests on may no longer vote in that lane. The decision stays as it was made."""
    held = Membership.objects.filter(user=user, role=Role.REVIEWER, user__is_active=True)
    lanes = set(held.values_list("team_id", "lane"))
    cast = Vote.objects.filter(voter=user, value__gt=0, submission__decisions__outcome=Outcome.APPROVED).values_list(
        "submission_id", "lane", "round"
    )
    by_submission: dict[int, set[tuple[str, int]]] = defaultdict(set)
    for submission_id, lane, of_round in cast:
        by_submission[submission_id].add((lane, of_round))
    if not by_submission:
        return
    resting = _in_force(at).filter(decision__submission__in=by_submission).select_related("decision")
    for approval in resting:
        team = approval.use_case.owner_team_id
        for lane, of_round in sorted(by_submission[approval.decision.submission_id]):
            if of_round == approval.decision.round and not {(team, lane), (None, lane)} & lanes:
                cause = f"approval {approval.pk} lane {lane} {at.isoformat()}"
                _see(Kind.REVIEWER, approval, [cause], at=at, lane=lane)


def sweep(*, at: dt.datetime) -> None:
    """What only time brings: audits and waivers of approvals in force that end within a week, or have ended.
    One of which none does any more is over: its audits were done again, or its approval has ended.

    Nothing waits for it: the gate asks the clock itself.
    """
    ending_still: set[tuple[str, int, int]] = set()
    for approval in _in_force(at).filter(next_boundary__lte=at + AUDIT_NOTICE):
        by_kind: dict[Trigger.Kind, list[Mapping[str, Any]]] = defaultdict(list)
        for condition in approval.conditions:
            if dt.datetime.fromisoformat(condition["holds_until"]) <= at + AUDIT_NOTICE:
                by_kind[Kind.WAIVER if condition.get("waiver") else Kind.AUDIT_EXPIRY].append(condition)
        for kind, ending in by_kind.items():
            ending_still.add((kind.value, approval.version.entry_id, approval.use_case_id))
            first = min(ending, key=lambda one: str(one["holds_until"]))
            seen = [_ending(approval, condition, at=at) for condition in ending]
            named = sorted({str(condition["kind"]) for condition in ending})
            _see(kind, approval, seen, at=at, audits=named, until=first["holds_until"], stage=approval.stage)

    for trigger in Trigger.objects.open().filter(kind__in=[Kind.AUDIT_EXPIRY, Kind.WAIVER]).order_by("pk"):
        if (trigger.kind, trigger.entry_id, trigger.use_case_id) not in ending_still:
            triggers.renewed(trigger_id=trigger.pk, at=at)


def _ending(approval: Approval, condition: Mapping[str, Any], *, at: dt.datetime) -> str:
    """An end is seen twice: when it is near, and when it is past."""
    when = "past" if dt.datetime.fromisoformat(condition["holds_until"]) <= at else "near"
    what = f"{approval.pk} {condition['policy']} {condition['id']} {condition['holds_until']}"
    return f"{when} {hashlib.sha256(what.encode()).hexdigest()[:32]}"


def _in_force(at: dt.datetime) -> QuerySet[Approval]:
    return _with_all(Approval.objects.in_force(at=at))


def _with_all(approvals: QuerySet[Approval]) -> QuerySet[Approval]:
    """In one order of entries and use cases for everybody, so that nobody waits crosswise."""
    found = approvals.select_related("version__entry", "use_case")
    return found.order_by("version__entry_id", "use_case_id", "granted_at", "pk")


def _see(kind: Trigger.Kind, approval: Approval, sightings: Iterable[str], *, at: dt.datetime, **detail: Any) -> None:
    triggers.see(
        kind=kind, entry=approval.version.entry, use_case=approval.use_case, sightings=sightings, detail=detail, at=at
    )
