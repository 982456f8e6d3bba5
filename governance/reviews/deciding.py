"""How a round of a review ends: approved, returned, rejected, withdrawn. Each is one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from governance.gates import portfolio
from governance.gates import services as gates
from governance.ledger import services as ledger
from governance.ledger.refusals import remembered
from governance.people.models import Role, User
from governance.people.queries import standing_now
from governance.policies import holding
from governance.policies.evaluation import VoteFact
from governance.reviews import claims, evaluation, triggers
from governance.reviews.errors import NotAllowed, ReviewRefused
from governance.reviews.models import Decision, Outcome, Submission, SubmissionState
from governance.reviews.rules import (
    changed,
    locked,
    record,
    require,
    require_edition,
    require_four_eyes,
    require_open,
    require_reason,
    require_state,
    tell,
)
from licenses import catalogue


class RequirementsOpen(ReviewRefused):
    """Something that the policies require does not hold."""


class PoliciesChanged(ReviewRefused):
    """Other policies apply than those under which the approver has seen it judged."""


@remembered("submission.approve", by="approver")
def approve(
    *, submission_id: int, approver: User, edition: int | None = None, reason: str = "", at: dt.datetime
) -> Decision:
    """Approve: evaluate once more on the spot, freeze the decision, put the approval in force.

    Raises:
        NotAllowed: not an approver in the team, or somebody who submitted or made what is judged.
        RequirementsOpen: a requirement does not hold; what was found is kept on the submission.
        PoliciesChanged: it was judged under other policies than those of now, and is judged again just here.
        ReviewRefused: the submission has ended.
        Stale: the submission has changed since it was looked at.
    """
    with transaction.atomic():
        holding.hold_still()  # what is granted while policies change, they would not know of
        submission = locked(submission_id)
        require_four_eyes(approver, submission)
        require(approver, Role.APPROVER, submission.use_case, "approve for")
        require_state(submission, SubmissionState.IN_REVIEW)
        require_edition(submission, edition)
        stale = is_stale(submission, at=at)
        if stale:
            evaluation.gather(submission, by=None, at=at)
            changed(submission)
        judged = evaluation.judge(submission, at=at)
        if judged.evaluation.opens and not stale:
            return decide(submission, Outcome.APPROVED, judged, by=approver, reason=reason, at=at)
        evaluation.keep(submission, judged, at=at)
    # Outside the transaction, which would undo what it kept.
    if stale:
        raise PoliciesChanged(
            "policies_changed", "other policies apply since you saw it judged; it was judged again: look, then decide"
        )
    codes = ", ".join(judged.evaluation.reason_codes[:6])
    raise RequirementsOpen("requirements_open", f"approval is closed until every requirement holds; open now: {codes}")


@remembered("submission.return")
@transaction.atomic
def return_for_changes(
    *, submission_id: int, by: User, reason: str, edition: int | None = None, at: dt.datetime
) -> Decision:
    """Give a submission back to its submitter, with what to change."""
    return _refuse(submission_id, Outcome.CHANGES_REQUESTED, by=by, reason=reason, edition=edition, at=at)


@remembered("submission.reject")
@transaction.atomic
def reject(*, submission_id: int, by: User, reason: str, edition: int | None = None, at: dt.datetime) -> Decision:
    """End a submission with a no."""
    return _refuse(submission_id, Outcome.REJECTED, by=by, reason=reason, edition=edition, at=at)


@remembered("submission.withdraw")
@transaction.atomic
def withdraw(
    *, submission_id: int, by: User, reason: str = "", edition: int | None = None, at: dt.datetime
) -> Decision:
    """Take back one's own submission."""
    submission = locked(submission_id)
    if submission.submitted_by_id != by.pk:
        raise NotAllowed("not_the_submitter", "only who submitted it can withdraw it; an approver can reject it")
    require_open(submission)
    require_edition(submission, edition)
    if submission.state == SubmissionState.CHANGES_REQUESTED:
        submission.round += 1  # the round before has its decision already
    return decide(submission, Outcome.WITHDRAWN, evaluation.judge(submission, at=at), by=by, reason=reason, at=at)


