"""Reminders: a review that is due, an approval that ends. Each is sent once, whoever comes to send it and how often.

A reminder is a row with a unique key, written in one transaction with its message. Were nobody to come, no verdict
would be another one: people would only not be told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from governance.catalog import notified
from governance.gates.models import Approval
from governance.gates.suspending import OWNERS
from governance.notifications import services as notifications
from governance.people.models import Membership, Role, User
from governance.reviews.models import Claim, Reminder, Submission, SubmissionState
from governance.reviews.queries import DECIDABLE, reviewers_by_lane
from governance.reviews.standing import HOLDS
from governance.reviews.triggers import KEEPERS

DUE_NOTICE = dt.timedelta(days=1)
# Days before an approval's end at which its owners are told; after a pause only the nearest is still of use.
END_NOTICES = (1, 7, 14)


def remind(*, at: dt.datetime) -> int:
    """Send every reminder that is to be sent at ``at`` and was not.

    Returns:
        How many were sent.
    """
    return _of_submissions(at=at) + _of_approvals(at=at)


def _of_submissions(*, at: dt.datetime) -> int:
    due = Submission.objects.filter(state=SubmissionState.IN_REVIEW, due_at__lte=at + DUE_NOTICE)
    sent = 0
    for submission in due.select_related("version__entry", "use_case").order_by("due_at", "pk"):
        overdue = submission.due_at is not None and submission.due_at <= at
        topic = "submission.overdue" if overdue else "submission.due_soon"
        payload = {
            "submission": submission.pk,
            **notified.about(submission.version, use_case=submission.use_case, stage=submission.stage),
        }
        key = f"{topic} {submission.pk} {submission.round}"
        to = partial(_told_of, submission, overdue=overdue, at=at)
        sent += _send(key, topic=topic, payload=payload, to=to, at=at)
    return sent


def _of_approvals(*, at: dt.datetime) -> int:
    ending = Approval.objects.in_force(at=at).filter(expires_at__lte=at + dt.timedelta(days=max(END_NOTICES)))
    sent = 0
    for approval in ending.select_related("version__entry", "use_case").order_by("expires_at", "pk"):
        days = next(days for days in END_NOTICES if approval.expires_at <= at + dt.timedelta(days=days))
        payload = {
            **notified.about(approval.version, use_case=approval.use_case, stage=approval.stage),
            "days": days,
            "until": approval.expires_at.isoformat(),
        }
        to = partial(_holders, approval.use_case.owner_team_id, OWNERS)
        key = f"approval.expires {approval.pk} {days}"
        sent += _send(key, topic="approval.expires", payload=payload, to=to, at=at)
    return sent


@transaction.atomic
def _send(
    key: str, *, topic: str, payload: Mapping[str, Any], to: Callable[[], Iterable[User]], at: dt.datetime
) -> int:
    """Send one reminder, unless it was sent. Of two that come at once the second waits for the first's commit."""
    _row, is_new = Reminder.objects.get_or_create(key=key, defaults={"sent_at": at})
    if is_new:
        notifications.enqueue(topic=topic, payload=payload, to=to(), at=at)
    return int(is_new)


def _told_of(submission: Submission, *, overdue: bool, at: dt.datetime) -> list[User]:
    """Those whose turn it is; of what is overdue also those who answer for it."""
    to = _whose_turn(submission, at=at)
    return to + _holders(submission.use_case.owner_team_id, KEEPERS) if overdue else to


def _whose_turn(submission: Submission, *, at: dt.datetime) -> list[User]:
    """Whoever is on an open lane, or all who may vote in it; once every requirement holds, those who approve."""
    if submission.verdict in DECIDABLE:
        return _holders(submission.use_case.owner_team_id, (Role.APPROVER,))
    asked = submission.evaluation.get("votes", ())
    lanes = [str(lane["lane"]) for lane in asked if lane["status"] not in HOLDS]
    held = reviewers_by_lane(submission)
    claims = Claim.objects.standing(at=at).filter(submission=submission).select_related("holder")
    on_it = {claim.lane: claim.holder for claim in claims}
    return [person for lane in lanes for person in ([on_it[lane]] if lane in on_it else held.get(lane, ()))]


def _holders(team_id: int, roles: Iterable[Role]) -> list[User]:
    """Who holds one of the roles in a team, or where nobody does in the organisation. One query."""
    rows = Membership.objects.filter(Q(team=team_id) | Q(team=None), role__in=list(roles), user__is_active=True)
    found = list(rows.select_related("user").order_by("user_id", "pk"))
    own = [row.user for row in found if row.team_id is not None]
    return own or [row.user for row in found]
