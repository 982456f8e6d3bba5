"""What a suspension closes: at once, as a list to look at afterwards, and as a look ahead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from governance.catalog import notified
from governance.catalog.models import Entry, Suspension, Version
from governance.catalog.suspensions.reach import reaching
from governance.gates.models import Approval, ApprovalQuerySet, Closure, EndedReason
from governance.gates.services import end_held
from governance.notifications import services as notifications
from governance.people.models import Membership, Role, Team, User

# Who hears of an approval that was closed: those who answer for it in the team.
OWNERS = (Role.SUBMITTER, Role.APPROVER, Role.RISK_OFFICER)


def close(suspension: Suspension, *, at: dt.datetime) -> list[Approval]:
    """End every approval that a suspension reaches, and tell its owners. The caller holds every subject."""
    closed = _reached(suspension, _open(suspension.team).select_for_update(of=("self",)))
    for approval in closed:
        end_held(approval, reason=EndedReason.SUSPENDED, by=suspension.made_by, at=at)
    Closure.objects.bulk_create(Closure(suspension=suspension, approval=approval) for approval in closed)
    owners = _owners({approval.use_case.owner_team_id for approval in closed})
    for approval in closed:
        notifications.enqueue(
            topic="approval.suspended",
            payload={
                **notified.about(approval.version, use_case=approval.use_case, stage=approval.stage),
                "suspension": suspension.pk,
            },
            to=owners.get(approval.use_case.owner_team_id, ()),
            at=at,
        )
    return closed


def would_close(
    *, entry: Entry, version: Version | None, descendants: bool, team: Team | None, by: User, at: dt.datetime
) -> list[Approval]:
    """The approvals that such a suspension would end now: it is made, looked at and undone."""
    with transaction.atomic():
        tried = Suspension(
            entry=entry, version=version, team=team, descendants=descendants, reason="tried", made_by=by, made_at=at
        )
        Suspension.objects.bulk_create([tried], ignore_conflicts=True)
        there = Suspension.objects.standing().get(entry=entry, version=version, team=team, descendants=descendants)
        found = _reached(there, _open(team))
        transaction.set_rollback(True)
    return found


def closed_by(suspension: Suspension, *, user: User) -> list[Approval]:
    """What a suspension has closed and a person sees, by use case and name. One query."""
    found = (
        Approval.objects.visible_to(user)
        .filter(closure__suspension=suspension)
        .select_related("version__entry", "use_case")
    )
    return list(found.order_by("use_case__slug", "stage", "version__entry__key", "pk"))


def _open(team: Team | None) -> ApprovalQuerySet:
    found = Approval.objects.filter(ended_at=None)
    return found if team is None else found.filter(use_case__owner_team=team)


def _reached(suspension: Suspension, approvals: ApprovalQuerySet) -> list[Approval]:
    resting = list(approvals.select_related("version__entry", "use_case").order_by("pk"))
    reached = reaching({approval.version_id for approval in resting})
    return [one for one in resting if suspension.pk in {each.pk for each in reached.get(one.version_id, ())}]


def _owners(teams: set[int]) -> dict[int, Sequence[User]]:
    """Who is told for each team: its own people, or where it has none of these those of the organisation."""
    held = Membership.objects.filter(role__in=OWNERS, user__is_active=True).select_related("user")
    told: dict[int | None, dict[int, User]] = {}
    for one in held.filter(Q(team__in=teams) | Q(team=None)).order_by("user_id"):
        told.setdefault(one.team_id, {})[one.user_id] = one.user
    everywhere = told.get(None, {})
    return {team: list((told.get(team) or everywhere).values()) for team in teams}
