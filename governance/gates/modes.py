"""Setting the gate of a use case to warn or observe for a time, before production."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from governance.catalog.models import Stage, UseCase
from governance.gates.models import GateMode, Mode
from governance.ledger import services as ledger
from governance.ledger.refusals import Refused, remembered
from governance.people.models import Role, User
from governance.people.queries import standing_now
from governance.web.sentences import SHORTEST_REASON

LONGEST = dt.timedelta(days=90)
LONGEST_REASON = 2000


class ModeRefused(Refused):
    """The gate cannot be set like this; the message says how to mend it."""

    status = 422


class NotAllowed(ModeRefused):
    """The person may not, however it is to be set."""

    status = 403


def may_set(user: User, use_case: UseCase) -> bool:
    """Whether a person may set the gate of a use case: its risk officers, by the roles of this instant."""
    return standing_now(user).has(Role.RISK_OFFICER, team_id=use_case.owner_team_id)


@remembered("gate_mode.set")
@transaction.atomic
def set_mode(
    *, use_case: UseCase, stage: str, mode: str, reason: str, until: dt.datetime | None, by: User, at: dt.datetime
) -> GateMode:
    """Say what a verdict means for exit codes from now on. What was said before stays in the table.

    Args:
        until: when it is enforced again by itself; for warn and observe only, at most ``LONGEST`` ahead.

    Raises:
        ModeRefused: not a risk officer, production, no reason, or no end in time.
    """
    if not may_set(by, use_case):
        why = "only a risk officer of the use case's team sets its gate; ask one of them"
        raise NotAllowed("not_a_risk_officer", why)
    reason = reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        why = f"say why, in {SHORTEST_REASON} to {LONGEST_REASON} characters: others will read it"
        raise ModeRefused("reason_required", why)
    if mode == Mode.ENFORCE:
        if until is not None:
            raise ModeRefused("until_without_use", "a gate that is enforced needs no end; leave until out")
    elif stage == Stage.PRODUCTION:
        raise ModeRefused("production_is_enforced", "the gate of production is always enforced; ask for a waiver")
    elif until is None:
        raise ModeRefused("until_required", "say until when; after that the gate is enforced again by itself")
    elif not at < until <= at + LONGEST:
        raise ModeRefused("until_out_of_range", f"the end has to lie ahead, by {LONGEST.days} days at most")
    made = GateMode.objects.create(
        use_case=use_case, stage=stage, mode=mode, reason=reason, set_by=by, set_at=at, until=until
    )
    ledger.record(
        verb="gate_mode.set",
        object_kind="gate_mode",
        object_ref=str(made.pk),
        actor=by,
        at=at,
        detail={
            "use_case": use_case.slug,
            "stage": stage,
            "mode": mode,
            "until": None if until is None else until.isoformat(),
        },
    )
    return made


def at_stage(use_case: UseCase, stage: str, *, at: dt.datetime) -> GateMode | None:
    """What says at ``at`` that the gate of a stage is not enforced, or None. One query."""
    newest = GateMode.objects.filter(use_case=use_case, stage=stage).select_related("set_by").order_by("-pk").first()
    return newest if newest is not None and newest.until is not None and newest.until > at else None


def in_effect(use_case: UseCase, *, at: dt.datetime) -> list[GateMode]:
    """What says at ``at`` that the gate is not enforced, by stage. One query."""
    newest = (
        GateMode.objects.filter(use_case=use_case).select_related("set_by").order_by("stage", "-pk").distinct("stage")
    )
    return [row for row in newest if row.until is not None and row.until > at]
