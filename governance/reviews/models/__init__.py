"""Submissions, votes and decisions; what is said to them, who is at work on them, and what asks for another look."""

from governance.reviews.models.decisions import Decision, Outcome, Vote
from governance.reviews.models.discussion import CLAIM_STANDS_FOR, LONGEST_COMMENT, Claim, Comment
from governance.reviews.models.reminders import Reminder
from governance.reviews.models.submissions import (
    LONGEST_NOTE,
    OPEN_STATES,
    Submission,
    SubmissionQuerySet,
    SubmissionState,
)
from governance.reviews.models.triggers import Trigger

__all__ = [
    "CLAIM_STANDS_FOR",
    "LONGEST_COMMENT",
    "LONGEST_NOTE",
    "OPEN_STATES",
    "Claim",
    "Comment",
    "Decision",
    "Outcome",
    "Reminder",
    "Submission",
    "SubmissionQuerySet",
    "SubmissionState",
    "Trigger",
    "Vote",
]
