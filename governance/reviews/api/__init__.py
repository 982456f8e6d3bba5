"""REST: submissions with their votes, decisions and evidence; what people say to them."""

from governance.reviews.api.discussion import Comments
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
    Votes,
    Withdraw,
)

__all__ = [
    "Approve",
    "Audits",
    "Comments",
    "Evidence",
    "PilotReports",
    "Reject",
    "Resubmit",
    "ReturnForChanges",
    "SubmissionView",
    "Submissions",
    "Votes",
    "Withdraw",
]
