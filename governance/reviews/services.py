"""The steps of a review. Each is one transaction: hold, check the rules, write, record, tell.

Those that end a round are in ``deciding``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from django.db import IntegrityError, transaction

from audits.locks import hold_subject
from audits.models import Run
from governance.catalog.models import Stage, UseCase, Version
from governance.evidence import services as evidence
from governance.evidence.models import Attachment, Upload
from governance.evidence.queries import may_ask
from governance.gates import rechecking
from governance.ledger.refusals import remembered
from governance.people.models import Role, User
from governance.people.queries import standing_now
from governance.policies import holding
from governance.policies import queries as policies
from governance.policies.facts import READ_AT_ONCE
from governance.policies.portfolio import batched
from governance.reviews import claims, drafting, triggers
from governance.reviews.carrying import carry_votes
from governance.reviews.deciding import (
    RequirementsOpen,
    approve,
    bring_all_up_to_date,
    bring_up_to_date,
    reject,
    return_for_changes,
    withdraw,
)
from governance.reviews.due import due_at
from governance.reviews.errors import NotAcceptable, NotAllowed, ReviewRefused
from governance.reviews.evaluation import gather, gather_all
from governance.reviews.models import Submission, SubmissionState, Vote
from governance.reviews.rules import (
    changed,
    locked,
    locked_all,
    record,
    require,
    require_edition,
    require_open,
    require_reason,
    require_reviewer,
    require_state,
    reviewers,
    tell,
)

__all__ = [
    "RequirementsOpen",
    "approve",
    "attach_evidence",
    "audit_again",
    "gather",
    "recount",
    "reevaluate",
    "reevaluate_all",
    "refresh",
    "reject",
    "resubmit",
    "return_for_changes",
    "start_audit",
    "submit",
    "submit_draft",
    "vote",
    "withdraw",
]


@remembered("submission.submit")
@transaction.atomic
def submit(*, version: Version, use_case: UseCase, stage: str, note: str = "", by: User, at: dt.datetime) -> Submission:
    """Ask for a version to be let through at a stage; the audits that it needs start by themselves.

    Raises:
        NotAllowed: the person is not a submitter in the use case's team.
        NotAcceptable: the note to the reviewers is too long.
        ReviewRefused: such a submission is open already.
    """
    holding.hold_still()  # what is submitted while policies change is judged under the new ones
    require(by, Role.SUBMITTER, use_case, "submit for")
    hold_subject(version.digest)
    try:
        with transaction.atomic():
            submission = Submission.objects.create(
                version=version,
                use_case=use_case,
                stage=Stage(stage),
                submitted_by=by,
                submitted_at=at,
                due_at=due_at(tier=use_case.tier, entered=at),
                note=drafting.noted(note),
            )
    except IntegrityError as twice:
        raise _already(version, use_case, stage) from twice
    return _enter(submission, by=by, at=at)


@remembered("submission.submit")
@transaction.atomic
def submit_draft(*, submission_id: int, edition: int | None = None, by: User, at: dt.datetime) -> Submission:
    """Submit what was prepared as a draft, as it is; from now on it is by who submits it.

    Raises:
        NotAllowed: the person is not a submitter in the use case's team.
        ReviewRefused: it is no draft any more, or such a submission is open already.
        Stale: the draft has changed since it was looked at.
    """
    holding.hold_still()  # as for ``submit``
    submission = locked(submission_id)
    require(by, Role.SUBMITTER, submission.use_case, "submit for")
    require_state(submission, SubmissionState.DRAFT)
    require_edition(submission, edition)
    submission.state, submission.submitted_by, submission.submitted_at = SubmissionState.IN_REVIEW, by, at
    submission.due_at = due_at(tier=submission.use_case.tier, entered=at)
    try:
        with transaction.atomic():
            submission.save(update_fields=["state", "submitted_by", "submitted_at", "due_at"])
    except IntegrityError as twice:
        raise _already(submission.version, submission.use_case, submission.stage) from twice
    changed(submission)
    return _enter(submission, by=by, at=at)


def _already(version: Version, use_case: UseCase, stage: str) -> ReviewRefused:
    there = Submission.objects.open().filter(version=version, use_case=use_case, stage=stage).first()
    number = f" {there.pk}" if there else ""
    return ReviewRefused("already_submitted", f"this version is in review for {stage} already: submission{number}")


def _enter(submission: Submission, *, by: User, at: dt.datetime) -> Submission:
    """What follows once a submission is in review: it is recorded and told, audits start, votes are carried over."""
    version, use_case = submission.version, submission.use_case
    record(submission, verb="submission.submitted", by=by, at=at)
    triggers.submitted(submission, by=by, at=at)
    gather(submission, by=by, at=at)
    applied = policies.applicable(kind=version.entry.kind, tier=use_case.tier, stage=submission.stage)
    carry_votes(submission, policies=applied, at=at)
    tell(submission, topic="submission.submitted", to=reviewers(submission), at=at)
    return bring_up_to_date(submission, at=at)


@remembered("evidence.attach")
@transaction.atomic
def attach_evidence(*, submission_id: int, role: str, upload: Upload, by: User, at: dt.datetime) -> Attachment:
    """Put an upload forward for a submission; audits that wait for it start.

    Raises:
        NotAllowed: the person is not a submitter in the use case's team.
        NotAcceptable: a table of predictions without the columns of the audit plan.
        ReviewRefused: the submission has ended.
    """
    submission = locked(submission_id)
    require(by, Role.SUBMITTER, submission.use_case, "bring evidence for")
    require_open(submission)
    version, use_case = submission.version, submission.use_case
    (attachment,) = _bring({role: upload}, version=version, use_case=use_case, by=by, at=at)
    return attachment


@remembered("audits.ask")
@transaction.atomic
def start_audit(
    *, kind: str, version: Version, use_case: UseCase, uploads: Mapping[str, Upload], by: User, at: dt.datetime
) -> Run:
    """Bring what an audit reads, by role, and have the audit done, whether the version is in review or not.

    Without uploads the audit reads what was attached before. Nothing is attached where the audit is refused.

    Raises:
        NotAllowed: the person is not a submitter in the use case's team; or, without uploads, only reads there.
        NotAcceptable: a table lacks a column, or something else that the audit reads is not there.
        audits.RunRefused: there is no such audit.
    """
    hold_subject(version.digest)
    if uploads:
        require(by, Role.SUBMITTER, use_case, "bring evidence for")
        _bring(uploads, version=version, use_case=use_case, by=by, at=at)
    try:
        return evidence.ask(kind=kind, version=version, use_case=use_case, by=by, at=at)
    except evidence.NotAnAsker as refusal:
        raise NotAllowed(refusal.code, str(refusal)) from refusal
    except evidence.EvidenceRefused as refusal:
        raise NotAcceptable(refusal.code, str(refusal), **refusal.params) from refusal


def _bring(
    uploads: Mapping[str, Upload], *, version: Version, use_case: UseCase, by: User, at: dt.datetime
) -> list[Attachment]:
    """Attach uploads by role; what is in review for the use case is judged again. The caller holds the subject."""
    attached = []
    for role, upload in uploads.items():
        try:
            attached.append(evidence.attach(version=version, use_case=use_case, role=role, upload=upload, by=by, at=at))
        except evidence.EvidenceRefused as refusal:
            raise NotAcceptable(refusal.code, str(refusal), role=role, **refusal.params) from refusal
    in_review = Submission.objects.open().filter(version=version, use_case=use_case).order_by("pk")
    submissions = [locked(pk) for pk in in_review.values_list("pk", flat=True)]
    for submission in submissions:
        changed(submission)
    # An approval that rests on what was attached before has to wait for the audit of this.
    rechecking.recheck_version(version=version, at=at)
    for submission in submissions:
        gather(submission, by=by, at=at)
        bring_up_to_date(submission, at=at)
    return attached


@remembered("audits.ask")
@transaction.atomic
def audit_again(*, submission_id: int, by: User, at: dt.datetime) -> Submission:
    """Ask again for audits that failed, went stale or were never asked for.

    Raises:
        NotAllowed: the person only reads in the use case's team.
        ReviewRefused: the submission has ended.
    """
    submission = locked(submission_id)
    standing_now(by)  # the roles of this instant, which the next line reads
    if not may_ask(by, use_case=submission.use_case):
        raise NotAllowed("not_an_asker", "auditors and viewers read; who submits, reviews or approves can ask")
    require_open(submission)
    gather(submission, by=by, at=at, again=True)
    return bring_up_to_date(submission, at=at)


@remembered("vote", by="voter")
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
    submission = locked(submission_id)
    if not -2 <= value <= 2:
        raise NotAcceptable("vote_out_of_range", "a vote is a whole number from -2 (veto) to +2")
    require_reviewer(voter, submission, lane)
    require_state(submission, SubmissionState.IN_REVIEW)
    require_edition(submission, edition)
    if value < 0:
        require_reason(comment)
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
    claims.voted(submission, lane=lane, voter=voter, at=at)
    changed(submission)
    record(submission, verb="vote.cast", by=voter, at=at, lane=lane, value=value, facts=submission.facts_sha256)
    tell(submission, topic="vote.cast", to=[submission.submitted_by], at=at)
    bring_up_to_date(submission, at=at)
    return cast


@remembered("submission.resubmit")
@transaction.atomic
def resubmit(*, submission_id: int, by: User, edition: int | None = None, at: dt.datetime) -> Submission:
    """Bring a returned submission back as its next round; votes of earlier rounds no longer approve."""
    submission = locked(submission_id)
    require(by, Role.SUBMITTER, submission.use_case, "submit for")
    if submission.submitted_by_id != by.pk:
        raise NotAllowed("not_the_submitter", "only who submitted it brings it back; submit it anew as your own")
    require_state(submission, SubmissionState.CHANGES_REQUESTED)
    require_edition(submission, edition)
    submission.state, submission.round = SubmissionState.IN_REVIEW, submission.round + 1
    submission.due_at = due_at(tier=submission.use_case.tier, entered=at)
    submission.save(update_fields=["state", "round", "due_at"])
    changed(submission)
    record(submission, verb="submission.resubmitted", by=by, at=at)
    gather(submission, by=by, at=at, again=True)
    tell(submission, topic="submission.submitted", to=reviewers(submission), at=at)
    return bring_up_to_date(submission, at=at)


@transaction.atomic
def reevaluate(*, submission_id: int, at: dt.datetime) -> Submission:
    """Bring a submission up to date after a fact has changed. One that has ended stays as it was decided."""
    submission = locked(submission_id)
    return bring_up_to_date(submission, at=at) if submission.state == SubmissionState.IN_REVIEW else submission


@transaction.atomic
def reevaluate_all(*, submissions: Iterable[int], at: dt.datetime) -> None:
    """The same for several, in one transaction. What they are judged by is read for many together."""
    for some in _held(submissions):
        bring_all_up_to_date(some, at=at)


@transaction.atomic
def recount(*, submission_id: int, at: dt.datetime) -> None:
    """After roles have changed: claims and votes of those who may no longer vote stop counting at once."""
    submission = locked(submission_id)
    if submission.state == SubmissionState.IN_REVIEW:
        claims.recount(submission, at=at)
        bring_up_to_date(submission, at=at)


@transaction.atomic
def refresh(*, submissions: Iterable[int], at: dt.datetime) -> None:
    """After what is asked for has changed (policies, plan, use case): start audits that are asked for now, judge anew.

    The votes stay: they are on facts, and each names those it saw.
    """
    for some in _held(submissions):
        gather_all(some, by=None, at=at)
        bring_all_up_to_date(some, at=at)


def _held(submissions: Iterable[int]) -> Iterator[list[Submission]]:
    """Those that are in review, held, some at a time."""
    waiting = Submission.objects.filter(pk__in=submissions, state=SubmissionState.IN_REVIEW)
    # In one order of subjects for everybody, so that nobody waits crosswise.
    numbers = list(waiting.order_by("version__digest", "pk").values_list("pk", flat=True))
    for some in batched(numbers, READ_AT_ONCE):
        yield [one for one in locked_all(some) if one.state == SubmissionState.IN_REVIEW]
