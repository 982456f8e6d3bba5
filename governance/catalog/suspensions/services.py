"""Suspending and lifting. Each is one transaction with all that it closes."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from audits.locks import hold_every_subject
from governance.catalog.models import Entry, Suspension, Version
from governance.catalog.signals import suspended, suspension_lifted
from governance.ledger import services as ledger
from governance.ledger.refusals import Refused, remembered
from governance.people.models import Role, Team, User
from governance.people.queries import standing_now
from governance.web.sentences import SHORTEST_REASON

LONGEST_REASON = 2000


class SuspensionRefused(Refused):
    """It cannot be suspended or lifted like this. ``field`` is that of the form that has to be mended."""

    def __init__(self, code: str, message: str, *, field: str = "") -> None:
        super().__init__(code, message)
        self.field = field


class NotAllowed(SuspensionRefused):
    """The person may not, whatever the reason."""

    status = 403


class NotAcceptable(SuspensionRefused):
    """Something that was sent is missing or out of range."""

    status = 422


def may_suspend(user: User, *, team: Team | None) -> bool:
    """Whether a person suspends for a team's use cases, or without a team for all: risk officers and admins do."""
    held = standing_now(user)
    team_id = team.pk if team is not None else None
    return any(held.has(role, team_id=team_id) for role in (Role.RISK_OFFICER, Role.ADMIN))


@remembered("suspension.make")
@transaction.atomic
def suspend(
    *,
    entry: Entry,
    version: Version | None = None,
    descendants: bool = True,
    team: Team | None = None,
    reason: str,
    by: User,
    at: dt.datetime,
) -> Suspension:
    """Close every approval that rests on an entry or a version, at once and until somebody else lifts it.

    Args:
        version: of the entry; None for all of its versions, those to come included.
        descendants: whether all that was made from it closes too.
        team: whose use cases are meant; None for everybody's.

    Raises:
        NotAllowed: neither risk officer nor admin there.
        NotAcceptable: no reason that others can read.
        SuspensionRefused: it is suspended like this already.
    """
    _require(by, team)
    reason = _reason(reason)
    # Before any row: what is being approved at this moment is waited for, and then closed as well.
    hold_every_subject()
    try:
        with transaction.atomic():
            made = Suspension.objects.create(
                entry=entry,
                version=version,
                team=team,
                descendants=descendants,
                reason=reason,
                made_by=by,
                made_at=at,
            )
    except IntegrityError as twice:
        raise SuspensionRefused("already_suspended", "it is suspended already; lift that suspension first") from twice
    _record(made, verb="suspension.made", by=by, at=at)
    suspended.send(sender=Suspension, suspension=made, at=at)
    return made


@remembered("suspension.lift")
@transaction.atomic
def lift(*, suspension_id: int, reason: str, by: User, at: dt.datetime) -> Suspension:
    """End a suspension. Nothing that it closed opens again: that takes a new review.

    Raises:
        NotAllowed: neither risk officer nor admin there, or the one who suspended.
        NotAcceptable: no reason that others can read.
        SuspensionRefused: it was lifted before.
    """
    hold_every_subject()
    made = Suspension.objects.select_for_update(of=("self",)).select_related("entry", "version").get(pk=suspension_id)
    _require(by, made.team)
    if made.made_by_id == by.pk:
        raise NotAllowed("self_lift", "you suspended this; a second person has to say that it may run again")
    reason = _reason(reason)
    if made.lifted_at is not None:
        raise SuspensionRefused("already_lifted", "this suspension was lifted before")
    made.lifted_at, made.lifted_by, made.lifted_reason = at, by, reason
    made.save(update_fields=["lifted_at", "lifted_by", "lifted_reason"])
    _record(made, verb="suspension.lifted", by=by, at=at)
    suspension_lifted.send(sender=Suspension, suspension=made, at=at)
    return made


def _require(by: User, team: Team | None) -> None:
    if not may_suspend(by, team=team):
        whose = f"the team {team}" if team is not None else "the whole organisation"
        raise NotAllowed("not_a_risk_officer", f"only a risk officer or admin of {whose} suspends and lifts there")


def _reason(reason: str) -> str:
    """As it is kept."""
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise NotAcceptable(
            "reason_required",
            f"say why in at least {SHORTEST_REASON} characters: those it stops read it",
            field="reason",
        )
    if len(reason) > LONGEST_REASON or "\0" in reason:
        raise NotAcceptable("reason_unfit", f"at most {LONGEST_REASON} characters of text", field="reason")
    return reason


def _record(made: Suspension, *, verb: str, by: User, at: dt.datetime) -> None:
    ledger.record(
        verb=verb,
        object_kind="suspension",
        object_ref=str(made.pk),
        subject_digest=made.version.digest if made.version is not None else "",
        actor=by,
        at=at,
        detail={
            "entry": f"{made.entry.kind}:{made.entry.repo_id}",
            "descendants": made.descendants,
            "team": made.team.slug if made.team is not None else None,
        },
    )
