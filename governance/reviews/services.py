"""The steps of a review. Each is one transaction: lock, check the rules, write, record, tell."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from governance.catalog.models import Stage, UseCase, Version
from governance.evidence import services as evidence
from governance.evidence.models import Attachment, Upload
from governance.gates import services as gates
from governance.ledger import services as ledger
from governance.notifications import services as notifications
from governance.people.models import Lane, Membership, Role, User
from governance.people.queries import standing_now
from governance.policies import queries as policies
from governance.policies.evaluation import VoteFact
from governance.reviews import evaluation
from governance.reviews.errors import NotAcceptable, NotAllowed, ReviewRefused, Stale
from governance.reviews.models import OPEN_STATES, Decision, Outcome, Submission, SubmissionState, Vote
from licenses import catalogue

REASON_LENGTH = 10


@transaction.atomic
def submit(*, version: Version, use_case: UseCase, stage: str, by: User, at: dt.datetime) -> Submission:
    """Ask for a version to be let through at a stage; the audits that it needs start by themselves.

    Raises:
        NotAllowed: the person is not a submitter in the use case's team.
        ReviewRefused: such a submission is open already.
    """
    _require(by, Role.SUBMITTER, use_case, "submit for")
    try:
        with transaction.atomic():
            submission = Submission.objects.create(
                version=version, use_case=use_case, stage=Stage(stage), submitted_by=by, submitted_at=at
            )
    except IntegrityError as twice:
        there = Submission.objects.open().filter(version=version, use_case=use_case, stage=stage).first()
        number = f" {there.pk}" if there else ""
        raise ReviewRefused(
            "already_submitted", f"this version is in review for {stage} already: submission{number}"
        ) from twice
    _record(submission, verb="submission.submitted", by=by, at=at)
    gather(submission, by=by, at=at)
    _tell(submission, topic="submission.submitted", to=_reviewers(submission), at=at)
    return _evaluate(submission, at=at)


def gather(submission: Submission, *, by: User | None, at: dt.datetime, again: bool = False) -> None:
    """Ask for the audits that the policies of a submission need and that have no current run."""
    version, use_case = submission.version, submission.use_case
    applied = policies.applicable(kind=version.entry.kind, tier=use_case.tier, stage=submission.stage)
    kinds = policies.required_kinds(applied)
    evidence.gather(version=version, use_case=use_case, kinds=kinds, by=by, at=at, again=again)


@transaction.atomic
def attach_evidence(*, submission_id: int, role: str, upload: Upload, by: User, at: dt.datetime) -> Attachment:
    """Put an upload forward for a submission; audits that wait for it start.

    Raises:
        NotAllowed: the person is not a submitter in the use case's team.
        ReviewRefused: the submission has ended.
    """
    submission = _locked(submission_id)
    _require(by, Role.SUBMITTER, submission.use_case, "bring evidence for")
    _require_open(submission)
    attachment = evidence.attach(
        version=submission.version, use_case=submission.use_case, role=role, upload=upload, by=by, at=at
    )
    _changed(submission)
    gather(submission, by=by, at=at)
    _evaluate(submission, at=at)
    return attachment


@transaction.atomic
def audit_again(*, submission_id: int, by: User, at: dt.datetime) -> Submission:
    """Ask again for audits that failed, went stale or were never asked for."""
    submission = _locked(submission_id)
    _require_visible(by, submission)
    _require_open(submission)
    gather(submission, by=by, at=at, again=True)
    return _evaluate(submission, at=at)


@transaction.atomic
def vote(
    *,
    submission_id: int,
    voter: User,
    lane: str,
    value: int,
    comment: str = "",
    edition: int | None = None,
    at: dt.datetime,
) -> Vote:
    """Record one person's opinion in one lane, bound to the facts they saw.

    Raises:
        NotAllowed: not a reviewer of the lane, or somebody who submitted or made what is judged.
        NotAcceptable: a value outside -2..+2, or an objection without its reason.
        Stale, ReviewRefused: the submission has changed, or has ended.
    """
    submission = _locked(submission_id)
    if lane not in Lane.values:
        raise NotAcceptable("unknown_lane", f"there is no lane {lane[:40]!r}; the lanes are {', '.join(Lane.values)}")
    if not -2 <= value <= 2:
        raise NotAcceptable("vote_out_of_range", "a vote is a whole number from -2 (veto) to +2")
    if not standing_now(voter).has(Role.REVIEWER, team_id=submission.use_case.owner_team_id, lane=lane):
        raise NotAllowed("not_a_reviewer", f"you do not review {lane} for {submission.use_case}; ask an admin for it")
    _require_four_eyes(voter, submission)
    _require_state(submission, SubmissionState.IN_REVIEW)
    _require_edition(submission, edition)
    if value < 0 and len(comment.strip()) < REASON_LENGTH:
        raise NotAcceptable(
            "reason_required", f"say why in at least {REASON_LENGTH} characters: the submitter reads it"
        )
    cast = Vote.objects.create(
        submission=submission,
        round=submission.round,
        lane=lane,
        value=value,
        voter=voter,
        comment=comment.strip(),
        facts_sha256=submission.facts_sha256,
        cast_at=at,
    )
    _changed(submission)
    _record(submission, verb="vote.cast", by=voter, at=at, lane=lane, value=value, facts=submission.facts_sha256)
    _tell(submission, topic="vote.cast", to=[submission.submitted_by], at=at)
    _evaluate(submission, at=at)
    return cast


@transaction.atomic
def approve(
    *, submission_id: int, approver: User, edition: int | None = None, reason: str = "", at: dt.datetime
) -> Decision:
    """Approve: evaluate once more on the spot, freeze the decision, put the approval in force.

    Raises:
        NotAllowed: not an approver in the team, or somebody who submitted or made what is judged.
        ReviewRefused: a requirement does not hold, or the submission has ended.
        Stale: the submission has changed since it was looked at.
    """
    submission = _locked(submission_id)
    _require(approver, Role.APPROVER, submission.use_case, "approve for")
    _require_four_eyes(approver, submission)
    _require_state(submission, SubmissionState.IN_REVIEW)
    _require_edition(submission, edition)
    judged = evaluation.judge(submission, at=at)
    if judged.evaluation.verdict not in ("allow", "warn"):
        evaluation.keep(submission, judged, at=at)
        codes = ", ".join(judged.evaluation.reason_codes[:6])
        raise RequirementsOpen(
            "requirements_open", f"approval is closed until every requirement holds; open now: {codes}"
        )
    return _approve(submission, judged, by=approver, reason=reason, at=at)


class RequirementsOpen(ReviewRefused):
    """Something that the policies require does not hold."""


@transaction.atomic
def return_for_changes(
    *, submission_id: int, by: User, reason: str, edition: int | None = None, at: dt.datetime
) -> Decision:
    """Give a submission back to its submitter, with what to change."""
    return _refuse(submission_id, Outcome.CHANGES_REQUESTED, by=by, reason=reason, edition=edition, at=at)


@transaction.atomic
def reject(*, submission_id: int, by: User, reason: str, edition: int | None = None, at: dt.datetime) -> Decision:
    """End a submission with a no."""
    return _refuse(submission_id, Outcome.REJECTED, by=by, reason=reason, edition=edition, at=at)


@transaction.atomic
def withdraw(
    *, submission_id: int, by: User, reason: str = "", edition: int | None = None, at: dt.datetime
) -> Decision:
    """Take back one's own submission."""
    submission = _locked(submission_id)
    if submission.submitted_by_id != by.pk:
        raise NotAllowed("not_the_submitter", "only who submitted it can withdraw it; an approver can reject it")
    _require_open(submission)
    _require_edition(submission, edition)
    if submission.state == SubmissionState.CHANGES_REQUESTED:
        submission.round += 1  # the round before has its decision already
    return _decide(submission, Outcome.WITHDRAWN, evaluation.judge(submission, at=at), by=by, reason=reason, at=at)


