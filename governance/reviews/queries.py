"""What a person has to do with submissions, and what there is to see of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from audits.models import Run
from governance.evidence.models import Attachment
from governance.evidence.queries import runs_visible_to
from governance.gates.models import Approval
from governance.people.models import Lane, Membership, Role, User
from governance.people.queries import standing
from governance.reviews.models import OPEN_STATES, Submission, SubmissionQuerySet, SubmissionState, Vote

DECIDABLE = ("allow", "warn")


def listed(user: User) -> SubmissionQuerySet:
    """The submissions that a person sees, with what a row of a list shows.

    ``approval_now`` is what has become of the approval that came of one: ``ended_reason`` ("" while it has not ended),
    ``expires_at`` and ``conditions``; None where none did.
    """
    now = JSONObject(ended_reason="ended_reason", expires_at="expires_at", conditions="conditions")
    approvals = Approval.objects.filter(decision__submission=OuterRef("pk")).order_by("-pk")
    seen = Submission.objects.visible_to(user).annotate(approval_now=Subquery(approvals.values_list(now)[:1]))
    return seen.select_related("version__entry", "use_case", "submitted_by")


def drafts_of(user: User) -> QuerySet[Submission]:
    """The drafts that a person sees, the one that was saved last first."""
    drafts = Submission.objects.drafts_of(user).select_related("version__entry", "use_case", "submitted_by")
    return drafts.order_by("-submitted_at", "-pk")


def awaiting_vote_of(user: User, *, but: Mapping[str, Exists] | None = None) -> QuerySet[Submission]:
    """Submissions in review that ask for a vote in a lane which the person holds and has not voted in this round.

    Leaves out what they submitted, imported or brought evidence for: they may not judge it; and, with ``but``, those
    for which a lane's condition holds, unless another lane of theirs asks. One query, beside the person's roles.
    """
    held = standing(user)
    wanted = Q(pk__in=[])
    for lane in Lane.values:
        teams = sorted(
            {team for team, role, of in held.roles if role == Role.REVIEWER and of == lane and team is not None}
        )
        everywhere = (None, Role.REVIEWER.value, lane) in held.roles
        if not teams and not everywhere:
            continue
        mine = Vote.objects.filter(submission=OuterRef("pk"), round=OuterRef("round"), lane=lane, voter=user)
        asked = Q(Q(evaluation__votes__contains=[{"lane": lane}]), ~Exists(mine))
        if not everywhere:
            asked &= Q(use_case__owner_team__in=teams)
        if but is not None and lane in but:
            asked &= Q(~but[lane])
        wanted |= asked
    return _not_made_by(user, listed(user).filter(wanted, state=SubmissionState.IN_REVIEW))


def awaiting_decision_of(user: User) -> QuerySet[Submission]:
    """Submissions of which every requirement holds and that the person may approve. One query."""
    teams = standing(user).teams_with(Role.APPROVER)
    ready = listed(user).judged().filter(state=SubmissionState.IN_REVIEW, verdict__in=DECIDABLE)
    if teams is not None:
        ready = ready.filter(use_case__owner_team__in=teams)
    return _not_made_by(user, ready)


def for_inbox(user: User) -> QuerySet[Submission]:
    """All that waits for the person: their vote, their decision, or their changes. Oldest first. One query."""
    returned = listed(user).filter(state=SubmissionState.CHANGES_REQUESTED, submitted_by=user)
    keys = Q(pk__in=awaiting_vote_of(user).values("pk")) | Q(pk__in=awaiting_decision_of(user).values("pk"))
    return listed(user).filter(keys | Q(pk__in=returned.values("pk"))).order_by("submitted_at", "pk")


def submitted_by(user: User) -> QuerySet[Submission]:
    return listed(user).filter(submitted_by=user, state__in=OPEN_STATES).order_by("-submitted_at", "-pk")


def waiting_for_others(user: User) -> QuerySet[Submission]:
    """Open submissions of other people on which it is not the person's turn."""
    others = listed(user).filter(state__in=OPEN_STATES).exclude(submitted_by=user)
    return others.exclude(pk__in=for_inbox(user).order_by().values("pk")).order_by("-submitted_at", "-pk")


def decided_since(user: User, *, since: dt.datetime) -> QuerySet[Submission]:
    """Submissions that ended, whoever decided, newest decision first."""
    ended = listed(user).exclude(state__in=OPEN_STATES).filter(decisions__decided_at__gte=since)
    return ended.order_by("-submitted_at", "-pk").distinct()


def reviewers_by_lane(submission: Submission) -> dict[str, list[User]]:
    """Who may vote on a submission, by lane and by name: active, of its team, and no maker of what is judged.

    One query.
    """
    brought = Attachment.objects.filter(version=submission.version_id, use_case=submission.use_case_id)
    makers = brought.filter(Q(attached_by=OuterRef("user")) | Q(upload__uploaded_by=OuterRef("user")))
    team = submission.use_case.owner_team_id
    held = (
        Membership.objects.filter(Q(team=team) | Q(team=None), role=Role.REVIEWER, user__is_active=True)
        .exclude(user__in=[submission.submitted_by_id, *submission.prepared_by])
        .exclude(user=submission.version.imported_by_id)
        .filter(~Exists(makers))
        .select_related("user")
        .order_by("user__name", "user_id")
    )
    found: dict[str, dict[int, User]] = {}
    for membership in held:
        found.setdefault(membership.lane, {})[membership.user_id] = membership.user
    return {lane: list(people.values()) for lane, people in found.items()}


def runs_of(user: User, *, submission: Submission) -> dict[int, Run]:
    """The runs that the newest evaluation of a submission looked at, by number, among those the person sees."""
    numbers: Iterable[int] = {row["run"] for row in submission.evaluation.get("requirements", ()) if row.get("run")}
    return {run.pk: run for run in runs_visible_to(user).filter(pk__in=numbers)}


def _not_made_by(user: User, submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    brought = Attachment.objects.filter(
        Q(attached_by=user) | Q(upload__uploaded_by=user),
        version=OuterRef("version"),
        use_case=OuterRef("use_case"),
    )
    imported = Q(version__imported_by=user)
    prepared = Q(prepared_by__contains=[user.pk])
    return submissions.exclude(submitted_by=user).exclude(imported).exclude(prepared).filter(~Exists(brought))
