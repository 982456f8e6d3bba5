"""Reasons to look again: seen, listed once, and closed by what answers them.

A trigger opens and closes no gate. What has to close is closed by the room that answers pipelines; a trigger tells
people what to do about it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from governance.catalog.models import Entry, UseCase
from governance.ledger import services as ledger
from governance.ledger.refusals import remembered
from governance.people.models import Lane, Role, User
from governance.people.queries import standing_now
from governance.reviews import changes
from governance.reviews.errors import NotAllowed, ReviewRefused
from governance.reviews.models import Outcome, Submission, Trigger
from governance.reviews.rules import require_reason

# Who looks after what is approved.
KEEPERS = (Role.APPROVER, Role.RISK_OFFICER)
# What a review of another version answers as soon as it begins.
ABOUT_VERSIONS = (Trigger.Kind.NEW_VERSION, Trigger.Kind.CARD_TEXT)
_REOPENS = {
    Trigger.Kind.LICENCE: changes.REOPENS["licence"],
    Trigger.Kind.SUSPENDED: frozenset({Lane.RISK.value}),
    Trigger.Kind.UPSTREAM: frozenset({Lane.RISK.value}),
}


def key_of(*, kind: Trigger.Kind, entry_id: int, use_case_id: int) -> str:
    """What makes two triggers one: the kind, the entry, and the use case that it is approved for."""
    return f"{kind.value}:{entry_id}:{use_case_id}"


def lanes_reopened(trigger: Trigger) -> frozenset[str]:
    """The lanes of a review that look again because of it; none where audits or policies alone are asked."""
    detail = trigger.detail
    if trigger.kind in ABOUT_VERSIONS:
        return frozenset(detail.get("lanes", ()))
    if trigger.kind == Trigger.Kind.REVIEWER:
        return frozenset({str(detail["lane"])} if "lane" in detail else ())
    return _REOPENS.get(Trigger.Kind(trigger.kind), frozenset())


@transaction.atomic
def see(
    *,
    kind: Trigger.Kind,
    entry: Entry,
    use_case: UseCase,
    sightings: Iterable[str],
    detail: Mapping[str, Any],
    at: dt.datetime,
) -> Trigger | None:
    """Note that something asks for another look. A cause that was seen before, also in one that is closed, is not new.

    Args:
        sightings: names of the causes, the same whenever the same cause is seen.

    Returns:
        The open trigger, if a cause is new.
    """
    key, causes = key_of(kind=kind, entry_id=entry.pk, use_case_id=use_case.pk), sorted(set(sightings))
    if not _unknown(causes, key=key):
        return None
    found, made = Trigger.objects.get_or_create(
        dedupe_key=key,
        closed_at=None,
        defaults={
            "kind": kind,
            "entry": entry,
            "use_case": use_case,
            "sightings": causes,
            "count": len(causes),
            "detail": dict(detail),
            "first_seen": at,
            "last_seen": at,
        },
    )
    if made:
        _record(found, verb="trigger.opened", by=None, at=at)
        return found
    # Whoever was a moment later waits here for the first, and then sees what it has written.
    trigger = Trigger.objects.select_for_update(of=("self",)).get(pk=found.pk)
    if trigger.closed_at is not None:  # in that moment: what is new opens another
        return see(kind=kind, entry=entry, use_case=use_case, sightings=causes, detail=detail, at=at)
    new = _unknown(causes, key=key)
    if not new:
        return None
    trigger.sightings = [*trigger.sightings, *new]
    trigger.count += len(new)
    trigger.detail = dict(detail)
    trigger.last_seen = max(at, trigger.last_seen)
    trigger.save(update_fields=["sightings", "count", "detail", "last_seen"])
    return trigger


def _unknown(causes: Iterable[str], *, key: str) -> list[str]:
    """Those that no trigger of the key has seen, open or closed. One query."""
    kept = Trigger.objects.filter(dedupe_key=key).values_list("sightings", flat=True)
    known = {sighting for sightings in kept for sighting in sightings}
    return [cause for cause in causes if cause not in known]


def submitted(submission: Submission, *, by: User | None, at: dt.datetime) -> None:
    """A review has begun: what asked for one of another version is answered."""
    _answer(submission, Trigger.Closing.SUBMITTED, kinds=ABOUT_VERSIONS, by=by, at=at)


def decided(submission: Submission, *, by: User | None, at: dt.datetime) -> None:
    """A decision was made on what is known now: whatever asked for another look before it is answered."""
    if submission.state in (Outcome.APPROVED, Outcome.REJECTED):
        _answer(submission, Trigger.Closing.DECIDED, kinds=tuple(Trigger.Kind), by=by, at=at)


@transaction.atomic
def renewed(*, trigger_id: int, at: dt.datetime) -> None:
    """What was about to end holds again: nothing is left to do. One that is closed stays as it is."""
    trigger = Trigger.objects.select_for_update(of=("self",)).select_related("entry", "use_case").get(pk=trigger_id)
    if trigger.closed_at is None:
        _close(trigger, Trigger.Closing.RENEWED, by=None, reason="", at=at)


@remembered("trigger.close")
@transaction.atomic
def close(*, trigger_id: int, by: User, reason: str, at: dt.datetime) -> Trigger:
    """Close a trigger by hand, with the reason why nothing has to be done.

    Raises:
        NotAllowed: neither approver nor risk officer of the use case's team.
        NotAcceptable: no reason of ten characters.
        ReviewRefused: it is closed already.
    """
    trigger = Trigger.objects.select_for_update(of=("self",)).select_related("entry", "use_case").get(pk=trigger_id)
    held = standing_now(by)
    if not any(held.has(role, team_id=trigger.use_case.owner_team_id) for role in KEEPERS):
        raise NotAllowed("not_a_keeper", "approvers and risk officers of the use case's team close this")
    if trigger.closed_at is not None:
        raise ReviewRefused("invalid_transition", "this was closed already")
    require_reason(reason)
    _close(trigger, Trigger.Closing.BY_HAND, by=by, reason=reason.strip(), at=at)
    return trigger


def _answer(
    submission: Submission, how: Trigger.Closing, *, kinds: Iterable[Trigger.Kind], by: User | None, at: dt.datetime
) -> None:
    keys = [
        key_of(kind=kind, entry_id=submission.version.entry_id, use_case_id=submission.use_case_id) for kind in kinds
    ]
    answered = Trigger.objects.open().filter(dedupe_key__in=keys).select_for_update(of=("self",))
    for trigger in answered.select_related("entry", "use_case").order_by("pk"):
        _close(trigger, how, by=by, reason="", at=at)


def _close(trigger: Trigger, how: Trigger.Closing, *, by: User | None, reason: str, at: dt.datetime) -> None:
    trigger.closed_at, trigger.closed_how, trigger.closed_by, trigger.closed_reason = at, how, by, reason
    trigger.save(update_fields=["closed_at", "closed_how", "closed_by", "closed_reason"])
    _record(trigger, verb="trigger.closed", by=by, at=at, how=how.value)


def _record(trigger: Trigger, *, verb: str, by: User | None, at: dt.datetime, **detail: object) -> None:
    ledger.record(
        verb=verb,
        object_kind="trigger",
        object_ref=str(trigger.pk),
        actor=by,
        at=at,
        detail={"kind": trigger.kind, "use_case": trigger.use_case.slug, **detail},
    )