@transaction.atomic
def resubmit(*, submission_id: int, by: User, edition: int | None = None, at: dt.datetime) -> Submission:
    """Bring a returned submission back as its next round; votes of earlier rounds no longer approve."""
    submission = _locked(submission_id)
    _require(by, Role.SUBMITTER, submission.use_case, "submit for")
    _require_state(submission, SubmissionState.CHANGES_REQUESTED)
    _require_edition(submission, edition)
    submission.state, submission.round = SubmissionState.IN_REVIEW, submission.round + 1
    submission.save(update_fields=["state", "round"])
    _changed(submission)
    _record(submission, verb="submission.resubmitted", by=by, at=at)
    gather(submission, by=by, at=at, again=True)
    _tell(submission, topic="submission.submitted", to=_reviewers(submission), at=at)
    return _evaluate(submission, at=at)


@transaction.atomic
def reevaluate(*, submission_id: int, at: dt.datetime) -> Submission:
    """Bring a submission up to date after a fact has changed. One that has ended stays as it was decided."""
    submission = _locked(submission_id)
    return _evaluate(submission, at=at) if submission.state == SubmissionState.IN_REVIEW else submission


def _refuse(
    submission_id: int, outcome: Outcome, *, by: User, reason: str, edition: int | None, at: dt.datetime
) -> Decision:
    submission = _locked(submission_id)
    team = submission.use_case.owner_team_id
    held = standing_now(by)
    reviews = bool(held.lanes(team_id=team)) and outcome == Outcome.CHANGES_REQUESTED
    if not (reviews or held.has(Role.APPROVER, team_id=team)):
        raise NotAllowed("not_a_decider", f"you neither review nor approve for {submission.use_case}")
    _require_four_eyes(by, submission)
    _require_state(submission, SubmissionState.IN_REVIEW)
    _require_edition(submission, edition)
    if len(reason.strip()) < REASON_LENGTH:
        raise NotAcceptable(
            "reason_required", f"say why in at least {REASON_LENGTH} characters: the submitter reads it"
        )
    return _decide(submission, outcome, evaluation.judge(submission, at=at), by=by, reason=reason, at=at)


