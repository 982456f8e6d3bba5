"""REST: submissions with their votes, decisions and evidence; what people say to them; who is at work; what to
look at again.
"""

from governance.reviews.api.claims import Claims, Release
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
from governance.reviews.api.triggers import Close, Triggers, TriggerView

__all__ = [
    "Approve",
    "Audits",
    "Claims",
    "Close",
    "Comments",
    "Evidence",
    "PilotReports",
    "Reject",
    "Release",
    "Resubmit",
    "ReturnForChanges",
    "SubmissionView",
    "Submissions",
    "TriggerView",
    "Triggers",
    "Votes",
    "Withdraw",
]
