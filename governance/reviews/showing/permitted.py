"""What a person may do with a submission."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from governance.evidence.queries import may_ask
from governance.people.models import Role, User
from governance.people.queries import standing
from governance.reviews.models import Submission, SubmissionState
from governance.reviews.queries import DECIDABLE
from governance.reviews.rules import makers


def abilities(submission: Submission, user: User) -> dict[str, Any]:
    """What the person may do here, and where they may not, why. The services decide again when it is done.

    One query, beside the person's roles.
    """
    team, held = submission.use_case.owner_team_id, standing(user)
    own = user.pk in makers(submission)
    asked = [lane["lane"] for lane in submission.evaluation.get("votes", ())]
    lanes_held = [lane for lane in held.lanes(team_id=team) if lane in asked]
    in_review = submission.state == SubmissionState.IN_REVIEW
    approver = held.has(Role.APPROVER, team_id=team)
    submitter = held.has(Role.SUBMITTER, team_id=team)
    eyes = _("You submitted this or brought its evidence; someone else has to decide.") if own else ""
    ready = submission.verdict in DECIDABLE
    return {
        "lanes": [{"value": lane} for lane in lanes_held] if in_review else [],
        "shows_vote": bool(lanes_held) and in_review,
        "vote_closed": eyes,
        "shows_decision": in_review and (approver or (bool(held.lanes(team_id=team)) and not own)),
        "is_approver": approver,
        "may_approve": approver and ready and not own,
        "approve_closed": "" if ready else _("Approval is closed to everyone until every requirement holds."),
        "may_return": not own and (approver or bool(held.lanes(team_id=team))),
        "may_reject": not own and approver,
        "decision_closed": eyes,
        "may_withdraw": submission.is_open and user.pk == submission.submitted_by_id,
        "may_resubmit": submitter and submission.state == SubmissionState.CHANGES_REQUESTED,
        "may_attach": submitter and submission.is_open,
        "may_audit": submission.is_open and may_ask(user, use_case=submission.use_case),
    }