def _evaluate(submission: Submission, *, at: dt.datetime) -> Submission:
    """Evaluate and keep; where every policy lets it, an approval follows without a person."""
    judged = evaluation.judge(submission, at=at)
    evaluation.keep(submission, judged, at=at)
    if judged.evaluation.auto_decide and judged.evaluation.verdict in ("allow", "warn"):
        _approve(submission, judged, by=None, reason="", at=at)
    return submission


def _approve(
    submission: Submission, judged: evaluation.Judged, *, by: User | None, reason: str, at: dt.datetime
) -> Decision:
    return _decide(submission, Outcome.APPROVED, judged, by=by, reason=reason, at=at)


def _decide(
    submission: Submission,
    outcome: Outcome,
    judged: evaluation.Judged,
    *,
    by: User | None,
    reason: str,
    at: dt.datetime,
) -> Decision:
    """Freeze what was decided and on what; an approval goes into force in the same transaction."""
    approval = None
    if outcome == Outcome.APPROVED:
        approval = gates.grant(
            version=submission.version,
            use_case=submission.use_case,
            stage=submission.stage,
            evaluation=judged.evaluation,
            facts_sha256=judged.facts_sha256,
            by=by,
            at=at,
        )
    decision = Decision.objects.create(
        submission=submission,
        round=submission.round,
        outcome=outcome,
        verdict=judged.evaluation.verdict,
        facts=judged.facts,
        facts_sha256=judged.facts_sha256,
        evaluation=judged.as_json(),
        votes=[_frozen(cast) for cast in judged.votes],
        digests={"licence_table": catalogue.table_digest(), "audit_plan": _plan_digest(submission)},
        reason=reason.strip(),
        automatic=by is None,
        decided_by=by,
        decided_at=at,
        approval=approval,
    )
    submission.state = SubmissionState(outcome.value)
    submission.save(update_fields=["state", "round"])
    _changed(submission)
    evaluation.keep(submission, judged, at=at)
    _record(submission, verb=f"submission.{outcome.value}", by=by, at=at, facts=judged.facts_sha256)
    _tell(submission, topic=f"submission.{outcome.value}", to=[submission.submitted_by], at=at)
    return decision


