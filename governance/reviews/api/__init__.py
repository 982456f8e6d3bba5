"""REST: submissions with their votes, decisions and evidence; what people say to them; who is at work; what to
look at again.
"""

from governance.reviews.api.claims import Claims, Release
from governance.reviews.api.deciding import Approve, Reject, Resubmit, ReturnForChanges, Votes, Withdraw
from governance.reviews.api.discussion import Comments
from governance.reviews.api.evidence import Audits, Evidence, PilotReports
from governance.reviews.api.overrides import (
    ConfirmOverride,
    Overrides,
    OverrideView,
    Propose,
    RejectOverride,
    RevokeOverride,
)
from governance.reviews.api.submissions import Submissions, SubmissionView, SubmitDraft
from governance.reviews.api.triggers import Close, Triggers, TriggerView

__all__ = [
    "Approve",
    "Audits",
    "Claims",
    "Close",
    "Comments",
    "ConfirmOverride",
    "Evidence",
    "OverrideView",
    "Overrides",
    "PilotReports",
    "Propose",
    "Reject",
    "RejectOverride",
    "Release",
    "Resubmit",
    "ReturnForChanges",
    "RevokeOverride",
    "SubmissionView",
    "Submissions",
    "SubmitDraft",
    "TriggerView",
    "Triggers",
    "Votes",
    "Withdraw",
]
