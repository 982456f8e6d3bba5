"""Where a submission stands, as one status of a row in a list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from governance.gates import queries as gate
from governance.gates import ways
from governance.gates.models import Approval
from governance.gates.portfolio import closed_as
from governance.gates.queries import closing_conditions
from governance.people.models import User
from governance.policies.lapsing import OVERRIDDEN, as_of
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.queries import DECIDABLE

HOLDS = ("satisfied", "waived", OVERRIDDEN, "not_applicable")


def evaluation_now(submission: Submission) -> dict[str, Any]:
    """The evaluation of a submission as of this moment: while it is in review, what has lapsed by time is told so, and
    that it has to be judged again under other policies.
    """
    if submission.state != SubmissionState.IN_REVIEW:
        return dict(submission.evaluation)
    at = timezone.now()
    return as_of(submission.evaluation, at=at, stale=submission.is_stale(at=at))


def way_of(submission: Submission) -> list[dict[str, Any]]:
    """The way to yes of a submission, as the gate tells it."""
    told = {"use_case": submission.use_case.slug, "stage": submission.stage}
    return ways.of_review(evaluation_now(submission), state=submission.state, **told)


def way_back(submission: Submission, *, user: User) -> list[dict[str, Any]]:
    """What would open the gate again for what was approved and is open no longer, as the gate tells it.

    Nothing, where another review of the same has taken its place.
    """
    version = submission.version
    subject = gate.subject(kind=version.entry.kind, repo_id=version.entry.repo_id, revision=version.revision)
    asked = {"use_case": submission.use_case.slug, "stage": submission.stage}
    answer = gate.gate_answer(user=user, subject=subject, **asked)
    return list(answer.next_steps) if answer.submission == submission.pk else []


def stands_at(submission: Submission) -> dict[str, Any]:
    """``word`` and ``family`` of the status, and the ``label`` where it says more than the word.

    Args:
        submission: as ``queries.listed`` brings it.
    """
    if submission.state == SubmissionState.APPROVED:
        approval = submission.approval_now  # type: ignore[attr-defined]  # the list's query brings it
        return _stands_approved(approval, at=timezone.now())
    if submission.state != SubmissionState.IN_REVIEW:
        return {"word": submission.state, "family": "submission", "label": ""}
    evaluation = evaluation_now(submission)
    if submission.is_stale(at=timezone.now()):
        return {"word": "pending", "family": "gate", "label": _("Waits to be judged under new policies")}
    verdict = evaluation.get("verdict", submission.verdict)
    if verdict in DECIDABLE:
        return {"word": "pending", "family": "gate", "label": _("Ready for a decision")}
    rows = [*evaluation.get("requirements", ()), *evaluation.get("votes", ())]
    closing = [r for r in rows if r["status"] not in HOLDS and r.get("severity", "fail") == "fail"]
    label = _("%(n)s of %(all)s close the gate") % {"n": len(closing), "all": len(rows)}
    return {"word": verdict, "family": "gate", "label": label if closing else ""}


def _stands_approved(approval: Mapping[str, Any], *, at: dt.datetime) -> dict[str, Any]:
    """What was approved stays so in the history; a list says what it is worth now."""
    if approval["ended_reason"]:
        return {"word": "ended", "family": "approval", "label": _("Approved; ended since")}
    if dt.datetime.fromisoformat(approval["expires_at"]) <= at:
        return {"word": "expired", "family": "approval", "label": _("Approved; expired since")}
    if closing := closing_conditions(Approval(conditions=approval["conditions"]), at=at):
        if closed_as(closing) == "pending":
            return {"word": "pending", "family": "gate", "label": _("Waits to be judged under new policies")}
        return {"word": "deny", "family": "gate", "label": _("Approved; closed since")}
    return {"word": SubmissionState.APPROVED.value, "family": "submission", "label": ""}