def _frozen(cast: VoteFact) -> dict[str, object]:
    """A vote as a decision keeps it: the person as the ledger names them."""
    return {
        "lane": cast.lane,
        "value": cast.value,
        "round": cast.round,
        "number": cast.number,
        "voter": ledger.actor_ref(int(cast.voter)),
    }


def _plan_digest(submission: Submission) -> str | None:
    plan = submission.use_case.audit_plans.order_by("-number").first()
    return plan.sha256 if plan else None


def _locked(submission_id: int) -> Submission:
    return (
        Submission.objects.select_for_update(of=("self",))
        .select_related("version__entry", "version__card", "use_case", "submitted_by")
        .get(pk=submission_id)
    )


def _changed(submission: Submission) -> None:
    submission.edition += 1
    submission.save(update_fields=["edition"])


def _require(user: User, role: Role, use_case: UseCase, deed: str) -> None:
    if not standing_now(user).has(role, team_id=use_case.owner_team_id):
        raise NotAllowed(f"not_{role.value}", f"you may not {deed} {use_case}; an admin can give you the role {role}")


def _require_visible(user: User, submission: Submission) -> None:
    held = standing_now(user)
    if not (held.sees_all or submission.use_case.owner_team_id in held.team_ids):
        raise NotAllowed("not_a_member", f"you are not in the team of {submission.use_case}")


def _require_four_eyes(user: User, submission: Submission) -> None:
    """Nobody judges what they submitted or made, superusers included."""
    made_it = evidence.contributors(version=submission.version, use_case=submission.use_case)
    if user.pk == submission.submitted_by_id or user.pk in made_it:
        raise NotAllowed("self_review", "you submitted this or brought its evidence; someone else has to decide")


def _require_open(submission: Submission) -> None:
    if submission.state not in OPEN_STATES:
        state = submission.get_state_display().lower()
        raise ReviewRefused("invalid_transition", f"submission {submission.pk} has ended: {state}")


def _require_state(submission: Submission, state: SubmissionState) -> None:
    if submission.state != state:
        now = submission.get_state_display().lower()
        raise ReviewRefused("invalid_transition", f"submission {submission.pk} is {now}, not {state.label.lower()}")


def _require_edition(submission: Submission, edition: int | None) -> None:
    if edition is not None and edition != submission.edition:
        raise Stale("stale", "the submission has changed since you looked at it; read what is new, then decide again")


def _reviewers(submission: Submission) -> list[User]:
    """Those who hold a lane for the use case's team and did not submit."""
    team = submission.use_case.owner_team_id
    holders = Membership.objects.filter(role=Role.REVIEWER, user__is_active=True).filter(team__in=[team])
    everywhere = Membership.objects.filter(role=Role.REVIEWER, user__is_active=True, team=None)
    return list(
        User.objects.filter(memberships__in=holders | everywhere)
        .exclude(pk=submission.submitted_by_id)
        .distinct()
        .order_by("pk")
    )


def _record(submission: Submission, *, verb: str, by: User | None, at: dt.datetime, **detail: object) -> None:
    ledger.record(
        verb=verb,
        object_kind="submission",
        object_ref=str(submission.pk),
        subject_digest=submission.version.digest,
        actor=by,
        at=at,
        detail={"use_case": submission.use_case.slug, "stage": submission.stage, "round": submission.round, **detail},
    )


def _tell(submission: Submission, *, topic: str, to: list[User], at: dt.datetime) -> None:
    notifications.enqueue(
        topic=topic,
        payload={
            "submission": submission.pk,
            "subject": submission.version.entry.repo_id,
            "revision": submission.version.revision,
            "stage": submission.stage,
            "use_case": submission.use_case.slug,
        },
        to=to,
        at=at,
    )
