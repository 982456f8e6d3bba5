"""REST: submissions with their votes, decisions and evidence; what people say to them."""

from governance.reviews.api.discussion import Comments
from governance.reviews.api.overrides import (
    ConfirmOverride,
    Overrides,
    OverrideView,
    Propose,
    RejectOverride,
    RevokeOverride,
)
from governance.reviews.api.submissions import (
    Approve,
    Audits,
    Evidence,
    PilotReports,
    Reject,
    Resubmit,
    ReturnForChanges,
    Submissions,
    SubmissionView,
    SubmitDraft,
    Votes,
    Withdraw,
)

__all__ = [
    "Approve",
    "Audits",
    "Comments",
    "ConfirmOverride",
    "Evidence",
    "OverrideView",
    "Overrides",
    "PilotReports",
    "Propose",
    "Reject",
    "RejectOverride",
    "Resubmit",
    "ReturnForChanges",
    "RevokeOverride",
    "SubmissionView",
    "Submissions",
    "SubmitDraft",
    "Votes",
    "Withdraw",
]
