"""What a person has to do, in the order in which to do it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Case, DateTimeField, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from governance.people.models import Role, User
from governance.people.queries import standing
from governance.reviews import queries
from governance.reviews.models import Claim, Submission, SubmissionState, Trigger
from governance.reviews.triggers import KEEPERS

# What one is on oneself, what is free, what others are on.
OWN, FREE, OTHERS = 0, 1, 2
ORDER = ("turn", "due_order", "pk")
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


def queue(user: User, *, at: dt.datetime) -> QuerySet[Submission]:
    """All that waits for a person: what they are on first, what others are on last, each by its due date. One query.

    ``turn`` and ``due_order`` are the columns of that order.
    """
    standing_now = Claim.objects.standing(at=at).filter(submission=OuterRef("pk"))
    taken = {
        lane: Exists(standing_now.filter(lane=lane).exclude(holder=user))
        for lane in {of for _team, role, of in standing(user).roles if role == Role.REVIEWER}
    }
    free = queries.awaiting_vote_of(user, but=taken)
    mine_to_decide = Q(pk__in=queries.awaiting_decision_of(user).values("pk"))
    open_to_me = Q(pk__in=free.values("pk")) | mine_to_decide | ~Q(state=SubmissionState.IN_REVIEW)
    turn = Case(
        When(Exists(standing_now.filter(holder=user)), then=Value(OWN)),
        When(open_to_me, then=Value(FREE)),
        default=Value(OTHERS),
        output_field=IntegerField(),
    )
    due = Coalesce("due_at", Value(NEVER), output_field=DateTimeField())
    return queries.for_inbox(user).annotate(turn=turn, due_order=due).order_by(*ORDER)


def claims_on(submissions: Iterable[Submission], *, at: dt.datetime) -> dict[int, list[Claim]]:
    """Who is at work on submissions now, by their number and by lane. One query."""
    found = Claim.objects.standing(at=at).filter(submission__in=[one.pk for one in submissions])
    held: dict[int, list[Claim]] = defaultdict(list)
    for claim in found.select_related("holder").order_by("lane", "pk"):
        held[claim.submission_id].append(claim)
    return held


def keeps_any(user: User) -> bool:
    """Whether the person looks after what is approved, in some team. No query beside their roles."""
    teams = standing(user).teams_with(*KEEPERS)
    return teams is None or bool(teams)


def to_look_at_again(user: User) -> QuerySet[Trigger]:
    """Open triggers of the teams in which the person approves or answers for risk, the newest first. One query."""
    teams = standing(user).teams_with(*KEEPERS)
    found = Trigger.objects.open().select_related("entry", "use_case")
    if teams is not None:
        found = found.filter(use_case__owner_team__in=teams)
    return found.order_by("-last_seen", "-pk")