def _refuse(
    submission_id: int, outcome: Outcome, *, by: User, reason: str, edition: int | None, at: dt.datetime
) -> Decision:
    submission = locked(submission_id)
    require_four_eyes(by, submission)
    team = submission.use_case.owner_team_id
    held = standing_now(by)
    reviews = bool(held.lanes(team_id=team)) and outcome == Outcome.CHANGES_REQUESTED
    if not (reviews or held.has(Role.APPROVER, team_id=team)):
        raise NotAllowed("not_a_decider", f"you neither review nor approve for {submission.use_case}")
    require_state(submission, SubmissionState.IN_REVIEW)
    require_edition(submission, edition)
    require_reason(reason)
    return decide(submission, outcome, evaluation.judge(submission, at=at), by=by, reason=reason, at=at)


def bring_up_to_date(submission: Submission, *, at: dt.datetime) -> Submission:
    """Evaluate and keep; where every policy lets it, an approval follows without a person."""
    bring_all_up_to_date([submission], at=at)
    return submission


def bring_all_up_to_date(submissions: Sequence[Submission], *, at: dt.datetime) -> None:
    """The same for several in review, in their order. The caller holds them; what they are judged by is read for all
    together.
    """
    if not submissions:
        return
    stale = [one for one in submissions if is_stale(one, at=at)]
    for submission in stale:
        changed(submission)  # whoever has seen it judged otherwise looks again
    evaluation.gather_all(stale, by=None, at=at)
    judging = evaluation.Judging(submissions, at=at)
    for number, submission in enumerate(submissions, start=1):
        judged = judging.judge(submission)
        evaluation.keep(submission, judged, at=at)
        if judged.evaluation.auto_decide and judged.evaluation.opens and _decide_without_a_person(submission, at=at):
            # Others may rest on what is approved now, or have ended with it.
            for one in submissions[number:]:
                one.refresh_from_db()
                if one.state == SubmissionState.IN_REVIEW:
                    bring_up_to_date(one, at=at)
            return


def _decide_without_a_person(submission: Submission, *, at: dt.datetime) -> bool:
    """Approve, if it still may be. While policies change nothing is: it is judged again once they have."""
    if not holding.try_hold_still():
        return False
    judged = evaluation.judge(submission, at=at)
    if judged.evaluation.auto_decide and judged.evaluation.opens:
        decide(submission, Outcome.APPROVED, judged, by=None, reason="", at=at)
        return True
    evaluation.keep(submission, judged, at=at)
    return False


def is_stale(submission: Submission, *, at: dt.datetime) -> bool:
    """Whether it has to be judged again first. Policies may have changed while the caller waited for it."""
    return submission.is_stale(at=max(at, timezone.now()))


def decide(
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
    if approval is not None:
        portfolio.hold_to_coming(approval_id=approval.pk, at=at)
    submission.state = SubmissionState(outcome.value)
    submission.save(update_fields=["state", "round"])
    changed(submission)
    claims.end_round(submission, at=at)
    triggers.decided(submission, by=by, at=at)
    evaluation.keep(submission, judged, at=at)
    record(submission, verb=f"submission.{outcome.value}", by=by, at=at, facts=judged.facts_sha256)
    tell(submission, topic=f"submission.{outcome.value}", to=[submission.submitted_by], at=at)
    if outcome == Outcome.APPROVED:
        _supersede(submission, by=by, at=at)
    return decision


def _supersede(approved: Submission, *, by: User | None, at: dt.datetime) -> None:
    """End what was submitted earlier of the same entry, use case and stage: what came after it was approved."""
    earlier = Submission.objects.open().filter(
        version__entry=approved.version.entry_id, use_case=approved.use_case_id, stage=approved.stage
    )
    earlier = earlier.exclude(version=approved.version_id).submitted_before(approved).select_for_update(of=("self",))
    for submission in earlier.select_related("version__entry", "version__card", "use_case", "submitted_by"):
        if submission.state == SubmissionState.CHANGES_REQUESTED:
            submission.round += 1  # the round before has its decision already
        reason = f"submission {approved.pk} of a later version was approved"
        judged = evaluation.judge(submission, at=at)
        decide(submission, Outcome.SUPERSEDED, judged, by=by, reason=reason, at=at)


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
