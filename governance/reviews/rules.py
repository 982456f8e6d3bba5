"""What every step of a review holds to: who may, when, on which edition; and how each is recorded and told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet

from audits.locks import hold_subject, hold_subjects, try_hold_subjects
from governance.catalog import notified
from governance.catalog.models import UseCase
from governance.evidence import services as evidence
from governance.ledger import services as ledger
from governance.notifications import services as notifications
from governance.people.models import Lane, Membership, Role, User
from governance.people.queries import standing_now
from governance.reviews.errors import NotAcceptable, NotAllowed, ReviewRefused, Stale
from governance.reviews.models import OPEN_STATES, Submission, SubmissionState
from governance.web.sentences import SHORTEST_REASON


def locked(submission_id: int) -> Submission:
    """The submission, held until the transaction ends; before it its subject, so that no audit ends meanwhile."""
    hold_subject(Submission.objects.values_list("version__digest", flat=True).get(pk=submission_id))
    return (
        Submission.objects.select_for_update(of=("self",))
        .select_related("version__entry", "version__card", "use_case", "submitted_by")
        .get(pk=submission_id)
    )


def locked_all(submissions: Iterable[int]) -> list[Submission]:
    """Several submissions, held like one, in the order of their subjects: whoever holds several takes them so."""
    found = Submission.objects.filter(pk__in=list(submissions))
    hold_subjects(found.order_by().values_list("version__digest", flat=True).distinct())
    return _held(found)


def locked_if_free(submissions: Iterable[int]) -> list[Submission]:
    """Those of several submissions whose subjects nobody else holds at this moment, held."""
    found = Submission.objects.filter(pk__in=list(submissions))
    free = try_hold_subjects(found.order_by().values_list("version__digest", flat=True).distinct())
    return _held(found.filter(version__digest__in=free))


def _held(found: QuerySet[Submission]) -> list[Submission]:
    return list(
        found.select_for_update(of=("self",))
        .select_related("version__entry", "version__card", "use_case", "submitted_by")
        .order_by("version__digest", "pk")
    )


def changed(submission: Submission) -> None:
    """Count a change, so that whoever saw the submission before it has to look again."""
    submission.edition += 1
    submission.save(update_fields=["edition"])


def require(user: User, role: Role, use_case: UseCase, deed: str) -> None:
    if not standing_now(user).has(role, team_id=use_case.owner_team_id):
        raise NotAllowed(f"not_{role.value}", f"you may not {deed} {use_case}; an admin can give you the role {role}")


def makers(submission: Submission) -> set[int]:
    """The numbers of those who submitted, prepared or made what is judged, and so do not judge it. One query."""
    made_it = evidence.contributors(version=submission.version, use_case=submission.use_case)
    return {submission.submitted_by_id, *submission.prepared_by} | made_it


def require_four_eyes(user: User, submission: Submission) -> None:
    """Nobody judges what they submitted or made, superusers included."""
    if user.pk in makers(submission):
        raise NotAllowed("self_review", "you submitted this or brought its evidence; someone else has to decide")


def require_reviewer(user: User, submission: Submission, lane: str) -> None:
    """The rule of voting and of claiming: a reviewer of the lane, and no maker of what is judged."""
    if lane not in Lane.values:
        raise NotAcceptable("unknown_lane", f"there is no lane {lane[:40]!r}; the lanes are {', '.join(Lane.values)}")
    require_four_eyes(user, submission)
    if not standing_now(user).has(Role.REVIEWER, team_id=submission.use_case.owner_team_id, lane=lane):
        raise NotAllowed("not_a_reviewer", f"you do not review {lane} for {submission.use_case}; ask an admin for it")


def require_open(submission: Submission) -> None:
    if submission.state not in OPEN_STATES:
        state = submission.get_state_display().lower()
        raise ReviewRefused("invalid_transition", f"submission {submission.pk} has ended: {state}")


def require_state(submission: Submission, state: SubmissionState) -> None:
    if submission.state != state:
        now = submission.get_state_display().lower()
        raise ReviewRefused("invalid_transition", f"submission {submission.pk} is {now}, not {state.label.lower()}")


def require_edition(submission: Submission, edition: int | None) -> None:
    if edition is not None and edition != submission.edition:
        raise Stale("stale", "the submission has changed since you looked at it; read what is new, then decide again")


def require_reason(reason: str) -> None:
    if len(reason.strip()) < SHORTEST_REASON:
        raise NotAcceptable(
            "reason_required", f"say why in at least {SHORTEST_REASON} characters: the submitter reads it"
        )


def reviewers(submission: Submission) -> list[User]:
    """Those who hold a lane for the use case's team and neither submitted nor prepared it."""
    team = submission.use_case.owner_team_id
    holders = Membership.objects.filter(role=Role.REVIEWER, user__is_active=True).filter(team__in=[team])
    everywhere = Membership.objects.filter(role=Role.REVIEWER, user__is_active=True, team=None)
    return list(
        User.objects.filter(memberships__in=holders | everywhere)
        .exclude(pk__in=[submission.submitted_by_id, *submission.prepared_by])
        .distinct()
        .order_by("pk")
    )


def record(submission: Submission, *, verb: str, by: User | None, at: dt.datetime, **detail: object) -> None:
    ledger.record(
        verb=verb,
        object_kind="submission",
        object_ref=str(submission.pk),
        subject_digest=submission.version.digest,
        actor=by,
        at=at,
        detail={"use_case": submission.use_case.slug, "stage": submission.stage, "round": submission.round, **detail},
    )


def tell(submission: Submission, *, topic: str, to: list[User], at: dt.datetime) -> None:
    notifications.enqueue(
        topic=topic,
        payload={
            "submission": submission.pk,
            **notified.about(submission.version, use_case=submission.use_case, stage=submission.stage),
        },
        to=to,
        at=at,
    )
